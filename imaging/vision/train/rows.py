#!/usr/bin/env python3
"""Trains the two nets that read a straightened front's fixed print and writes them as ONNX.

  rows.py --task digits --photos DIR --out ../weights/digits.onnx
  rows.py --task labels --photos DIR --out ../weights/labels.onnx

digits reads the characters 0-9 and X of the number's row and of the date of
birth's, by CTC; labels says which printed label, or which sex, stands in a
place. Both are drawn here, with fonts of
Debian's fonts-noto-cjk, fonts-ocr-b, fonts-dejavu, fonts-wqy-microhei,
fonts-arphic-ukai, fonts-arphic-uming and fonts-noto-mono; --photos is a folder
of photographs that lie behind some negatives. What the evaluation share of
package specimen prints with (OCRBS, Noto Serif, WenQuanYi Zen Hei) is never
trained on and judges the result.
"""
import argparse
import glob
import os
import random
import time

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from torch import nn
from torch.nn import functional as F

FONTS = "/usr/share/fonts/"
NUMBER_FONTS = ["opentype/ocr-b/OCRB.otf"] * 4 + ["opentype/ocr-b/OCRBF.otf", "opentype/ocr-b/OCRBL.otf", "opentype/ocr-b/OCRBE.otf",
    "truetype/dejavu/DejaVuSansMono.ttf", "truetype/noto/NotoMono-Regular.ttf", "truetype/dejavu/DejaVuSans.ttf",
    "opentype/noto/NotoSansCJK-Regular.ttc", "truetype/wqy/wqy-microhei.ttc"]
JUDGE_NUMBER = ["opentype/ocr-b/OCRBS.otf"]
TEXT_FONTS = ["opentype/noto/NotoSansCJK-Regular.ttc", "opentype/noto/NotoSansCJK-Bold.ttc", "truetype/wqy/wqy-microhei.ttc",
    "truetype/arphic/ukai.ttc", "truetype/arphic/uming.ttc"]
JUDGE_TEXT = ["opentype/noto/NotoSerifCJK-Regular.ttc", "truetype/wqy/wqy-zenhei.ttc"]

# Sizes in pixels of what the nets see, and of what is drawn for them. The scale is 6.5 a millimetre for digits, 7 for labels.
DIGITS = (352, 40)
LABELS = (64, 40)
KEYS = "0123456789X"
NAMES = ["none", "姓名", "性别", "民族", "出生", "住址", "号码", "男", "女"]
VALUES = (7, 8)  # of them, what stands behind a label
LOOKALIKES = ["姓氏", "名姓", "性名", "别性", "民生", "出世", "地址", "住所", "号数", "电话", "有效", "签发", "日期", "国籍", "职务", "单位", "部门", "学号",
    "编号", "证号", "准驾", "车型", "院系", "专业", "会员", "卡号", "姓", "名", "性", "族", "汉", "回", "好", "甲", "田", "力", "安", "年月", "月日", "公民", "身份"]


def font(name, size):
    return ImageFont.truetype(FONTS + name, size)


def ground(w, h, rng):
    a, b = [np.array([rng.uniform(170, 252) for _ in range(1)]) for _ in range(2)]
    t = np.linspace(0, 1, w)[None, :] * rng.uniform(0, 1) + np.linspace(0, 1, h)[:, None] * rng.uniform(0, 1)
    im = Image.fromarray((a + (b - a) * t.clip(0, 1)).clip(0, 255).astype(np.uint8), "L")
    if rng.random() < 0.7:
        d = ImageDraw.Draw(im)
        for k in range(rng.randrange(4, 16)):
            f, p, m = rng.uniform(0.005, 0.05), rng.uniform(0, 6), rng.uniform(2, 20)
            y0, c = rng.uniform(-20, h + 20), int(a[0] - rng.uniform(5, 35))
            d.line([(x, y0 + m * np.sin(f * x + p) + k % 3 * x * 0.06) for x in range(0, w, 4)], fill=c, width=rng.choice([1, 1, 2]))
    return im


def text(d, x, y, s, face, tracking, ink):
    """Sets s with its vertical middle on y; returns where it ends."""
    for c in s:
        d.text((x, y), c, font=face, fill=ink, anchor="lm")
        x += face.getlength(c) + tracking
    return x


