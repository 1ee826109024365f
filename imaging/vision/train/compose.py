"""Pictures as the nets shall see them: degraded as phones and chat programs do it."""
import io

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

Image.MAX_IMAGE_PIXELS = 50_000_000
NOISE = np.random.default_rng(1).normal(0, 1, (256, 256, 3)).astype(np.float32)
GROUNDS = {}


def load(path, side):
    """The picture in RGB on white, its longer side at most `side`."""
    im = Image.open(path)
    if im.mode in ("RGBA", "LA", "P"):
        im = im.convert("RGBA")
        ground = Image.new("RGBA", im.size, "white")
        ground.alpha_composite(im)
        im = ground
    return small(im.convert("RGB"), side)


def small(im, side):
    im.thumbnail((side, side), Image.BOX)
    return im


def degrade(im, rng, strong):
    """Light, colour, blur, sensor noise and JPEG; the same for every class, so that none of them tells it."""
    if rng.random() < 0.8:
        im = ImageEnhance.Brightness(im).enhance(rng.uniform(0.7, 1.25))
        im = ImageEnhance.Contrast(im).enhance(rng.uniform(0.7, 1.2))
        im = ImageEnhance.Color(im).enhance(rng.choice([0.0, 0.6, 1, 1, 1.3]) * rng.uniform(0.8, 1.2))
    if rng.random() < 0.35:
        im = im.filter(ImageFilter.GaussianBlur(rng.uniform(0.2, 0.9 if strong else 0.8)))
    a = np.asarray(im).astype(np.float32)
    if rng.random() < 0.5:
        gains = np.array([rng.uniform(0.88, 1.12) for _ in range(3)], np.float32)
        a = a * gains
    if rng.random() < 0.4:
        h, w = a.shape[:2]
        y, x = rng.randrange(256 - h), rng.randrange(256 - w)
        a = a + NOISE[y:y + h, x:x + w] * rng.uniform(1, 7 if strong else 5)
    if rng.random() < 0.3:
        h, w = a.shape[:2]
        gx, gy = rng.uniform(-0.3, 0.3), rng.uniform(-0.3, 0.3)
        ramp = 1 + gx * np.linspace(-1, 1, w)[None, :] + gy * np.linspace(-1, 1, h)[:, None]
        a = a * ramp[..., None].astype(np.float32)
    im = Image.fromarray(a.clip(0, 255).astype(np.uint8))
    if rng.random() < 0.5:
        buf = io.BytesIO()
        im.save(buf, "JPEG", quality=rng.randrange(35, 95))
        im = Image.open(io.BytesIO(buf.getvalue())).convert("RGB")
    return im


def whole(im, size, rng):
    """One training view of a whole picture."""
    w, h = im.size
    # A part of a scene is a scene; a part of a card is none.
    s = rng.uniform(0.4 if max(w, h) > 400 else 0.7, 1)
    cw, ch = max(8, int(w * s)), max(8, int(h * min(1, s * rng.uniform(0.85, 1.15))))
    x, y = rng.randrange(w - cw + 1), rng.randrange(h - ch + 1)
    im = im.crop((x, y, x + cw, y + ch))
    if rng.random() < 0.5:
        im = im.transpose(Image.FLIP_LEFT_RIGHT)
    if rng.random() < 0.25:
        im = im.transpose(rng.choice([Image.ROTATE_90, Image.ROTATE_180, Image.ROTATE_270]))
    im = im.resize(size, Image.BOX)
    # Files from avatar services are clean: half of the views stay as they are.
    return np.asarray(degrade(im, rng, False) if rng.random() < 0.5 else im)


def ground(size, rng):
    """One of a few hundred pale card grounds; drawing one takes longer than all else here."""
    drawn = GROUNDS.setdefault(size, [])
    if len(drawn) < 300:
        drawn.append(draw_ground(size, rng))
        return drawn[-1].copy()
    return rng.choice(drawn).copy()


