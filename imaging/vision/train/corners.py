#!/usr/bin/env python3
"""Trains the net that finds a document's corners and writes it as ONNX.

  corners.py --cards DIR [--cards DIR ...] --judge DIR [--judge DIR ...] --images DIR --rendered DIR --out ../weights/corners.onnx

--cards and --judge are folders that `cards` wrote, of the training and the
evaluation share; --images a folder with manifest.csv as for train.py, whose
drawings, photographs and pages show no card; --rendered one of
three-dimensional cartoon avatars, of which every third is held out. What
stands in train.HELD_OUT is never trained on and judges the result. With
--load, a state that an earlier run saved is judged and exported only.
"""
import argparse
import concurrent.futures
import csv
import os
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import compose
import train

SIDE = 160  # of the input, square
INNER = 136  # long side of the picture in it: corners may lie in the margin, outside the frame
CELLS = 40  # of a heatmap's side
CLASSES = ["none", "front", "back", "other"]
FLAGS = ["cut", "several"]
NOISE = torch.randn(1, 3, SIDE, SIDE)  # drawn once: it takes longer than all else of a view


def block(i, o, stride, dilation=1):
    return nn.Sequential(
        nn.Conv2d(i, i, 3, stride, dilation, dilation, groups=i, bias=False), nn.BatchNorm2d(i), nn.ReLU(inplace=True),
        nn.Conv2d(i, o, 1, bias=False), nn.BatchNorm2d(o), nn.ReLU(inplace=True))


class Residual(nn.Module):
    def __init__(self, c, dilation):
        super().__init__()
        self.body = block(c, c, 1, dilation)

    def forward(self, x):
        return x + self.body(x)


class Corners(nn.Module):
    """RGB in 0..1, grey 0.5 beyond the picture; logits of the heatmaps, of the class and of the flags out."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 12, 3, 2, 1, bias=False), nn.BatchNorm2d(12), nn.ReLU(inplace=True))
        self.at40 = nn.Sequential(block(12, 24, 2), Residual(24, 1))
        self.at20 = nn.Sequential(block(24, 48, 2), Residual(48, 1), Residual(48, 2))
        self.at10 = nn.Sequential(block(48, 96, 2), Residual(96, 1), Residual(96, 2), Residual(96, 3))
        self.down = nn.Conv2d(96, 48, 1)
        self.mix20 = nn.Sequential(Residual(48, 1), nn.Conv2d(48, 24, 1))
        self.mix40 = nn.Sequential(Residual(24, 1), nn.Conv2d(24, 4, 1))
        self.head = nn.Linear(192, len(CLASSES) + len(FLAGS))

    def forward(self, x):
        a = self.at40(self.stem((x - 0.5) / 0.25))
        b = self.at20(a)
        c = self.at10(b)
        b = self.mix20(b + F.interpolate(self.down(c), scale_factor=2.0, mode="nearest"))
        heat = self.mix40(a + F.interpolate(b, scale_factor=2.0, mode="nearest"))
        said = self.head(torch.cat([c.mean((2, 3)), c.amax((2, 3))], 1))
        return heat, said


class Answer(nn.Module):
    """One output, as the pipeline's runner wants it: four heatmaps row by row, the class, the flags."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        heat, said = self.net(x)
        return torch.cat([torch.sigmoid(heat).flatten(1), torch.softmax(said[:, :4], 1), torch.sigmoid(said[:, 4:])], 1)


class Items:
    """Pictures of SIDE squared in memory with their truth; quads are in shares of the stored square."""

    def __init__(self):
        self.pixels, self.frames, self.quads, self.classes, self.sources = [], [], [], [], []

    def add(self, im, source, docs=()):
        """docs: (class, [(x, y) * 4] in shares of the picture), the largest first."""
        w, h = im.size
        k = SIDE / max(w, h)
        size = max(1, round(w * k)), max(1, round(h * k))
        x, y = (SIDE - size[0]) // 2, (SIDE - size[1]) // 2
        square = np.full((SIDE, SIDE, 3), 128, np.uint8)
        square[y:y + size[1], x:x + size[0]] = np.asarray(im.resize(size, compose.Image.BOX))
        quads = np.full((2, 4, 2), np.nan, np.float32)
        for i, (_, quad) in enumerate(docs[:2]):
            quads[i] = (np.array(quad) * size + (x, y)) / SIDE
        self.pixels.append(torch.from_numpy(square).permute(2, 0, 1).contiguous())
        self.frames.append([x / SIDE, y / SIDE, (x + size[0]) / SIDE, (y + size[1]) / SIDE])
        self.quads.append(quads)
        self.classes.append(CLASSES.index(docs[0][0]) if docs else 0)
        self.sources.append(source)

    def seal(self):
        self.pixels = torch.stack(self.pixels)
        self.frames, self.quads = torch.tensor(self.frames), torch.from_numpy(np.stack(self.quads))
        self.classes = torch.tensor(self.classes)
        self.empty = torch.nonzero(self.classes == 0).flatten()
        self.full = torch.nonzero(self.classes > 0).flatten()
        return self


