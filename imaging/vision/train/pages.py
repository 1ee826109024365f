"""Screens and printed pages drawn for the class net: those that collections show are few and alike."""
import random

from PIL import Image, ImageDraw, ImageFont

import compose

FACES = ["/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", "/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc",
         "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc", "/usr/share/fonts/truetype/arphic/uming.ttc"]
TYPEWRITTEN = "/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf"
HAN = "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所民得经十三之进着等部度家电力里如水化高自二理起小物现实加量都两体制机当使点从业本去把性好应开它合还因由其些然前外天政四日那社义事平形相全表间样与关各重新线内数正心反你明看原又么利比或但质气第向道命此变条只没结解问意建月公无系军很情者最立代想已通并提直题党程展五果料象员革位入常文总次品式活设及管特件长求老头基资边流路级少图山统接知较将组见计别她手角期根论运农指几九区强放决西被干做必战先回则任取据处队南给色光门即保治北造百规热领七海口东导器压志世金增争济阶油思术极交受联什认六共权收证改清己美再采转更单风切打白教速花带安场身车例真务具万每目至达走积示议声报斗完类八离华名确才科张信马节话米整空元况今集温传土许步群广石记需段研界拉林律叫且究观越织装影算低持音众书布复容儿须际商非验连断深难近矿千周委素技备半办青省列习响约支般史感劳便团往酸历市克何除消构府称太准精值号率族维划选标写存候毛亲快效斯院查江型眼王按格养易置派层片始却专状育厂京识适属圆包火住调满县局照参红细引听该铁价严"