def number_strip(rng, fonts):
    """A row of 708 × 100 pixels, 13 a millimetre, and its characters."""
    w, h = 708, 100
    im = ground(w, h, rng)
    d = ImageDraw.Draw(im)
    s = "".join(rng.choice("0123456789") for _ in range(17)) + rng.choice("0123456789XX")
    pitch, cap = 13 * rng.uniform(2.55, 2.95), 13 * rng.uniform(3.5, 4.5)
    face = font(rng.choice(fonts), int(cap))
    ink = rng.randrange(0, 80)
    x0, y = 13 * rng.uniform(2.4, 5.0), h / 2 + 13 * rng.uniform(-0.3, 0.3)
    x0 = min(x0, w - 17.6 * pitch)
    for i, c in enumerate(s):
        d.text((x0 + i * pitch, y), c, font=face, fill=ink, anchor="mm")
    if rng.random() < 0.7:  # the label's end
        face = font(rng.choice(TEXT_FONTS), int(13 * rng.uniform(2.5, 3.2)))
        text(d, x0 - pitch - 13 * rng.uniform(2.2, 5), y + 3, "码", face, 0, rng.randrange(60, 150))
    if rng.random() < 0.4:  # what is printed below
        d.text((rng.randrange(0, 300), h - rng.randrange(0, 14)), "样本 SPECIMEN", font=font(rng.choice(TEXT_FONTS), 22), fill=rng.randrange(90, 200))
    return im, [KEYS.index(c) + 1 for c in s]


def date_strip(rng, fonts):
    """The date of birth's row, at the same scale: YYYY年M月D日, its digits only are read."""
    w, h = 708, 100
    im = ground(w, h, rng)
    d = ImageDraw.Draw(im)
    parts = [str(rng.randrange(1930, 2026)), str(rng.randrange(1, 13)), str(rng.randrange(1, 32))]
    face, sign = font(rng.choice(fonts), int(13 * rng.uniform(2.7, 3.6))), font(rng.choice(fonts), int(13 * rng.uniform(2.5, 3.2)))
    ink, blue = rng.randrange(0, 80), rng.randrange(40, 150)
    x, y = 13 * rng.uniform(0.2, 2.5), h / 2 + 13 * rng.uniform(-0.3, 0.3)
    gap = 13 * rng.uniform(0.5, 2.6)
    for s, c in zip(parts, "年月日"):
        x = text(d, x, y, s, face, rng.uniform(-0.5, 2.5), ink) + gap * rng.uniform(0.3, 1)
        x = text(d, x, y, c, sign, 0, blue) + gap * (1 + (len(s) == 1) * rng.random())
    if rng.random() < 0.5:  # the portrait begins
        d.rectangle((x + 13 * rng.uniform(5, 12), 0, w, h), fill=rng.randrange(0, 255))
    if rng.random() < 0.3:  # a second script above, or the next row
        small = font(rng.choice(TEXT_FONTS), int(13 * rng.uniform(1.2, 1.8)))
        text(d, rng.randrange(0, 60), rng.choice([rng.randrange(0, 20), h - rng.randrange(0, 16)]), "".join(rng.choice("ABCDEGHINOSZ") for _ in range(12)), small, 1, blue)
    return im, [KEYS.index(c) + 1 for c in "".join(parts)]


def row_strip(rng, number_fonts, text_fonts):
    return number_strip(rng, number_fonts) if rng.random() < 0.6 else date_strip(rng, text_fonts)


CHARS = [chr(c) for c in range(0x4E00, 0x9FA5, 7)] + list("一中国人民大小上下省市区县路街号室村组花园男女汉")


def label_place(rng, fonts, photos):
    """A place of 192 × 120 pixels, 21 a millimetre, and which label stands there."""
    w, h, mm = 192, 120, 21
    kind = rng.randrange(len(NAMES)) if rng.random() < 0.7 else 0
    if kind == 0 and photos and rng.random() < 0.35:
        im = rng.choice(photos)
        x, y = rng.randrange(im.width - w + 1), rng.randrange(im.height - h + 1)
        return im.crop((x, y, x + w, y + h)), 0
    im = ground(w, h, rng)
    d = ImageDraw.Draw(im)
    em = mm * rng.uniform(2.5, 3.3)
    face = font(rng.choice(fonts), int(em))
    ink = rng.randrange(40, 150) if rng.random() < 0.8 and kind not in VALUES else rng.randrange(0, 80)
    s = NAMES[kind]
    if kind == 0:
        r = rng.random()
        s = rng.choice(LOOKALIKES) if r < 0.35 else "".join(rng.choice(CHARS) for _ in range(rng.randrange(1, 4))) if r < 0.75 else \
            "".join(rng.choice("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") for _ in range(rng.randrange(2, 6))) if r < 0.9 else ""
    tracking = mm * rng.uniform(-0.1, 1.4) if kind != 6 else mm * rng.uniform(-0.1, 0.4)
    width = face.getlength(s) + tracking * max(0, len(s) - 1)
    x, y = (w - width) / 2 + mm * rng.uniform(-1.0, 1.0), h / 2 + mm * rng.uniform(-0.9, 0.9)
    if kind == 6 and rng.random() < 0.9:
        text(d, x - 2 * (em + tracking), y, "身份", face, tracking, ink)
    end = text(d, x, y, s, face, tracking, ink)
    if rng.random() < 0.5:  # the value beside it
        text(d, end + mm * (rng.uniform(0.6, 2.5) if kind not in VALUES else rng.uniform(2.5, 5)), y, rng.choice(CHARS) + rng.choice(CHARS), font(rng.choice(fonts), int(em * rng.uniform(1, 1.3))), 2, rng.randrange(0, 70))
    if rng.random() < 0.3:  # a second script above or below, or the next row
        small = font(rng.choice(fonts), int(mm * rng.uniform(1.2, 1.8)))
        row = y - em / 2 - mm * 0.9 if rng.random() < 0.6 else y + em / 2 + mm * 0.9
        text(d, x - mm, row, "".join(rng.choice("ABCDEGHINOSZ") for _ in range(8)) if rng.random() < 0.5 else "".join(rng.choice(CHARS) for _ in range(5)), small, 1, ink)
    return im, kind


