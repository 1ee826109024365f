"""Documents that are near an identity card, drawn for the class net: bank, member, student, library and
transport cards, licences, badges, foreign identity cards, passports, tickets and business cards.

Each is laid out by chance from parts; none is a layout of package specimen, which judges.
"""
import colorsys
import math
import random

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

import compose
import pages

W, H = 428, 270  # of a card, five pixels a millimetre
LATIN = ["/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf", "/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf",
         "/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf", "/usr/share/fonts/truetype/dejavu/DejaVuSerif.ttf",
         "/usr/share/fonts/truetype/noto/NotoMono-Regular.ttf"]
PLACES = "红谷南湾岭东溪桥江城海州石林松原北河台山"
TITLES = {
    "bank": ["银行", "农商银行", "BANK", "Savings Bank", "Credit Union", "PLATINUM", "Debit", "信用卡", "借记卡"],
    "member": ["会员", "积分卡", "礼品卡", "Rewards", "Gift Card", "Club", "MEMBER", "贵宾", "充值卡"],
    "student": ["大学", "中学", "学院", "University", "College", "学生证", "Student ID", "校园卡"],
    "library": ["图书馆", "读者证", "借书证", "Public Library", "Reader", "少年儿童图书馆"],
    "transport": ["公交卡", "交通卡", "一卡通", "地铁", "Metro", "Travel Pass", "TRANSIT", "市民卡"],
    "licence": ["执业证", "资格证", "行驶证", "Driver Licence", "Permit", "操作证", "Driving Licence", "健康证"],
    "badge": ["工作证", "出入证", "VISITOR", "STAFF", "Press", "参会证", "Employee", "志愿者"],
    "health": ["社会保障卡", "医保卡", "就诊卡", "Health Insurance", "Medical Card", "诊疗卡"],
    "identity": ["IDENTITY CARD", "CARTE D'IDENTITÉ", "Residence Permit", "PERSONALAUSWEIS", "身分證", "CÉDULA"],
    "passport": ["PASSPORT", "PASSEPORT", "REISEPASS", "護照", "Travel Document", "РЕСПУБЛИКА"],
    "business": ["有限公司", "Ltd.", "事务所", "Consulting", "工作室", "Engineering"],
    "ticket": ["门票", "BOARDING PASS", "登机牌", "入场券", "Ticket", "火车票", "优惠券"],
    "rear": ["", "www.", "客服电话", "Customer Service"],
}
# The chance of each part by kind: chip, portrait, rows of label and value, long number, code, sign, pale ground.
PARTS = {
    "bank": (0.85, 0.0, 0.0, 0.85, 0.05, 0.8, 0.12), "member": (0.08, 0.0, 0.1, 0.6, 0.6, 0.6, 0.2),
    "student": (0.25, 0.9, 0.95, 0.3, 0.4, 0.7, 0.6), "library": (0.1, 0.45, 0.6, 0.5, 0.7, 0.6, 0.4),
    "transport": (0.15, 0.0, 0.05, 0.6, 0.2, 0.8, 0.15), "licence": (0.1, 0.8, 1.0, 0.4, 0.3, 0.5, 0.9),
    "badge": (0.1, 0.85, 0.8, 0.2, 0.5, 0.7, 0.6), "health": (0.7, 0.5, 0.8, 0.6, 0.2, 0.6, 0.6),
    "identity": (0.3, 1.0, 1.0, 0.6, 0.1, 0.5, 0.9),
    "passport": (0.0, 1.0, 1.0, 0.3, 0.0, 0.2, 0.95), "business": (0.0, 0.05, 1.0, 0.0, 0.3, 0.8, 0.7),
    "ticket": (0.0, 0.0, 1.0, 0.4, 0.9, 0.5, 0.8), "rear": (0.05, 0.0, 0.2, 0.3, 0.3, 0.3, 0.4),
}


def colour(rng, pale=False):
    h, s, v = rng.random(), rng.uniform(0.02, 0.25) if pale else rng.choice([rng.uniform(0, 0.2), rng.uniform(0.3, 1)]), rng.random()
    v = 0.82 + 0.18 * v if pale else 0.08 + 0.9 * v
    return tuple(int(255 * c) for c in colorsys.hsv_to_rgb(h, s, v))


def light(c):
    return 0.3 * c[0] + 0.59 * c[1] + 0.11 * c[2] > 140


def text(d, rng, x, y, s, size, ink, spread=0.0):
    font = ImageFont.truetype(rng.choice(LATIN if s.isascii() else pages.FACES), max(7, int(size)))
    for ch in s:
        d.text((x, y), ch, font=font, fill=ink)
        x += font.getlength(ch) + spread * size
    return x