def words(rng, n):
    if rng.random() < 0.6:
        return "".join(rng.choice(HAN) for _ in range(n))
    return " ".join("".join(rng.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(rng.randrange(2, 9))) for _ in range(max(1, n // 4)))


def face(rng, size):
    return ImageFont.truetype(rng.choice(FACES), max(6, int(size)))


def screen(rng, pictures):
    """A phone's or a computer's screen: bars, lists, bubbles, buttons, pictures between them."""
    w, h = (270, 560) if rng.random() < 0.75 else (560, 330)
    dark = rng.random() < 0.3
    back, ink = ((rng.randrange(10, 40),) * 3, (225, 225, 230)) if dark else ((rng.randrange(236, 256),) * 3, (30, 30, 36))
    accent = tuple(rng.randrange(20, 230) for _ in range(3))
    im = Image.new("RGB", (w, h), back)
    d = ImageDraw.Draw(im)
    font = face(rng, rng.uniform(9, 13))
    d.text((8, 3), f"{rng.randrange(24)}:{rng.randrange(60):02d}", font=face(rng, 9), fill=ink)
    d.rectangle((w - 26, 5, w - 8, 12), outline=ink)
    top = 18
    if rng.random() < 0.8:
        bar = rng.randrange(26, 44)
        d.rectangle((0, top, w, top + bar), fill=accent if rng.random() < 0.5 else back)
        d.text((w // 2, top + bar // 2), words(rng, rng.randrange(2, 7)), font=face(rng, 14), fill=ink, anchor="mm")
        top += bar
    kind = rng.choice(["list", "chat", "cards", "form", "article"])
    y = top + 6
    while y < h - 40:
        if kind == "list":
            d.ellipse((8, y + 4, 32, y + 28), fill=tuple(rng.randrange(60, 230) for _ in range(3)))
            d.text((42, y + 4), words(rng, rng.randrange(3, 9)), font=font, fill=ink)
            d.text((42, y + 19), words(rng, rng.randrange(6, 16)), font=face(rng, 9), fill=(140, 140, 145))
            d.line((42, y + 36, w, y + 36), fill=(128, 128, 132))
            y += 38
        elif kind == "chat":
            bw, bh, own = rng.randrange(60, w - 90), rng.randrange(22, 50), rng.random() < 0.5
            x = w - bw - 38 if own else 38
            d.rounded_rectangle((x, y, x + bw, y + bh), 6, fill=(150, 230, 110) if own else (250, 250, 250) if not dark else (60, 60, 64))
            d.text((x + 6, y + 5), words(rng, max(2, bw // 14)), font=font, fill=(20, 20, 20) if own or not dark else ink)
            d.rounded_rectangle((w - 32, y, w - 8, y + 24) if own else (8, y, 32, y + 24), 4, fill=accent)
            y += bh + 12
        elif kind == "cards" and pictures:
            ph = rng.randrange(60, 120)
            for x0, x1 in ((8, w // 2 - 4), (w // 2 + 4, w - 8)):
                im.paste(rng.choice(pictures).resize((x1 - x0, ph)), (x0, y))
                d.text((x0 + 2, y + ph + 3), words(rng, rng.randrange(4, 9)), font=font, fill=ink)
            y += ph + 26
        elif kind == "form":
            d.text((12, y), words(rng, rng.randrange(2, 5)), font=font, fill=ink)
            d.rounded_rectangle((12, y + 17, w - 12, y + 39), 4, outline=(150, 150, 155))
            y += 50
        else:
            if pictures and rng.random() < 0.15:
                ph = rng.randrange(50, 120)
                im.paste(rng.choice(pictures).resize((w - 24, ph)), (12, y))
                y += ph + 8
            d.text((12, y), words(rng, w // 13), font=font, fill=ink)
            y += 17
    if rng.random() < 0.6:
        d.rectangle((0, h - 36, w, h), fill=back, outline=(150, 150, 150))
        n = rng.randrange(3, 6)
        for i in range(n):
            x = int((i + 0.5) * w / n)
            d.rounded_rectangle((x - 7, h - 32, x + 7, h - 18), 3, fill=accent if i == 0 else (150, 150, 150))
            d.text((x, h - 9), words(rng, 2), font=face(rng, 8), fill=ink, anchor="mm")
    return im


def window(rng, pictures):
    """A computer's window or console: a title bar, a side bar, rows of text or code, a picture at times."""
    w, h = rng.choice([(560, 330), (480, 360), (420, 420), (560, 280)])
    dark = rng.random() < 0.5
    back, ink = ((rng.randrange(8, 46), rng.randrange(8, 46), rng.randrange(14, 56)), (215, 220, 225)) if dark else ((rng.randrange(235, 256),) * 3, (35, 35, 40))
    accent = tuple(rng.randrange(30, 240) for _ in range(3))
    im = Image.new("RGB", (w, h), back)
    d = ImageDraw.Draw(im)
    bar = rng.choice([0, 18, 26])
    d.rectangle((0, 0, w, bar), fill=accent if rng.random() < 0.3 else tuple(int(v * 0.85) for v in back))
    for k in range(3 if bar else 0):
        d.ellipse((8 + 14 * k, bar // 2 - 4, 16 + 14 * k, bar // 2 + 4), fill=accent)
    left = rng.choice([0, 0, 90, 130])
    if left:
        d.rectangle((0, bar, left - 6, h), fill=tuple(int(v * rng.uniform(0.8, 0.95)) for v in back) if not dark else tuple(v + 14 for v in back))
        for y in range(bar + 10, h - 14, 20):
            d.text((8, y), words(rng, rng.randrange(2, 6)), font=face(rng, 10), fill=ink)
    size, y = rng.uniform(8, 12), bar + 10
    code = rng.random() < 0.5
    font = ImageFont.truetype(TYPEWRITTEN, int(size)) if code else face(rng, size)
    while y < h - size:
        kind = rng.random()
        if kind < 0.06 and pictures:
            im.paste(rng.choice(pictures).resize((90, 60)), (left + 12, int(y)))
            y += 66
        elif kind < 0.16:
            d.rounded_rectangle((left + 12, y, left + 12 + rng.randrange(50, 120), y + size * 1.8), 4, fill=accent if rng.random() < 0.5 else None, outline=accent)
            y += size * 2.4
        else:
            x = left + 12 + (rng.randrange(5) * 14 if code else 0)
            for _ in range(rng.randrange(1, 5)):
                fill = ink if not code or rng.random() < 0.5 else tuple(rng.randrange(90, 240) if dark else rng.randrange(0, 160) for _ in range(3))
                s = words(rng, rng.randrange(2, 12))
                d.text((x, y), s, font=font, fill=fill)
                x += font.getlength(s) + size
                if x > w - 30:
                    break
            y += size * 1.5
    return im


def bill(rng):
    """An invoice, a pay slip or a till's receipt: coloured heads, columns of amounts, a bar code."""
    if rng.random() < 0.45:
        w, h = rng.randrange(170, 250), rng.randrange(380, 640)
        im = Image.new("RGB", (w, h), (rng.randrange(215, 256),) * 3)
        d, size = ImageDraw.Draw(im), rng.uniform(9, 12)
        font = ImageFont.truetype(TYPEWRITTEN, int(size)) if rng.random() < 0.6 else face(rng, size)
        ink, y = (rng.randrange(20, 110),) * 3, rng.uniform(6, 30)
        d.text((w // 2, y), words(rng, 5), font=face(rng, size * 1.9), fill=ink, anchor="mt")
        y += size * 3
        while y < h - 20:
            kind = rng.random()
            if kind < 0.08:
                d.text((w // 2, y), "-" * 30, font=font, fill=ink, anchor="mt")
            elif kind < 0.12 and y < h - 70:
                for x in range(20, w - 20, 3):
                    d.rectangle((x, y, x + rng.randrange(2), y + 34), fill=ink)
                y += 34
            else:
                d.text((8, y), words(rng, rng.randrange(2, 7)), font=font, fill=ink)
                d.text((w - 8, y), f"{rng.uniform(0, 99):.2f}", font=font, fill=ink, anchor="ra")
            y += size * 1.35
        return im
    w, h = rng.choice([(400, 560), (560, 400), (500, 280)])
    im = Image.new("RGB", (w, h), (255,) * 3)
    d, size = ImageDraw.Draw(im), rng.uniform(7, 11)
    accent, ink, m = tuple(rng.randrange(20, 230) for _ in range(3)), (rng.randrange(0, 60),) * 3, rng.randrange(14, 46)
    d.text((rng.choice([m, w // 2]), m), words(rng, rng.randrange(3, 9)), font=face(rng, size * rng.uniform(1.5, 2.4)), fill=accent if rng.random() < 0.4 else ink)
    y = m + size * 3.4
    for _ in range(rng.randrange(2, 6)):
        d.text((m, y), words(rng, rng.randrange(4, 12)), font=face(rng, size), fill=ink)
        d.text((w * 0.58, y), words(rng, rng.randrange(3, 9)), font=face(rng, size), fill=ink)
        y += size * 1.6
    while y < h - m - size * 4:
        n, lines = rng.randrange(3, 7), rng.randrange(2, 9)
        d.rectangle((m, y, w - m, y + size * 1.8), fill=accent if rng.random() < 0.6 else None, outline=ink)
        for k in range(lines + 1):
            for i in range(n):
                d.text((m + 4 + i * (w - 2 * m) / n, y + 3), words(rng, rng.randrange(1, 4)) if i < n - 1 else f"{rng.uniform(0, 999):.2f}", font=face(rng, size), fill=ink)
            y += size * 1.8
            if rng.random() < 0.7:
                d.line((m, y, w - m, y), fill=(170, 170, 170))
            if y > h - m - size * 2:
                break
        y += size * 2
    return im


def leaf(rng, pictures):
    """A book's page as a hand holds it open: yellowed, shaded towards the fold, on a ground."""
    w, h = 330, 440
    tone = rng.randrange(205, 250)
    im = Image.new("RGB", (w, h), (tone, int(tone * 0.96), int(tone * rng.uniform(0.78, 0.95))))
    d, size, y = ImageDraw.Draw(im), rng.uniform(9, 13), rng.randrange(24, 60)
    while y < h - 36:
        d.text((30, y), words(rng, int((w - 60) / size)), font=face(rng, size), fill=(40, 36, 32))
        y += size * (1.5 if rng.random() < 0.9 else 2.6)
    shade = Image.linear_gradient("L").rotate(rng.choice([90, 270])).resize((w, h)).point(lambda v: min(255, 110 + v))
    im = Image.composite(im, Image.new("RGB", (w, h), (30, 25, 20)), shade)
    if pictures and rng.random() < 0.7:
        under = rng.choice(pictures).resize((w + 80, h + 60))
        turned = im.convert("RGBA").rotate(rng.uniform(-8, 8), Image.BILINEAR, expand=True).resize((w + rng.randrange(40), h + rng.randrange(30)))
        under.paste(turned, (rng.randrange(40), rng.randrange(30)), turned)
        im = under
    return im


def page(rng, pictures):
    """A printed page, form, table or receipt, as scanned or lying on something."""
    kind = rng.random()
    if kind < 0.12:
        return leaf(rng, pictures)
    if kind < 0.45:
        return on_ground(bill(rng), rng, pictures)
    narrow = rng.random() < 0.25
    w, h = (240, rng.randrange(380, 620)) if narrow else rng.choice([(400, 560), (560, 400)])
    paper = rng.randrange(225, 256)
    im = Image.new("RGB", (w, h), (paper, paper, paper - rng.randrange(0, 14)))
    d = ImageDraw.Draw(im)
    ink, kind = (rng.randrange(0, 70),) * 3, rng.choice(["text", "table", "form", "text"])
    size = rng.uniform(8, 13)
    margin = rng.randrange(10, 50)
    d.text((w // 2, margin), words(rng, rng.randrange(4, 10)), font=face(rng, size * 1.6), fill=ink, anchor="mt")
    y = margin + size * 3
    while y < h - margin:
        if kind == "table":
            n = rng.randrange(3, 6)
            d.line((margin, y - 2, w - margin, y - 2), fill=ink)
            for i in range(n):
                d.text((margin + 3 + i * (w - 2 * margin) / n, y), words(rng, rng.randrange(1, 4)), font=face(rng, size), fill=ink)
        elif kind == "form":
            d.text((margin, y), words(rng, rng.randrange(2, 5)) + ":", font=face(rng, size), fill=ink)
            d.line((margin + size * 6, y + size * 1.2, w - margin, y + size * 1.2), fill=ink)
            y += size * 0.6
        else:
            end = rng.randrange(margin + 40, w - margin) if rng.random() < 0.15 else w - margin
            d.text((margin, y), words(rng, max(1, int((end - margin) / size * 0.95))), font=face(rng, size), fill=ink)
        y += size * rng.uniform(1.5, 1.8)
    if rng.random() < 0.25:
        r = rng.randrange(20, 40)
        x, y = rng.randrange(r, w - r), rng.randrange(h // 2, h - r)
        d.ellipse((x - r, y - r, x + r, y + r), outline=(210, 50, 50), width=3)
    return on_ground(im, rng, pictures)


def on_ground(im, rng, pictures):
    """Half of the pages lie on something."""
    if rng.random() < 0.5 and pictures:
        under = rng.choice(pictures).resize((im.width + 120, im.height + 120))
        turned = im.convert("RGBA").rotate(rng.uniform(-12, 12), Image.BILINEAR, expand=True)
        under.paste(turned, ((under.width - turned.width) // 2, (under.height - turned.height) // 2), turned)
        return under
    return im


def draw(count, seed, pictures):
    """So many screens and so many pages, with their labels."""
    rng = random.Random(seed)
    out = []
    for _ in range(count):
        out.append((window(rng, pictures) if rng.random() < 0.35 else screen(rng, pictures), "screenshot"))
        out.append((page(rng, pictures), "text_page"))
    return [(compose.small(im, 320), label) for im, label in out]