def area(quad):
    q = np.clip(np.array(quad), 0, 1)
    x, y = q[:, 0], q[:, 1]
    return abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2


def load_cards(items, folder):
    with open(os.path.join(folder, "truth.csv"), newline="") as f:
        for row in csv.reader(f):
            docs = []
            for k in range(4, len(row), 10):
                v = [float(s) for s in row[k + 2:k + 10]]
                docs.append((row[k], list(zip(v[::2], v[1::2]))))
            docs.sort(key=lambda d: -area(d[1]))
            items.add(compose.load(os.path.join(folder, row[0]), 320), row[1], docs)


def load_others(items, judge, images, rendered):
    """Pictures without a card; identity documents have no corners in the manifest and are left out."""
    for row in train.manifest(images) if images else []:
        label = train.whole_label(row)
        if label in (None, "other_document"):
            continue
        to = judge if row["source"] in train.HELD_OUT else items
        to.add(compose.load(os.path.join(images, row["path"]), 320), label + ": " + row["source"])
    for i, path in enumerate(train.pictures(rendered)):
        (judge if i % 3 == 2 else items).add(compose.load(path, 320), "drawing: rendered avatars")


def uniform(n, lo, hi):
    return lo + (hi - lo) * torch.rand(n)


def views(items, index):
    """Training views: cropped, turned, shifted, with other light. Returns pictures, heatmaps, classes, flags."""
    n = len(index)
    frame, quads = items.frames[index].clone(), items.quads[index]
    # A crop is a smaller frame; what it cuts off is cut off.
    size = frame[:, 2:] - frame[:, :2]
    crop = (torch.rand(n, 1) < 0.35).float()
    frame[:, :2] += crop * size * uniform((n, 2), 0, 0.16)
    frame[:, 2:] -= crop * size * uniform((n, 2), 0, 0.16)
    size = frame[:, 2:] - frame[:, :2]
    centre = (frame[:, :2] + frame[:, 2:]) / 2
    scale = INNER / SIDE / size.amax(1) * torch.where(torch.rand(n) < 0.5, torch.ones(n), uniform(n, 0.75, 1.04))
    angle = torch.randint(0, 4, (n,)) * (np.pi / 2) * (torch.rand(n) < 0.15)
    angle = angle + uniform(n, -0.12, 0.12) * (torch.rand(n) < 0.4)
    shift = 0.5 + uniform((n, 2), -0.02, 0.02)
    cos, sin = torch.cos(angle) * scale, torch.sin(angle) * scale
    turn = torch.stack([torch.stack([cos, -sin], 1), torch.stack([sin, cos], 1)], 1)  # stored to view

    # From the view's pixels back to the stored square.
    back = torch.inverse(turn)
    axis = (torch.arange(SIDE) + 0.5) / SIDE
    grid = torch.stack(torch.meshgrid(axis, axis, indexing="xy"), -1).reshape(1, -1, 2)
    at = (grid - shift[:, None]) @ back.transpose(1, 2) + centre[:, None]
    x = F.grid_sample(items.pixels[index].float() / 255, (at * 2 - 1).reshape(n, SIDE, SIDE, 2), align_corners=False, padding_mode="border")
    x = light(x, n)
    inside = ((at > frame[:, None, :2]) & (at < frame[:, None, 2:])).all(2).reshape(n, 1, SIDE, SIDE)
    x = torch.where(inside, x, torch.tensor(0.5))

    seen = (quads - centre[:, None, None]) @ turn.transpose(1, 2)[:, None] + shift[:, None, None]
    beyond = torch.maximum(frame[:, None, None, :2] - quads, quads - frame[:, None, None, 2:]).amax((2, 3))
    width = (quads[:, :, 0] - quads[:, :, 1]).norm(dim=2)
    cut = (beyond[:, 0] > 0.015 * width[:, 0]).float()
    # A second document that the crop lost for the most part is none.
    middle = quads.mean(2)
    kept = ((middle > frame[:, None, :2]) & (middle < frame[:, None, 2:])).all(2)
    several = kept.all(1).float()
    return x, heatmaps(seen, kept), items.classes[index], torch.stack([cut, several], 1)