def plastic(rng, w, h, pale, pictures):
    """The card's ground: a blend, a picture, or paper with fine lines; shapes over it."""
    a, b = np.array(colour(rng, pale), float), np.array(colour(rng, pale), float)
    if rng.random() < 0.6:
        b = a + (b - a) * rng.uniform(0, 0.5)
    u, v = np.meshgrid(np.linspace(0, 1, w), np.linspace(0, 1, h))
    turn = rng.uniform(0, math.pi)
    t = (u * math.cos(turn) + v * math.sin(turn)) % 1.0 if rng.random() < 0.1 else (u * abs(math.cos(turn)) + v * abs(math.sin(turn))) / 1.42
    im = Image.fromarray((a + (b - a) * t[..., None]).clip(0, 255).astype(np.uint8))
    if rng.random() < (0.06 if pale else 0.22) and pictures:
        over = rng.choice(pictures).resize((w, h)).filter(ImageFilter.GaussianBlur(rng.uniform(0, 2)))
        im = Image.blend(im, over, rng.uniform(0.2, 0.9) if not pale else rng.uniform(0.05, 0.2))
    d = ImageDraw.Draw(im, "RGBA")
    for _ in range(rng.choice([0, 1, 2, 3, 6])):
        c = colour(rng, pale) + (rng.randrange(20, 90 if pale else 220),)
        x, y, r = rng.uniform(0, w), rng.uniform(0, h), rng.uniform(10, h)
        kind = rng.randrange(5)
        if kind == 0:
            d.ellipse((x - r, y - r, x + r, y + r), fill=c)
        elif kind == 1:
            d.ellipse((x - r, y - r, x + r, y + r), outline=c, width=rng.randrange(1, 14))
        elif kind == 2:
            d.polygon([(rng.uniform(-w / 2, 1.5 * w), rng.uniform(-h / 2, 1.5 * h)) for _ in range(rng.choice([3, 4]))], fill=c)
        elif kind == 3:
            d.rectangle((0, y, w, y + rng.uniform(4, h / 3)), fill=c)
        else:
            k, f, p = rng.uniform(5, 40), rng.uniform(0.008, 0.03), rng.uniform(0, 6)
            d.polygon([(0, h)] + [(i, y + k * math.sin(f * i + p)) for i in range(0, w + 8, 8)] + [(w, h)], fill=c)
    if pale and rng.random() < 0.7:
        for k in range(rng.randrange(6, 30)):
            f, p, m, y0 = rng.uniform(0.01, 0.08), rng.uniform(0, 6), rng.uniform(2, 30), rng.uniform(-20, h + 20)
            d.line([(x, y0 + m * math.sin(f * x + p)) for x in range(0, w + 6, 6)], fill=colour(rng) + (50,))
    return im


def chip(d, rng, x, y):
    w, h = rng.randrange(46, 66), rng.randrange(36, 50)
    metal = rng.choice([(214, 184, 110), (200, 200, 205), (230, 205, 150), (170, 140, 70)])
    d.rounded_rectangle((x, y, x + w, y + h), rng.randrange(2, 12), fill=metal)
    dark = tuple(int(v * 0.6) for v in metal)
    for k in range(1, rng.randrange(2, 5)):
        d.line((x, y + h * k / 4, x + w, y + h * k / 4), fill=dark)
    for k in rng.sample([0.3, 0.5, 0.7], rng.randrange(1, 3)):
        d.line((x + w * k, y, x + w * k, y + h), fill=dark)


def sign(d, rng, x, y, r):
    """A house's sign: two or three plain shapes."""
    for _ in range(rng.randrange(1, 4)):
        c, dx, dy, k = colour(rng), rng.uniform(-0.5, 0.5) * r, rng.uniform(-0.3, 0.3) * r, rng.uniform(0.4, 1) * r
        box = (x + dx - k, y + dy - k, x + dx + k, y + dy + k)
        kind = rng.randrange(5)
        if kind == 0:
            d.ellipse(box, fill=c)
        elif kind == 1:
            d.rounded_rectangle(box, k / 4, fill=c)
        elif kind == 2:
            d.regular_polygon((x + dx, y + dy, k), rng.randrange(3, 7), rotation=rng.randrange(90), fill=c)
        elif kind == 3:
            d.arc(box, rng.randrange(360), rng.randrange(360) + 90, fill=c, width=max(2, int(k / 4)))
        else:
            d.pieslice(box, rng.randrange(360), rng.randrange(360) + 60, fill=c)


