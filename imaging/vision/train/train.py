#!/usr/bin/env python3
"""Trains the two small nets of imaging/vision and writes them as ONNX.

  train.py --task class    --images DIR --faces DIR --stock DIR --drawings DIR --out ../weights/class.onnx
  train.py --task portrait --images DIR --faces DIR --stock DIR --drawings DIR --out ../weights/portrait.onnx

--images is a folder with manifest.csv (path,label,source,...), --faces one of
square pictures of a face each, --stock one of portrait photographs (every third
is held out), --drawings what `drawings` wrote. Training and validation are
split by source, so the figures printed are for sources never trained on.
Needs Debian's python3-torch, python3-pil and python3-numpy. See README.md.
"""
import argparse
import csv
import glob
import multiprocessing
import os
import random
import threading
import time

import numpy as np
import torch
from torch import nn

import compose
import near
import pages

CLASSES = ["drawing", "photo", "text_page", "screenshot", "other_document"]
PORTRAIT = ["face", "drawn", "empty", "other", "several"]
MEDIUM = {"face": 0, "other": 0, "several": 0, "drawn": 1, "empty": 2}  # photographed, drawn, nothing
CONTENT = {"face": 0, "other": 1, "several": 2}  # of what is photographed
SHARES = {"class": [3, 3.4, 1.3, 1.3, 2.4], "portrait": [4, 4, 1, 2.5, 1]}  # how often a label is drawn
SCENE = 640  # long side at which scenes are kept, so that views of a part of them are sharp
SIZES = {"class": (160, 160), "portrait": (112, 140)}  # width, height

# Sources kept out of training, so that they can judge it.
HELD_OUT = {
    "npm:@dicebear/adventurer", "npm:@dicebear/micah", "npm:@dicebear/notionists",
    "npm:@dicebear/fun-emoji", "npm:facesjs", "npm:boring-avatars", "deb:supertux-data",
    "Kodak PhotoCD (MohamedBakrAli mirror)", "vladmandic/human",
    "creativetimofficial/material-dashboard-react", "deb:mate-backgrounds",
    "aws-samples/amazon-textract-code-samples", "mzucker/page_dewarp",
    "TeamNewPipe/NewPipe", "konstantint/PassportEye", "Oriolrt/SIDTD_Dataset",
    "scenery raincat-data", "scenery frozen-bubble-data", "scenery khangman", "scenery gnome-user-docs",
}
NEAR = {  # what the near_document sources really show
    "TeamNewPipe/NewPipe": "screenshot",
    "nextcloud/android": "screenshot",
    "zxing/zxing": None,  # bar codes: neither a page nor a scene
    "bzsome/idcard_generator (payment QR posters)": None,
}
NEAR_FILES = {  # and single files among them, by a part of their names
    "business-card": "other_document", "businessCard": "other_document", "business_card": "other_document",
    "insurance-card": "other_document", "vaccination": "other_document",
    "checks-notebook": "screenshot", "sample_screenshot": "screenshot",
    "barcodes": None, "contoso-allinone": None, "layout-parser__output_8": None, "layout-parser__output_10": None,
    "layout-parser__output_15": None, "intersection": None, "overview": None,
}


class Separable(nn.Sequential):
    def __init__(self, i, o, stride):
        super().__init__(
            nn.Conv2d(i, i, 3, stride, 1, groups=i, bias=False), nn.BatchNorm2d(i), nn.ReLU(inplace=True),
            nn.Conv2d(i, o, 1, bias=False), nn.BatchNorm2d(o), nn.ReLU(inplace=True))


class Net(nn.Module):
    """About 120,000 parameters; RGB in 0..1, channels first; logits out."""

    def __init__(self, classes):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 16, 3, 2, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU(inplace=True),
            Separable(16, 32, 2), Separable(32, 48, 1), Separable(48, 64, 2), Separable(64, 96, 1),
            Separable(96, 128, 2), Separable(128, 192, 1), Separable(192, 192, 1), Separable(192, 256, 2))
        self.head = nn.Sequential(nn.Dropout(0.3), nn.Linear(512, classes))

    def forward(self, x):
        x = self.body((x - 0.5) / 0.25)
        # Maximum beside mean: one textured place is enough to tell a photograph.
        x = torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1)
        return self.head(x)


def manifest(images):
    with open(os.path.join(images, "manifest.csv"), newline="") as f:
        return list(csv.DictReader(f))


def whole_label(row):
    if row["label"] in ("cartoon", "photo"):
        return "drawing" if row["label"] == "cartoon" else "photo"
    if row["label"].startswith("id_document"):
        return "other_document"
    for part, label in NEAR_FILES.items():
        if part in row["path"]:
            return label
    return NEAR.get(row["source"], "text_page")