def photographed(x, size, rng_scale):
    """Drawn pictures as a straightened photograph shows them: misfitted, blurred, lit, noisy."""
    n = x.shape[0]
    w, h = size
    u = lambda lo, hi, *s: lo + (hi - lo) * torch.rand(n, *s)
    # Shares of the half width and height by which the corners are off.
    dx, dy = rng_scale
    theta = torch.zeros(n, 2, 3)
    theta[:, 0, 0], theta[:, 1, 1] = 1 + u(-0.04, 0.04), 1 + u(-0.08, 0.08)
    theta[:, 0, 1], theta[:, 1, 0] = u(-0.03, 0.03) * h / w * 2, u(-0.02, 0.02) * w / h
    theta[:, 0, 2], theta[:, 1, 2] = u(-dx, dx), u(-dy, dy)
    # Resolution first: some cards are small in their photograph.
    k = float(torch.empty(1).uniform_(0.45, 1.6))
    x = F.interpolate(x, scale_factor=min(1.0, k * w / x.shape[3]), mode="area")
    grid = F.affine_grid(theta, (n, 1, h, w), align_corners=False)
    x = F.grid_sample(x, grid, align_corners=False, padding_mode="border")
    s = float(torch.empty(1).uniform_(0.05, 1.1))
    t = torch.arange(-3, 4).float()
    g = torch.exp(-t * t / (2 * s * s))
    g = g / g.sum()
    x = F.conv2d(F.pad(x, (3, 3, 3, 3), mode="replicate"), (g[:, None] * g[None])[None, None])
    ramp = 1 + u(-0.25, 0.25, 1, 1, 1) * torch.linspace(-1, 1, w)
    x = ((x - 0.5) * u(0.45, 1.15, 1, 1, 1) + 0.5 + u(-0.2, 0.15, 1, 1, 1)) * ramp
    if torch.rand(1) < 0.3:
        cx, cy, r = u(0, 1, 1, 1, 1), u(0, 1, 1, 1, 1), u(0.1, 0.4, 1, 1, 1)
        gx, gy = torch.linspace(0, 1, w)[None, None, None], torch.linspace(0, h / w, h)[None, None, :, None]
        x = x + u(0, 0.5, 1, 1, 1) * torch.exp(-((gx - cx) ** 2 + (gy - cy * h / w) ** 2) / (r * r))
    return (x + torch.randn_like(x) * u(0, 0.05, 1, 1, 1)).clamp(0, 1)


def sep(i, o, stride, k=3):
    return nn.Sequential(
        nn.Conv2d(i, i, k, stride, k // 2 if isinstance(k, int) else (k[0] // 2, k[1] // 2), groups=i, bias=False), nn.BatchNorm2d(i), nn.ReLU(inplace=True),
        nn.Conv2d(i, o, 1, bias=False), nn.BatchNorm2d(o), nn.ReLU(inplace=True))


class Digits(nn.Module):
    """Grey in 0..1, N×1×40×352; logits N×88×12 out, blank first."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 16, 3, 2, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU(inplace=True),
            sep(16, 32, 1), sep(32, 48, 2), sep(48, 64, 1), sep(64, 96, (2, 1)), sep(96, 96, 1),
            nn.Conv2d(96, 128, (5, 1), bias=False), nn.BatchNorm2d(128), nn.ReLU(inplace=True),
            sep(128, 128, 1, (1, 5)), nn.Conv2d(128, len(KEYS) + 1, 1))

    def forward(self, x):
        m = x.mean((2, 3), keepdim=True)
        return self.body((x - m) / 0.25).squeeze(2).transpose(1, 2)


class Labels(nn.Module):
    """Grey in 0..1, N×1×40×64; logits of NAMES out."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 16, 3, 2, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU(inplace=True),
            sep(16, 32, 1), sep(32, 48, 2), sep(48, 64, 1), sep(64, 96, 2), sep(96, 128, 1))
        self.head = nn.Linear(256, len(NAMES))

    def forward(self, x):
        m = x.mean((2, 3), keepdim=True)
        x = self.body((x - m) / 0.25)
        return self.head(torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1))