def code(im, d, rng, x, y):
    if rng.random() < 0.5:
        n, s = rng.choice([21, 25, 29]), rng.uniform(2, 3.4)
        side = int(n * s)
        cells = Image.fromarray(np.array([[255 * (rng.random() < 0.5) for _ in range(n)] for _ in range(n)], np.uint8))
        e = ImageDraw.Draw(cells)
        for cx, cy in ((0, 0), (n - 7, 0), (0, n - 7)):
            e.rectangle((cx, cy, cx + 6, cy + 6), fill=0)
            e.rectangle((cx + 1, cy + 1, cx + 5, cy + 5), fill=255)
            e.rectangle((cx + 2, cy + 2, cx + 4, cy + 4), fill=0)
        d.rectangle((x - 4, y - 4, x + side + 4, y + side + 4), fill="white")
        im.paste(cells.resize((side, side)).convert("RGB"), (int(x), int(y)))
        return
    w, h = rng.uniform(90, 240), rng.uniform(24, 60)
    d.rectangle((x - 5, y - 4, x + w + 5, y + h + 4), fill="white")
    at = x
    while at < x + w - 4:
        bar = rng.choice([1, 1, 2, 3, 4])
        d.rectangle((at, y, at + bar - 1, y + h), fill=(15, 15, 15))
        at += bar + rng.choice([1, 2, 2, 3])


def number(rng):
    kind = rng.randrange(5)
    digits = "".join(rng.choice("0123456789") for _ in range(20))
    if kind == 0:
        return " ".join((digits[:4], digits[4:8], digits[8:12], digits[12:16]))
    if kind == 1:
        return "No. " + digits[:rng.randrange(6, 13)]
    if kind == 2:
        return digits[:rng.randrange(8, 19)]
    if kind == 3:
        return rng.choice("ABCDEFKMXYZ") + digits[:rng.randrange(7, 11)]
    return "-".join((digits[:3], digits[3:7], digits[7:11]))