# What each kind of picture that `cards` took is; near documents are drawn by near.py in training, so that
# those of `cards`, which share their layouts between training and evaluation, can judge it.
KINDS = {"other": "other_document", "near": "other_document", "ground": "photo", "page": "text_page"}


def load_cards(folder, to, kinds):
    if not folder:
        return
    with open(os.path.join(folder, "truth.csv"), newline="") as f:
        for row in csv.reader(f):
            if row[1] in kinds:
                to.append((compose.load(os.path.join(folder, row[0]), 320), CLASSES.index(KINDS[row[1]]), "cards: " + row[1]))


def load_class(images, faces, stock, drawings, rendered, scenery, grounds):
    train, held = [], []
    for row in manifest(images):
        label = whole_label(row)
        if label is None:
            continue
        side = SCENE if label == "photo" and row["source"] not in FACES else 400
        item = (compose.load(os.path.join(images, row["path"]), side), CLASSES.index(label), row["source"])
        (held if row["source"] in HELD_OUT else train).append(item)
    for folder in sorted(glob.glob(os.path.join(scenery, "*", "*"))) if scenery else []:
        label, source = folder.split(os.sep)[-2], "scenery " + os.path.basename(folder)
        for path in pictures(folder):
            (held if source in HELD_OUT else train).append((compose.load(path, SCENE), CLASSES.index(label), source))
    for i, path in enumerate(pictures(grounds)):
        # Every third is the evaluation share's, as in specimen.Stock.
        (held if i % 3 == 2 else train).append((compose.load(path, SCENE), CLASSES.index("photo"), "grounds"))
    heads = []
    for path in pictures(faces):
        heads.append(compose.load(path, 240))
        train.append((heads[-1], CLASSES.index("photo"), "faces"))
    for i, path in enumerate(pictures(stock)):
        item = (compose.load(path, 400), CLASSES.index("photo"), "stock portraits")
        (held if i % 3 == 2 else train).append(item)
    draw_documents(train, heads)
    for path in pictures(drawings):
        train.append((compose.load(path, 320), CLASSES.index("drawing"), "own drawings"))
    for i, path in enumerate(pictures(rendered)):
        item = (compose.load(path, 256), CLASSES.index("drawing"), "rendered avatars")
        (held if i % 3 == 2 else train).append(item)
    return train, held


def draw_documents(train, heads):
    """Pages, screens and near documents; what they lie on is among the photographs too, without them."""
    photos = [it[0] for it in train if it[1] == CLASSES.index("photo")]
    scenes = [it[0] for it in train if it[1] == CLASSES.index("photo") and it[2] not in ("faces", "stock portraits") and it[2] not in FACES]
    for im, label in pages.draw(500, 11, photos):
        train.append((im, CLASSES.index(label), "drawn " + label))
    for im, kind in near.draw(2600, 12, heads, photos):
        train.append((im, CLASSES.index("other_document"), "near " + kind))
    rng = random.Random(13)
    surfaces = [near.surface(rng) for _ in range(200)]
    train += [(im, CLASSES.index("photo"), "surfaces") for im in surfaces]
    WORK["grounds"] = scenes + surfaces


# Sources whose pictures show one face, photographed or drawn.
FACES = {"cjdowner/interfaces", "creativetimofficial/material-dashboard-react"}
PEOPLE = {"vladmandic/human", "vladmandic/face-api", "tensorflow/tfjs-examples + tfjs-models"}  # faces among other things
DRAWN = {"npm:@dicebear/adventurer", "npm:@dicebear/adventurer-neutral", "npm:@dicebear/avataaars",
         "npm:@dicebear/avataaars-neutral", "npm:@dicebear/big-ears", "npm:@dicebear/big-ears-neutral",
         "npm:@dicebear/big-smile", "npm:@dicebear/bottts", "npm:@dicebear/croodles",
         "npm:@dicebear/fun-emoji", "npm:@dicebear/lorelei", "npm:@dicebear/micah", "npm:@dicebear/notionists",
         "npm:@dicebear/personas", "npm:@dicebear/thumbs", "npm:@iconify-json/noto",
         "npm:facesjs", "deb:plasma-workspace-data (Konqi avatars)", "renpy/renpy + deb:renpy-demo",
         "deb:wesnoth-1.16-data"}


