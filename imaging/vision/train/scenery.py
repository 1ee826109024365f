#!/usr/bin/env python3
"""Fetches scenery for the class net, drawn and photographed, from Debian's packages of games, and screens from manuals.

  scenery.py DIR

Writes DIR/<label>/<package>/*.png, at most 640 pixels long. Uses apt-get download and dpkg-deb; nothing is installed. Of a
scene that comes in layers, the ground is laid behind what is transparent.
"""
import glob
import os
import subprocess
import sys
import tempfile

from PIL import Image, ImageStat

SIDE = 640
# By package: what of it is drawn scenery, as patterns below its root.
DRAWN = {
    "fillets-ng-data": ["usr/share/games/fillets-ng/images/*/*.png"],
    "frozen-bubble-data": ["usr/share/games/frozen-bubble/gfx/*.png"],
    "raincat-data": ["usr/share/games/raincat/data/levels/*/*.png", "usr/share/games/raincat/data/menu/*.png"],
    "teeworlds-data": ["usr/share/games/teeworlds/data/mapres/*.png"],
    "tuxpaint-data": ["usr/share/tuxpaint/starters/*.png"],
    "warmux-data": ["usr/share/games/warmux/map/*/*.png", "usr/share/games/warmux/map/*/*.jpg"],
    "wesnoth-1.16-httt": ["usr/share/games/wesnoth/1.16/data/campaigns/*/images/story/*"],
}
PHOTOGRAPHED = {
    "palapeli-data": ["usr/share/palapeli/collection/*.jpg"],
    "tuxpaint-data": ["usr/share/tuxpaint/templates/*.jpg"],
}
MANUALS = {
    "granatier": ["usr/share/doc/HTML/en/granatier/*.png"],
    "kate5-data": ["usr/share/doc/HTML/en/*/*.png"],
    "khangman": ["usr/share/doc/HTML/en/khangman/*.png"],
    "gnome-user-docs": ["usr/share/help/C/gnome-help/figures/*shell*.png"],
}
LAYERED = {"fillets-ng-data", "warmux-data"}  # a folder holds the layers of one scene
FRAMES = 8  # of a folder at most, as some hold the frames of a film


def usable(path):
    """Large enough to be a scene or a screen, and no strip."""
    try:
        with Image.open(path) as im:
            return min(im.size) >= 200 and max(im.size) >= 300 and max(im.size) < 3 * min(im.size)
    except OSError:
        return False


def picture(path):
    im = Image.open(path).convert("RGBA")
    im.thumbnail((SIDE, SIDE), Image.BOX)
    return im


def solid(im):
    return im.getchannel("A").getextrema()[0] > 200


def empty(im):
    return ImageStat.Stat(im.convert("L")).stddev[0] < 6


def scenes(paths, layered):
    """The pictures on their folder's ground where it has one, else on white."""
    grounds = {}
    for path in paths if layered else []:
        if solid(picture(path)):
            grounds.setdefault(os.path.dirname(path), path)
    for path in paths:
        im = picture(path)
        if not solid(im):
            under = grounds.get(os.path.dirname(path))
            under = picture(under).resize(im.size) if under else Image.new("RGBA", im.size, "white")
            under.alpha_composite(im)
            im = under
        if not empty(im):
            yield im.convert("RGB")


def few(paths):
    """At most FRAMES of a folder whose pictures are layers, spread over it."""
    folders = {}
    for path in paths:
        folders.setdefault(os.path.dirname(path), []).append(path)
    return [p for ps in folders.values() for p in ps[::max(1, -(-len(ps) // FRAMES))]]


def fetch(package, patterns, to):
    with tempfile.TemporaryDirectory() as work:
        subprocess.run(["apt-get", "download", "-q", package], cwd=work, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        (deb,) = glob.glob(os.path.join(work, "*.deb"))
        subprocess.run(["dpkg-deb", "-x", deb, work], check=True)
        paths = sorted(p for pattern in patterns for p in glob.glob(os.path.join(work, pattern)) if usable(p))
        layered = package in LAYERED
        os.makedirs(to, exist_ok=True)
        for i, im in enumerate(scenes(few(paths) if layered else paths, layered)):
            im.save(os.path.join(to, f"{i:04d}.png"))
    print(package, len(os.listdir(to)), flush=True)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for label, packages in (("drawing", DRAWN), ("photo", PHOTOGRAPHED), ("screenshot", MANUALS)):
        for package, patterns in packages.items():
            fetch(package, patterns, os.path.join(sys.argv[1], label, package))


if __name__ == "__main__":
    main()