class Answer(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        return torch.softmax(self.net(x), -1)


def drawn(n, draw, seed):
    xs, ys = [], []
    rng = random.Random(seed)
    for _ in range(n):
        im, y = draw(rng)
        xs.append(np.asarray(im.convert("L")))
        ys.append(y)
    return torch.from_numpy(np.stack(xs))[:, None], ys


def greedy(logits):
    out = []
    for row in logits.argmax(2).tolist():
        out.append([c for i, c in enumerate(row) if c and (i == 0 or row[i - 1] != c)])
    return out


def report(task, net, x, y, shake, size):
    net.eval()
    torch.manual_seed(9)
    right, wrong_sure, n = 0, 0, len(x)
    with torch.no_grad():
        for i in range(0, n, 50):
            out = net(photographed(x[i:i + 50].float() / 255, size, shake))
            want = y[i:i + 50]
            if task == "digits":
                right += sum(g == w for g, w in zip(greedy(out), want))
            else:
                p, got = torch.softmax(out, 1).max(1)
                want = torch.tensor(want)
                right += (got == want).sum().item()
                wrong_sure += ((got != want) & (p > 0.9) & (got > 0)).sum().item()
    print(f"  held-out fonts: {right}/{n} right, {wrong_sure} surely wrong", flush=True)
    net.train()


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--task", choices=["digits", "labels"], required=True)
    ap.add_argument("--photos", required=True)
    ap.add_argument("--out", required=True)
    ap.add_argument("--steps", type=int, default=3000)
    ap.add_argument("--drawn", type=int, default=5000)
    a = ap.parse_args()
    torch.manual_seed(1)
    torch.set_num_threads(1)
    photos = [Image.open(p).convert("L") for p in sorted(glob.glob(os.path.join(a.photos, "*.jpg")))]
    photos = [p.resize((int(p.width * 480 / p.height), 480)) for p in photos]
    if a.task == "digits":
        net, size, shake, step_size = Digits(), DIGITS, (0.03, 0.28), 24
        x, y = drawn(a.drawn, lambda r: row_strip(r, NUMBER_FONTS, TEXT_FONTS), 1)
        jx, jy = drawn(500, lambda r: row_strip(r, JUDGE_NUMBER, JUDGE_TEXT), 2)
    else:
        net, size, shake, step_size = Labels(), LABELS, (0.05, 0.08), 64
        x, y = drawn(3 * a.drawn, lambda r: label_place(r, TEXT_FONTS, photos), 1)
        jx, jy = drawn(1500, lambda r: label_place(r, JUDGE_TEXT, []), 2)
    print(a.task, sum(p.numel() for p in net.parameters()), "parameters", len(x), "drawn", flush=True)
    opt = torch.optim.AdamW(net.parameters(), 3e-3, weight_decay=0.01)
    begin, total = time.time(), 0.0
    for step in range(a.steps):
        for g in opt.param_groups:
            g["lr"] = 3e-3 * min(1, (step + 1) / 50) * 0.5 * (1 + np.cos(np.pi * step / a.steps)) + 1e-6
        at = torch.randint(0, len(x), (step_size,))
        out = net(photographed(x[at].float() / 255, size, shake))
        if a.task == "digits":
            n = len(at)
            want = [y[i] for i in at.tolist()]
            loss = F.ctc_loss(F.log_softmax(out, 2).transpose(0, 1), torch.tensor(sum(want, [])), torch.full((n,), out.shape[1]),
                              torch.tensor([len(w) for w in want]), zero_infinity=True)
        else:
            loss = F.cross_entropy(out, torch.tensor([y[i] for i in at.tolist()]), label_smoothing=0.02)
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        opt.step()
        total += loss.item()
        if (step + 1) % 250 == 0:
            print(f"step {step + 1} {time.time() - begin:.0f}s loss {total / 250:.4f}", flush=True)
            total = 0.0
            report(a.task, net, jx, jy, shake, size)
    net.eval()
    w, h = size
    torch.onnx.export(Answer(net), torch.zeros(1, 1, h, w), a.out, opset_version=13, input_names=["image"], output_names=["answer"],
                      dynamic_axes={"image": {0: "n"}, "answer": {0: "n"}})
    print(a.out, os.path.getsize(a.out), "bytes")


if __name__ == "__main__":
    main()