def load_portrait(images, faces, stock, drawings, rendered, *_):
    train, held = [], []
    for row in manifest(images):
        src = row["source"]
        if src in FACES:
            label, kind = "face", "face"
        elif src in DRAWN:
            label, kind = "drawn", "face"
        elif row["label"] == "photo" and src not in PEOPLE:
            label, kind = "other", "scene"
        else:
            continue
        item = (compose.load(os.path.join(images, row["path"]), 240), PORTRAIT.index(label), src, kind)
        (held if src in HELD_OUT else train).append(item)
    photographed = {id(train): [], id(held): []}
    for source, folder, every in (("faces", faces, 10), ("stock portraits", stock, 3)):
        for i, path in enumerate(pictures(folder)):
            # Of the stock's portraits, specimen.Stock gives the same ones to its evaluation.
            to = held if i % every == every - 1 else train
            to.append((compose.load(path, 360), PORTRAIT.index("face"), source, "face"))
            photographed[id(to)].append(to[-1][0])
    for path in pictures(drawings):
        train.append((compose.load(path, 240), PORTRAIT.index("drawn"), "own drawings", "face"))
    for i, path in enumerate(pictures(rendered)):
        item = (compose.load(path, 240), PORTRAIT.index("drawn"), "rendered avatars", "face")
        (held if i % 3 == 2 else train).append(item)
    for to in (train, held):
        own = photographed[id(to)]
        rng = random.Random(5)
        to += [(compose.filtered(im, rng), PORTRAIT.index("drawn"), "filtered photographs", "face") for im in own]
        to += [((im, own[(i * 7 + 3) % len(own)]), PORTRAIT.index("several"), "two faces", "several") for i, im in enumerate(own)]
        # The empty place has no picture: compose draws the card's ground alone.
        to += [(None, PORTRAIT.index("empty"), "ground", "empty")] * (40 if to is train else 20)
    return train, held


def load_places(folder, to):
    """What `places` wrote: portraits' places on photographed cards, a folder a class."""
    for label in PORTRAIT:
        for path in pictures(os.path.join(folder, label)):
            to.append((compose.load(path, 300), PORTRAIT.index(label), "printed " + label + " " + os.path.basename(folder), "place"))


def pictures(folder):
    """The pictures of a folder in the order of their names; none without a folder."""
    if not folder:
        return []
    return sorted(p for p in glob.glob(os.path.join(folder, "*")) if p.endswith((".jpg", ".png", ".webp")))


def draw(task, item, rng):
    if task == "class":
        # Each time a near document lies elsewhere.
        im = near.laid(item[0], rng, rng.choice(WORK["grounds"])) if item[2].startswith("near ") else item[0]
        return compose.whole(im, SIZES[task], rng)
    return compose.portrait(item[0], item[3], SIZES[task], rng)


WORK = {}  # what the drawing process inherits: task, items by label and source, names, grounds to lie on


def batch(seed):
    """One batch; label and source are drawn first, so that large sources may not drown small ones."""
    rng = random.Random(seed)
    xs, ys = [], []
    for _ in range(32):
        y = rng.choices(range(len(WORK["names"])), SHARES[WORK["task"]])[0]
        sources = WORK["by"][y]
        keys = list(sources)
        # Places on photographed cards are nearest to what will be seen.
        printed = [k for k in keys if k.startswith("printed ")]
        if printed and rng.random() < 0.5:
            src = rng.choice(printed)
        else:
            src = rng.choices(keys, [len(sources[k]) ** 0.4 for k in keys])[0]
        xs.append(draw(WORK["task"], rng.choice(sources[src]), rng))
        ys.append(y)
    return np.stack(xs), ys


def batches(task, items, names, steps):
    """Batches drawn by another process ahead of the training; a step's batch depends on its number only."""
    by = {}
    for it in items:
        by.setdefault(it[1], {}).setdefault(it[2], []).append(it)
    WORK.update(task=task, by=by, names=names)
    ahead = threading.Semaphore(64)  # drawing must not outrun training by gigabytes

    def seeds():
        for step in range(steps):
            ahead.acquire()
            yield step
    with multiprocessing.get_context("fork").Pool(1) as pool:
        for xs, ys in pool.imap(batch, seeds()):
            ahead.release()
            yield tensor(xs), torch.tensor(ys)


def tensor(xs):
    return torch.from_numpy(np.asarray(xs).transpose(0, 3, 1, 2).astype(np.float32) / 255)


def plain(task, item, rng):
    if task == "class":
        return np.asarray(item[0].resize(SIZES[task], compose.Image.BOX))
    return compose.portrait(item[0], item[3], SIZES[task], rng)


def loss_of(task, out, y):
    """Of the portrait's place, what it is made by and what it shows are told apart: a face's composition says nothing of the first."""
    if task == "class":
        return nn.functional.cross_entropy(out, y, label_smoothing=0.05)
    medium = torch.tensor([MEDIUM[PORTRAIT[k]] for k in y.tolist()])
    loss = nn.functional.cross_entropy(out[:, :3], medium, label_smoothing=0.02)
    shown = medium == 0
    content = torch.tensor([CONTENT[PORTRAIT[k]] for k in y[shown].tolist()])
    return loss + 0.5 * nn.functional.cross_entropy(out[shown, 3:], content, label_smoothing=0.02)