def draw_ground(size, rng):
    w, h = size
    a, b = [np.array([rng.uniform(190, 250) for _ in range(3)]) for _ in range(2)]
    t = np.linspace(0, 1, h)[:, None, None] * rng.uniform(0, 1) + np.linspace(0, 1, w)[None, :, None] * rng.uniform(0, 1)
    im = Image.fromarray((a + (b - a) * t.clip(0, 1)).clip(0, 255).astype(np.uint8))
    if rng.random() < 0.7:
        d = ImageDraw.Draw(im)
        for k in range(rng.randrange(4, 30)):
            f, p, m = rng.uniform(0.02, 0.2), rng.uniform(0, 6), rng.uniform(1, 12)
            y0, c = rng.uniform(-20, h + 20), tuple(int(v) for v in a - rng.uniform(5, 30))
            d.line([(x, y0 + m * np.sin(f * x + p) + k % 3 * x * 0.1) for x in range(0, w, 3)], fill=c)
    return im


def portrait(im, label, size, rng):
    """One training view of a card's portrait place, cut out as loosely as the rectifier does it."""
    if label == "place":
        return placed(im, size, rng)
    W, H = size[0] * 5 // 4, size[1] * 5 // 4
    out = ground((W, H), rng)
    if label == "empty":
        if rng.random() < 0.5:
            scribble(out, rng)
        return finish(out, size, rng)
    if label == "several":
        return finish(crowd(out, im, rng), size, rng)
    im = head(im, label, rng)
    if rng.random() < 0.35:
        im = farther(im, rng)
    w, h = int(W * rng.uniform(0.72, 1.0)), int(H * rng.uniform(0.72, 1.0))
    im = im.resize((w, h), Image.BILINEAR)
    if rng.random() < 0.5:
        im = im.transpose(Image.FLIP_LEFT_RIGHT)
    at = (int((W - w) / 2 + rng.uniform(-0.08, 0.08) * W), int((H - h) / 2 + rng.uniform(-0.08, 0.08) * H))
    out.paste(im, at, mask((w, h), rng))
    return finish(out, size, rng)


def placed(im, size, rng):
    """A portrait's place on a photographed card: cut as loosely as the rectifier does it, and little else."""
    if rng.random() < 0.35:
        im = farther(im, rng)
    w, h = im.size
    s = rng.uniform(0.78, 0.98)
    cw, ch = int(w * s), int(h * min(0.98, s * rng.uniform(0.96, 1.04)))
    x, y = rng.randrange(w - cw + 1), rng.randrange(h - ch + 1)
    im = im.crop((x, y, x + cw, y + ch)).resize(size, Image.BOX)
    if rng.random() < 0.5:
        im = im.transpose(Image.FLIP_LEFT_RIGHT)
    return np.asarray(degrade(im, rng, False) if rng.random() < 0.4 else im)


def farther(im, rng):
    """The same from farther away, whatever it shows: what stands at its edges goes on beyond them."""
    w, h = im.size
    s = rng.uniform(0.5, 0.95)
    im = im.resize((max(8, int(w * s)), max(8, int(h * s))), Image.BOX)
    x, y = int((w - im.width) * rng.uniform(0.25, 0.75)), int((h - im.height) * rng.random())
    beyond = np.pad(np.asarray(im), ((y, h - im.height - y), (x, w - im.width - x), (0, 0)), mode=rng.choice(["edge", "reflect"]))
    out = Image.fromarray(beyond).filter(ImageFilter.GaussianBlur(rng.uniform(0.5, 3)))
    out.paste(im, (x, y))
    return out


def crowd(out, faces, rng):
    """Two faces in one place: side by side, or one before the other."""
    W, H = out.size
    a, b = (head(im, "face", rng) for im in rng.sample(faces, 2))
    share = rng.uniform(0.42, 0.58)
    if rng.random() < 0.6:
        for im, x0, x1 in ((a, 0, share), (b, share, 1)):
            w = int(W * (x1 - x0))
            h = min(H, int(w * rng.uniform(1.2, 1.7)))
            out.paste(im.resize((w, h), Image.BILINEAR), (int(W * x0), int((H - h) * rng.random())))
        return out
    out.paste(a.resize((W, H), Image.BILINEAR), (0, 0))
    w = int(W * rng.uniform(0.32, 0.5))
    h = int(w * rng.uniform(1.1, 1.4))
    out.paste(b.resize((w, h), Image.BILINEAR), (rng.choice([0, W - w]), rng.randrange(int((H - h) * 0.7), H - h + 1)))
    return out