def rows(d, rng, x, y, right, bottom, ink):
    size = rng.uniform(9, 17)
    step = size * rng.uniform(1.35, 2.1)
    gap = rng.choice([0, size * rng.uniform(2, 6)])
    faint = tuple((v + (0 if light(ink) else 255)) // 2 for v in ink) if rng.random() < 0.4 else ink
    while y < bottom - size:
        end = text(d, rng, x, y, pages.words(rng, rng.randrange(2, 5)) + rng.choice(["", ":", "："]), size * rng.uniform(0.7, 1), faint)
        at = max(end + 4, x + gap) if rng.random() < 0.85 else x
        n = max(2, min(14, int((right - at) / size * 0.9)))
        value = pages.words(rng, rng.randrange(2, n + 1)) if rng.random() < 0.6 else number(rng)[:n]
        text(d, rng, at, y if at > x else y + size, value, size, ink)
        y += step if at > x else step + size


def face(im, d, rng, box, faces):
    picture = compose.head(rng.choice(faces), "face", rng).resize((int(box[2] - box[0]), int(box[3] - box[1])))
    if rng.random() < 0.15:
        picture = picture.convert("L").convert("RGB")
    im.paste(picture, (int(box[0]), int(box[1])))
    if rng.random() < 0.3:
        d.rectangle(box, outline=colour(rng), width=rng.randrange(1, 4))


def card(rng, kind, faces, pictures):
    """One card, upright or lying."""
    has = [rng.random() < p for p in PARTS[kind]]
    upright = rng.random() < {"badge": 0.75, "student": 0.15, "ticket": 0.2, "transport": 0.1}.get(kind, 0.04)
    w, h = (H, W) if upright else (W, H)
    if kind == "ticket":
        w, h = (int(w * 1.25), int(h * 0.8)) if not upright else (int(w * 0.8), int(h * 1.25))
    if kind == "passport":
        w, h, upright = 500, 352, False
    im = plastic(rng, w, h, has[6], pictures)
    d = ImageDraw.Draw(im)
    mean = tuple(int(v) for v in np.asarray(im).mean((0, 1)))
    ink = (rng.randrange(0, 70),) * 3 if light(mean) else (rng.randrange(225, 256),) * 3
    if rng.random() < 0.25:
        ink = rng.choice([(212, 175, 90), (180, 30, 40), (30, 60, 140)]) if light(mean) != light((212, 175, 90)) else ink
    top, margin = rng.uniform(8, 30), rng.uniform(10, 36)
    if rng.random() < 0.3:  # a band for the title
        c = colour(rng)
        d.rectangle((0, 0, w, top + 34) if rng.random() < 0.8 else (0, h - 40, w, h), fill=c)
    top = heading(d, rng, kind, (w, h), margin, top, ink)
    contents(im, d, rng, kind, has, upright, ink, (margin, top), faces)
    return booklet(im, rng) if kind == "passport" and rng.random() < 0.6 else im


def heading(d, rng, kind, size, margin, top, ink):
    """The title, or the stripe of a card's rear; returns where it ends."""
    w, h = size
    if kind == "rear" and rng.random() < 0.7:
        y = rng.uniform(10, 60)
        d.rectangle((0, y, w, y + rng.uniform(38, 60)), fill=(rng.randrange(10, 60),) * 3)
        d.rectangle((margin, y + 75, margin + w * rng.uniform(0.4, 0.75), y + 105), fill=(235, 235, 225))
        return y + 112
    name = "".join(rng.sample(PLACES, 2)) if rng.random() < 0.6 else rng.choice(["Alder", "Northgate", "Meridian", "Harbor", "Linden"])
    title = rng.choice(TITLES[kind])
    title = name + title if not title.isascii() else (name + " " + title if rng.random() < 0.6 and name.isascii() else title)
    size = rng.uniform(14, 32)
    x = margin if rng.random() < 0.6 else max(margin, w - margin - size * len(title) * (0.6 if title.isascii() else 1))
    text(d, rng, x, top, title, size, ink, rng.choice([0, 0, 0.1, 0.3]))
    top += size * 1.3
    if rng.random() < 0.4:
        text(d, rng, margin, top, pages.words(rng, rng.randrange(3, 12)), rng.uniform(8, 13), ink)
        top += 16
    return top


def contents(im, d, rng, kind, has, upright, ink, at, faces):
    """All that stands below the title."""
    (w, h), (margin, top) = im.size, at
    left, right, bottom = margin, w - margin, h - rng.uniform(8, 30)
    if has[5]:
        r = rng.uniform(10, 34)
        sign(d, rng, rng.choice([left + r, right - r, w / 2]), rng.choice([r + 8, bottom - r, bottom - r]), r)
    if has[1] and faces:
        fw = w * (rng.uniform(0.2, 0.34) if not upright else rng.uniform(0.35, 0.6))
        fh = fw * rng.uniform(1.15, 1.45)
        side = rng.random()
        x = left if side < 0.5 else right - fw if not upright else (w - fw) / 2
        y = min(rng.uniform(top, top + 25), h - fh - 4)
        face(im, d, rng, (x, y, x + fw, y + fh), faces)
        if upright:
            top = y + fh + 8
        elif side < 0.5:
            left = x + fw + 12
        else:
            right = x - 8
    if has[0]:
        chip(d, rng, rng.choice([left, left, right - 60, w * rng.uniform(0.1, 0.7)]), rng.uniform(top, max(top + 1, h * 0.55)))
    if has[3]:
        text(d, rng, rng.uniform(left, left + 60), rng.uniform(h * 0.5, h - 50), number(rng), rng.uniform(13, 27), ink, rng.choice([0, 0, 0.08]))
    if has[2]:
        rows(d, rng, left, top + rng.uniform(0, 20), right, bottom - rng.choice([0, 0, 50]), ink)
    if has[4]:
        code(im, d, rng, rng.uniform(left, max(left + 1, right - 110)), rng.uniform(h * 0.5, h * 0.72))
    endings(d, rng, kind, (w, h), left, ink)


def endings(d, rng, kind, size, left, ink):
    """What only some kinds have: a stamp, the lines for machines, a term and a holder."""
    w, h = size
    if kind in ("licence", "student", "ticket") and rng.random() < 0.35:
        r, x, y = rng.uniform(18, 40), rng.uniform(w * 0.2, w * 0.8), rng.uniform(h * 0.5, h * 0.85)
        d.ellipse((x - r, y - r, x + r, y + r), outline=(205, 45, 45), width=3)
    if kind == "passport" or kind == "identity" and rng.random() < 0.5:
        d.rectangle((0, h - 62, w, h), fill=colour(rng, True) if rng.random() < 0.4 else None)
        for k in range(rng.choice([2, 3])):
            y = h - rng.uniform(19, 23) * (k + 1)
            line = "".join(rng.choice("ABCDEFGHKLMN0123456789<<<<<<") for _ in range(44 if kind == "passport" else 30))
            d.text((rng.uniform(6, 12), y), line, font=ImageFont.truetype(pages.TYPEWRITTEN, int(w / len(line) / 0.62)), fill=(30, 30, 30))
    if kind == "bank" and rng.random() < 0.7:
        text(d, rng, left + rng.uniform(0, 120), h - rng.uniform(24, 60), rng.choice(["EXP ", "", "THRU "]) + f"{rng.randrange(1, 13):02d}/{rng.randrange(25, 35)}", rng.uniform(9, 15), ink)
        if rng.random() < 0.7:
            text(d, rng, left, h - rng.uniform(16, 30), rng.choice(["LIN MEI", "A SAMPLE", "ZHOU YAN", "J DOE"]), rng.uniform(10, 16), ink)


def booklet(im, rng):
    """The page with its neighbour above it, or some of that."""
    part = int(im.height * rng.uniform(0.15, 1))
    out = Image.new("RGB", (im.width, im.height + part))
    out.paste(plastic(rng, im.width, im.height, True, []).crop((0, 0, im.width, part)), (0, 0))
    out.paste(im, (0, part))
    d = ImageDraw.Draw(out)
    for k in range(rng.choice([0, 3, 6])):
        text(d, rng, 20, 12 + k * 20, pages.words(rng, rng.randrange(8, 20)), 12, (60, 60, 80))
    return out


def laid(im, rng, ground):
    """The card on a ground in some perspective, or all of the frame as scanners and screenshots give it."""
    w, h = im.size
    m = Image.new("L", (w, h), 0)
    ImageDraw.Draw(m).rounded_rectangle((0, 0, w - 1, h - 1), rng.choice([0, 12, 16, 16, 16]), fill=255)
    if rng.random() < 0.2:
        out = Image.new("RGB", (w + 2 * rng.randrange(0, 12), h + 2 * rng.randrange(0, 12)), rng.choice(["white", (225, 225, 225), (20, 20, 20)]))
        out.paste(im, ((out.width - w) // 2, (out.height - h) // 2), m)
        return out
    W2, H2 = rng.choice([(280, 210), (210, 280), (280, 210), (280, 158), (250, 250)])
    out = ground.convert("RGB").resize((W2, H2))
    fill = rng.uniform(0.45, 0.97)
    k = fill * min(W2 / w, H2 / h)
    turn = math.radians(rng.gauss(0, 9) if rng.random() < 0.8 else rng.uniform(-180, 180))
    cx, cy = W2 / 2 + rng.uniform(-1, 1) * (W2 - k * w) / 2.5 * (fill < 0.9), H2 / 2 + rng.uniform(-1, 1) * max(0, H2 - k * h) / 2.5
    at = []
    for sx, sy in ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)):
        x, y = sx * w * k, sy * h * k
        at.append((cx + x * math.cos(turn) - y * math.sin(turn) + rng.gauss(0, 0.02) * w * k, cy + x * math.sin(turn) + y * math.cos(turn) + rng.gauss(0, 0.02) * w * k))
    rows_, rhs = [], []
    for (u, v), (x, y) in zip(((0, 0), (w, 0), (w, h), (0, h)), at):
        rows_ += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        rhs += [u, v]
    c = np.linalg.solve(np.array(rows_), np.array(rhs, float))
    m = m.transform((W2, H2), Image.PERSPECTIVE, c, Image.BILINEAR)
    shade = m.filter(ImageFilter.GaussianBlur(rng.uniform(1, 6))).point(lambda v, k=rng.uniform(0.1, 0.6): int(v * k))
    out.paste((15, 15, 15), (rng.randrange(-3, 5), rng.randrange(0, 6)), shade)
    out.paste(im.transform((W2, H2), Image.PERSPECTIVE, c, Image.BILINEAR), (0, 0), m)
    return compose.glare(out, rng) if rng.random() < 0.3 else out


def surface(rng):
    """A plain table top: a colour with grain, or the folds of a cloth."""
    w, h = 200, 150
    base = np.array(colour(rng), float)
    a = np.random.default_rng(rng.randrange(1 << 30))
    grain = np.zeros((h, w))
    for k in (2, 8, 40):
        field = Image.fromarray(a.normal(0, 1, (max(2, h // k), max(2, w // (k * rng.choice([1, 1, 4])) or 2))).astype(np.float32))
        grain += np.asarray(field.resize((w, h), Image.BICUBIC)) * rng.uniform(0, 0.1)
    return Image.fromarray((base * (1 + grain[..., None])).clip(0, 255).astype(np.uint8))


def draw(count, seed, faces, pictures):
    """So many cards with their kinds; `laid` puts them on something."""
    rng = random.Random(seed)
    kinds = list(PARTS)
    return [(compose.small(card(rng, kinds[i % len(kinds)], faces, pictures), 320), kinds[i % len(kinds)]) for i in range(count)]