def told(task, out):
    """The outputs as labels of the task."""
    if task == "class":
        return out.argmax(1).tolist()
    medium, content = out[:, :3].argmax(1).tolist(), out[:, 3:].argmax(1).tolist()
    return [PORTRAIT.index(["face", "other", "several"][c] if m == 0 else ["drawn", "empty"][m - 1]) for m, c in zip(medium, content)]


def report(task, net, held, names):
    net.eval()
    rng = random.Random(7)
    table = {}
    with torch.no_grad():
        for i in range(0, len(held), 64):
            part = held[i:i + 64]
            out = told(task, net(tensor([plain(task, it, rng) for it in part])))
            for it, got in zip(part, out):
                row = table.setdefault((names[it[1]], it[2]), [0] * len(names))
                row[got] += 1
    right = total = 0
    for (label, src), row in sorted(table.items()):
        right += row[names.index(label)]
        total += sum(row)
        print(f"  {label:15s} {src:48s} " + " ".join(f"{n}={c}" for n, c in zip(names, row) if c))
    print(f"  held-out sources: {right}/{total} right", flush=True)
    net.train()


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--task", choices=["class", "portrait"], required=True)
    ap.add_argument("--images", required=True)
    ap.add_argument("--faces", default="")
    ap.add_argument("--stock", default="")
    ap.add_argument("--drawings", default="")
    ap.add_argument("--rendered", default="", help="three-dimensional cartoon avatars; every third is held out")
    ap.add_argument("--places", action="append", default=[], help="what `places` wrote, for the portrait net")
    ap.add_argument("--scenery", default="", help="what scenery.py fetched, for the class net")
    ap.add_argument("--grounds", default="", help="photographs that documents lie on, for the class net; every third is held out")
    ap.add_argument("--cards", default="", help="what `cards` wrote of the training share, for the class net")
    ap.add_argument("--judge", default="", help="the same of the evaluation share; it is held out")
    ap.add_argument("--out", required=True)
    ap.add_argument("--steps", type=int, default=2400)
    ap.add_argument("--final", action="store_true", help="train on the held-out sources too")
    a = ap.parse_args()
    torch.manual_seed(1)
    torch.set_num_threads(1)
    names = CLASSES if a.task == "class" else PORTRAIT
    load = load_class if a.task == "class" else load_portrait
    train, held = load(a.images, a.faces, a.stock, a.drawings, a.rendered, a.scenery, a.grounds)
    if a.task == "class":
        load_cards(a.cards, train, ["other", "ground", "page"])
        load_cards(a.judge, held, list(KINDS))
    if a.task == "portrait":
        for folder in a.places:
            load_places(folder, train)
    if a.final:
        train = train + held
    print(f"{a.task}: {len(train)} to train on, {len(held)} held out", flush=True)
    net = Net(len(names) if a.task == "class" else len(set(MEDIUM.values())) + len(CONTENT))
    opt = torch.optim.AdamW(net.parameters(), 3e-3, weight_decay=0.02)
    begin, step, loss_sum = time.time(), 0, 0.0
    for x, y in batches(a.task, train, names, a.steps):
        for g in opt.param_groups:
            g["lr"] = 3e-3 * min(1, (step + 1) / 50) * 0.5 * (1 + np.cos(np.pi * step / a.steps)) + 1e-6
        loss = loss_of(a.task, net(x), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        step, loss_sum = step + 1, loss_sum + loss.item()
        if step % 100 == 0:
            print(f"step {step} {time.time() - begin:.0f}s loss {loss_sum / 100:.3f}", flush=True)
            loss_sum = 0.0
            if step % 1000 == 0:
                report(a.task, net, held, names)
    report(a.task, net, held, names)
    net.eval()
    w, h = SIZES[a.task]
    export(net, a.out, w, h)


class Probabilities(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        out = self.net(x)
        if out.shape[1] == len(CLASSES):
            return torch.softmax(out, 1)
        return torch.cat([torch.softmax(out[:, :3], 1), torch.softmax(out[:, 3:], 1)], 1)


def export(net, out, w, h):
    torch.onnx.export(Probabilities(net).eval(), torch.zeros(1, 3, h, w), out, opset_version=13,
                      input_names=["image"], output_names=["probabilities"])
    print(out, os.path.getsize(out), "bytes")


if __name__ == "__main__":
    main()