def light(x, n):
    grey = x.mean(1, keepdim=True)
    colour = torch.where(torch.rand(n) < 0.12, torch.zeros(n), uniform(n, 0.7, 1.3))[:, None, None, None]
    x = grey + (x - grey) * colour
    x = (x - 0.5) * uniform((n, 1, 1, 1), 0.75, 1.2) + 0.5
    x = x * uniform((n, 1, 1, 1), 0.7, 1.2) * uniform((n, 3, 1, 1), 0.93, 1.07)
    at = torch.randint(0, SIDE, (2,)).tolist()
    x = x + NOISE.roll(at, (2, 3)) * uniform((n, 1, 1, 1), 0, 0.03)
    return x.clamp(0, 1)


def heatmaps(quads, kept):
    """One map a corner with a bump for every document, a cell wide."""
    axis = torch.arange(CELLS) + 0.5
    at = torch.nan_to_num(quads, nan=-9.0) * CELLS
    at = torch.where(kept[:, :, None, None], at, torch.tensor(-99.0))
    dx = (axis - at[..., 0:1]) ** 2
    dy = (axis - at[..., 1:2]) ** 2
    return torch.exp(-(dy[..., :, None] + dx[..., None, :]) / 2).amax(1)


def loss_of(net, batch):
    x, want, classes, flags = batch
    heat, said = net(x)
    full = classes > 0
    loss = (F.binary_cross_entropy_with_logits(heat, want, reduction="none") * (1 + 15 * want)).mean() * 10
    loss = loss + 0.5 * F.cross_entropy(said[:, :4], classes, label_smoothing=0.02)
    return loss + 0.5 * F.binary_cross_entropy_with_logits(said[full][:, 4:], flags[full])


def fitted(items):
    """The views that the pipeline makes: the whole picture in the middle, no change."""
    pad = (SIDE - INNER) // 2
    x = F.interpolate(items.pixels.float() / 255, size=(INNER, INNER), mode="area")
    x = F.pad(x, (pad,) * 4, value=0.5)
    quads = (items.quads - 0.5) * INNER / SIDE + 0.5
    return x, quads


def peak(heat):
    """Sub-cell place of each map's maximum, in shares of the square."""
    n = heat.shape[0]
    best = heat.flatten(2).argmax(2)
    cy, cx = best // CELLS, best % CELLS
    padded = F.pad(heat, (2, 2, 2, 2))
    out = torch.zeros(n, 4, 2)
    for i in range(n):
        for k in range(4):
            y, x = cy[i, k].item(), cx[i, k].item()
            w = padded[i, k, y:y + 5, x:x + 5]
            d = torch.arange(-2, 3).float()
            out[i, k, 0] = x + 0.5 + (w.sum(0) * d).sum() / w.sum()
            out[i, k, 1] = y + 0.5 + (w.sum(1) * d).sum() / w.sum()
    return out / CELLS