def filtered(im, rng):
    """A photograph made a cartoon by a filter: flat regions of few colours, often with dark outlines."""
    im = im.resize((140, max(1, int(140 * im.height / im.width))), Image.BILINEAR)
    edges = im.convert("L").filter(ImageFilter.GaussianBlur(1.2)).filter(ImageFilter.FIND_EDGES)
    for _ in range(rng.randrange(2, 4)):
        im = im.filter(ImageFilter.MedianFilter(rng.choice([5, 7])))
    if rng.random() < 0.75:
        im = im.quantize(rng.randrange(6, 16), Image.MEDIANCUT, dither=Image.NONE).convert("RGB").filter(ImageFilter.ModeFilter(5))
    im = ImageEnhance.Color(im).enhance(rng.uniform(1.0, 1.7))
    if rng.random() < 0.7:
        ink = edges.point(lambda v: 255 if v > 18 else 0).filter(ImageFilter.GaussianBlur(0.6))
        im.paste((25, 20, 30), (0, 0), ink)
    return im


def head(im, label, rng):
    """A cut of portrait shape; for faces around the upper middle, for scenes anywhere."""
    w, h = im.size
    s = rng.uniform(0.55, 1.0)
    ch = min(h, int(s * min(h, w * 1.25)))
    cw = min(w, int(ch * rng.uniform(0.74, 0.92)))
    x = int((w - cw) * (rng.uniform(0.38, 0.62) if label != "scene" else rng.random()))
    y = int((h - ch) * (rng.uniform(0.1, 0.6) if label != "scene" else rng.random()))
    return im.crop((x, y, x + cw, y + ch))


def mask(size, rng):
    """Most portraits are a rectangle; some fade into the card's ground."""
    if rng.random() < 0.65:
        return None
    w, h = size
    m = Image.new("L", size, 0)
    d = ImageDraw.Draw(m)
    d.ellipse((w * 0.18, h * 0.03, w * 0.82, h * 0.8), fill=255)
    d.rounded_rectangle((0, h * 0.66, w, h * 1.3), w // 4, fill=255)
    return m.filter(ImageFilter.GaussianBlur(rng.uniform(1, 4)))


def scribble(im, rng):
    d = ImageDraw.Draw(im)
    w, h = im.size
    for _ in range(rng.randrange(1, 6)):
        y = rng.randrange(h)
        d.line([(rng.randrange(w), y), (rng.randrange(w), y + rng.randrange(-9, 9))],
               fill=(30, 30, 40), width=rng.randrange(1, 9))


def glare(im, rng):
    """A soft highlight, as the card's film throws it back."""
    w, h = im.size
    yy, xx = np.mgrid[0:h, 0:w].astype(np.float32)
    d = ((xx - rng.uniform(0, w)) / (w * rng.uniform(0.2, 0.6))) ** 2 + ((yy - rng.uniform(0, h)) / (h * rng.uniform(0.2, 0.6))) ** 2
    a = np.asarray(im).astype(np.float32)
    return Image.fromarray((a + (255 - a) * (np.exp(-d) * rng.uniform(0.1, 0.5))[..., None]).astype(np.uint8))


def finish(im, size, rng):
    im = im.rotate(rng.uniform(-3, 3), Image.BILINEAR, fillcolor=im.getpixel((1, 1)))
    if rng.random() < 0.3:
        im = glare(im, rng)
    # Small cards in big photos: the portrait may come from few pixels.
    k = rng.choice([1, 1, rng.uniform(0.6, 1.0)])
    im = im.resize((int(size[0] * k), int(size[1] * k)), Image.BOX).resize(size, Image.BILINEAR)
    return np.asarray(degrade(im, rng, True))