def report(net, judge):
    net.eval()
    x, quads = fitted(judge)
    heat, said = [], []
    with torch.no_grad():
        for i in range(0, len(x), 64):
            h, s = net(x[i:i + 64])
            heat.append(torch.sigmoid(h))
            said.append(torch.cat([torch.softmax(s[:, :4], 1), torch.sigmoid(s[:, 4:])], 1))
    heat, said = torch.cat(heat), torch.cat(said)
    found = peak(heat)
    err = (found - quads[:, 0]).norm(dim=2).amax(1) / (quads[:, 0, 0] - quads[:, 0, 1]).norm(dim=1)
    height = heat.flatten(2).amax(2).amin(1)
    table = {}
    for i, source in enumerate(judge.sources):
        row = table.setdefault(source, [0] * 8)
        row[0] += 1
        row[1] += said[i, 0].item() < 0.5
        row[2] += said[i, 0].item() < 0.9 or height[i].item() > 0.3
        row[3] += err[i].item() <= 0.04
        row[4] += err[i].item() <= 0.10
        row[5] += said[i, :4].argmax().item() == judge.classes[i].item()
        row[6] += said[i, 4].item() > 0.5
        row[7] += said[i, 5].item() > 0.5
    print(f"  {'source':55s}     n  document  in doubt  <=4%  <=10%  class   cut  several")
    for source, row in sorted(table.items()):
        print(f"  {source:55s} {row[0]:5d} {row[1]:9d} {row[2]:9d} {row[3]:5d} {row[4]:6d} {row[5]:6d} {row[6]:5d} {row[7]:8d}", flush=True)
    net.train()


def batches(items, steps):
    """Batches drawn by a thread ahead of the training."""
    def draw():
        full = items.full[torch.randint(0, len(items.full), (18,))]
        empty = items.empty[torch.randint(0, len(items.empty), (6,))]
        return views(items, torch.cat([full, empty]))
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        ahead = [pool.submit(draw) for _ in range(3)]
        for _ in range(steps):
            ahead.append(pool.submit(draw))
            yield ahead.pop(0).result()


def fit(items, steps, minutes, rate, resume, save):
    net, mean = Corners(), Corners()
    if resume:
        net.load_state_dict(torch.load(resume))
    mean.load_state_dict(net.state_dict())
    print(sum(p.numel() for p in net.parameters()), "parameters", flush=True)
    opt = torch.optim.AdamW(net.parameters(), rate, weight_decay=0.01)
    begin, total = time.time(), 0.0
    for step, batch in enumerate(batches(items, steps)):
        done = max(step / steps, (time.time() - begin) / 60 / minutes)
        if done >= 1:
            break
        for g in opt.param_groups:
            g["lr"] = rate * min(1, (step + 1) / 50) * 0.5 * (1 + np.cos(np.pi * done)) + 1e-6
        loss = loss_of(net, batch)
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item()
        with torch.no_grad():
            k = min(0.995, step / (step + 20))
            for a, b in zip(mean.state_dict().values(), net.state_dict().values()):
                a.copy_(a * k + b * (1 - k) if a.is_floating_point() else b)
        if (step + 1) % 100 == 0:
            print(f"step {step + 1} {time.time() - begin:.0f}s loss {total / 100:.3f}", flush=True)
            total = 0.0
            torch.save(mean.state_dict(), save)
    return mean


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--cards", action="append", default=[])
    ap.add_argument("--judge", action="append", default=[])
    ap.add_argument("--images", default="")
    ap.add_argument("--rendered", default="")
    ap.add_argument("--out", required=True)
    ap.add_argument("--steps", type=int, default=3000)
    ap.add_argument("--minutes", type=float, default=1e9, help="end by then, with fewer steps")
    ap.add_argument("--rate", type=float, default=4e-3, help="of learning, at its highest")
    ap.add_argument("--resume", default="", help="go on from this state, that an earlier run saved")
    ap.add_argument("--load", default="", help="judge and export this state instead of training")
    a = ap.parse_args()
    torch.manual_seed(1)
    torch.set_num_threads(1)
    items, judge = Items(), Items()
    for folder in a.cards:
        load_cards(items, folder)
    for folder in a.judge:
        load_cards(judge, folder)
    load_others(items, judge, a.images, a.rendered)
    print(len(items.sources), "to train on,", len(judge.sources), "to judge", flush=True)
    if a.load:
        net = Corners()
        net.load_state_dict(torch.load(a.load))
    else:
        net = fit(items.seal(), a.steps, a.minutes, a.rate, a.resume, a.out + ".state")
    report(net, judge.seal())
    torch.onnx.export(Answer(net).eval(), torch.zeros(1, 3, SIDE, SIDE), a.out, opset_version=13,
                      input_names=["image"], output_names=["answer"])
    print(a.out, os.path.getsize(a.out), "bytes")


if __name__ == "__main__":
    main()
