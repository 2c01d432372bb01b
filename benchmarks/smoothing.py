"""Colours over time on films of known motion, and scene cuts: `python benchmarks/smoothing.py FOLDER`.

Makes films from the photographs in FOLDER, with three kinds of motion, `--clips` of each: a panning camera, a shaking
camera, and an oval from one photograph that passes before another. For each kind it prints results without smoothing,
with smoothing at the same place, and with full smoothing: mean |d ab| along the true motion where it exceeds half a
pixel, the same where L is constant, the ratio of the mean chroma to that without smoothing, the mean |ab - truth|, and
the time relative to the network's.

Then `--films` of 20 cuts each, between scenes with twelve kinds of motion, light and grain: precision and recall.
"""

import argparse
import os
import sys
import time
from pathlib import Path

sys.path[:] = [p for p in sys.path if Path(p or ".").resolve() != Path(__file__).parent.resolve()]
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import cv2  # noqa: E402
import numpy as np  # noqa: E402

from colorgan.imaging import fullres  # noqa: E402
from colorgan.models import color  # noqa: E402
from colorgan.serving import photos, smoothing  # noqa: E402
from colorgan.serving.colorizer import Colorizer  # noqa: E402

HEIGHT, WIDTH = 224, 288
PLACES = np.stack(np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT)), axis=-1).astype(np.float64)
MOTIONS = ("pan", "shake", "passing")
SCENES = "pan shake push still dark flickering flash fade exposure whip passing grain".split()


class InPlace(smoothing.Smoother):
    """Keeps the old colour of the same place."""

    def _old(self, light, change):
        return self._ab, change


def photograph(paths, random, scale=1.35):
    """-> a photograph, [H, W, 3] uint8, a little larger than the frames."""
    rgb = cv2.imread(str(paths[random.integers(len(paths))]))[..., ::-1]
    factor = scale * max(HEIGHT / rgb.shape[0], WIDTH / rgb.shape[1])
    return cv2.resize(rgb, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)


def window(x, y, scale=1.0, degrees=0.0):
    """-> [3, 3]: from pixels of a frame to those of the photograph that it shows, x and y at its centre."""
    matrix = np.eye(3)
    matrix[:2] = cv2.getRotationMatrix2D((WIDTH / 2, HEIGHT / 2), degrees, scale)
    return np.array([[1, 0, x - WIDTH / 2], [0, 1, y - HEIGHT / 2], [0, 0, 1]]) @ matrix


def places(matrix):
    """-> [H, W, 2] float32: the new place of each pixel."""
    return (PLACES @ matrix[:2, :2].T + matrix[:2, 2]).astype(np.float32)


def taken(picture, matrix):
    """-> [H, W, 3] float32, the content of a window."""
    return cv2.remap(picture, places(matrix), None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT).astype(np.float32)


def clip(kind, paths, random, count=72):
    """-> [T, H, W, 3] uint8, [T, H, W, 2] places of each pixel on the last frame, [T, H, W] bool for the foreground."""
    back, front, at, sway = photograph(paths, random), photograph(paths, random, 0.6), [], np.zeros(3)
    height, width = back.shape[:2]
    oval, middle = np.zeros(front.shape[:2], np.float32), (front.shape[1] / 2, front.shape[0] / 2)
    cv2.ellipse(oval, (middle, front.shape[1::-1], 0), 1, -1)
    for t in range(count):
        if kind == "shake":
            sway = 0.8 * sway + random.normal(0, (2.5, 2.5, 0.3))
        behind = window(width / 2 + (t - count / 2) * (kind == "pan") + sway[0], height / 2 + sway[1], 1, sway[2])
        before = window(middle[0] + WIDTH / 2 - 4 * t, middle[1] + 9 * np.sin(t / 9))
        at.append((behind, before))
    frames, motion, layers = [], [], []
    for t, (behind, before) in enumerate(at):
        inside = cv2.remap(oval * (kind == "passing"), places(before), None, cv2.INTER_LINEAR)[..., None]
        frame = taken(back, behind) * (1 - inside) + taken(front, before) * inside
        frames.append(grainy(frame, random, 1))
        layers.append(inside[..., 0] > 0.5)
        last = [places(np.linalg.inv(then) @ now) for then, now in zip(at[max(t - 1, 0)], at[t], strict=True)]
        motion.append(np.where(layers[-1][..., None], last[1], last[0]))
    return np.stack(frames), motion, layers


def grainy(frame, random, deviation):
    """-> uint8, with the same noise in all channels."""
    return np.clip(np.rint(frame + random.normal(0, deviation, frame.shape[:2])[..., None]), 0, 255).astype(np.uint8)


def flicker(ab, lights, motion, layers):
    """-> mean |d ab| along the motion of moving pixels, and at the same place where L is constant."""
    moving, still = [], []
    for t in range(1, len(ab)):
        was = motion[t]
        layer = cv2.remap(layers[t - 1].astype(np.float32), was, None, cv2.INTER_LINEAR, borderValue=-1)
        far = np.linalg.norm(was - PLACES, axis=-1) > 0.5
        seen = (layer == layers[t]) & far  # neither from outside nor uncovered
        moving.append(np.linalg.norm(ab[t] - cv2.remap(ab[t - 1], was, None, cv2.INTER_LINEAR), axis=-1)[seen])
        still.append(np.linalg.norm(ab[t] - ab[t - 1], axis=-1)[np.abs(lights[t] - lights[t - 1]) < 1])
    return np.concatenate(moving).mean(), np.concatenate(still).mean()


def compare(colorizer, kind, paths, random):
    """-> {name: flicker moving, flicker still, mean chroma, error, seconds per frame}, and the network's seconds."""
    frames, motion, layers = clip(kind, paths, random)
    batches = [frames[i : i + photos.BATCH] for i in range(0, len(frames), photos.BATCH)]
    colorizer.predict_small(batches[0])  # not timed
    start = time.perf_counter()
    raw = np.concatenate([colorizer.predict_small(batch) for batch in batches])
    network = (time.perf_counter() - start) / len(frames)
    lights = [fullres.lightness(frame) for frame in frames]
    truth, rows = np.asarray(color.rgb_to_lab(frames / np.float32(255)))[..., 1:], {}
    sides = {"none": smoothing.Smoother(0), "same place": InPlace(smoothing.SMOOTHING)}
    for name, smoother in {**sides, "as it is": smoothing.Smoother(smoothing.SMOOTHING)}.items():
        start = time.perf_counter()
        ab = np.stack([smoother(*one)[0] for one in zip(lights, raw, strict=True)])
        seconds = (time.perf_counter() - start) / len(frames)
        values = (np.linalg.norm(ab, axis=-1).mean(), np.abs(ab - truth).mean(), seconds)
        rows[name] = (*flicker(ab, lights, motion, layers), *values)
    return rows, network


def scene(kind, paths, random):
    """-> 14 to 39 gray frames."""
    count, picture, other = random.integers(14, 40), photograph(paths, random), photograph(paths, random)
    middle, way, sway, x, gain = count // 2, random.choice((-1, 1)), np.zeros(2), picture.shape[1] / 2, np.ones(count)
    near = np.abs(np.arange(count) - middle)
    if kind == "flash":
        gain[middle : middle + 2] = (4, 1.8)
    gain = np.minimum(gain, near / 6) if kind == "fade" else gain
    if kind == "exposure":
        gain[middle:] = random.choice((0.6, 1.5))
    gain = gain + random.normal(0, 0.12, count) if kind == "flickering" else gain * (0.12 if kind == "dark" else 1)
    frames = []
    for t in range(count):
        x += way * {"still": 0, "pan": 4, "whip": 36 * (near[t] < 4)}.get(kind, 1.3)
        sway = 0.7 * sway + random.normal(0, 4, 2) * (kind == "shake")
        zoom = 1 - 0.012 * t * way * (kind == "push")
        frame = taken(picture, window(x + sway[0], picture.shape[0] / 2 + sway[1], zoom))
        if kind == "passing" and near[t] < 5:  # half as wide as the frame, which it crosses within nine
            left = int(WIDTH * ((t - middle) / 8 * way + 0.25))
            columns = np.arange(max(left, 0), min(left + WIDTH // 2, WIDTH))
            frame[:, columns] = other[:HEIGHT, columns - left]
        frame = 255 * (np.clip(frame / 255, 0, 1) ** 2.2 * gain[t]).clip(0) ** (1 / 2.2)
        gray = cv2.cvtColor(frame.astype(np.float32), cv2.COLOR_RGB2GRAY)[..., None]
        frames.append(grainy(gray, random, 8 if kind == "grain" else 1.5)[..., 0])
    return frames


def count_cuts(paths, random):
    """-> found cuts of a film with 20, false detections, and missed cuts."""
    kinds, cuts, number, true, found = [*SCENES, *random.choice(SCENES, 21 - len(SCENES))], smoothing.Cuts(), 0, [], []
    for kind in random.permutation(kinds):
        true.append(number)
        for frame in scene(kind, paths, random):
            found += [number] if cuts(fullres.lightness(frame)) else []
            number += 1
    true, found = set(true[1:]), set(found[1:])
    return len(true & found), len(found - true), len(true - found)


def main():
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--weights", default="photo")
    parser.add_argument("--clips", type=int, default=2)
    parser.add_argument("--films", type=int, default=6)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    paths = sorted(path for path in asked.folder.rglob("*") if path.suffix.lower() in {".jpg", ".png"})
    random, colorizer = np.random.default_rng(asked.seed), Colorizer.load(asked.weights)
    for kind in MOTIONS:
        made = [compare(colorizer, kind, paths, random) for _ in range(asked.clips)]
        base, network = np.mean([rows["none"] for rows, _ in made], axis=0), np.mean([seconds for _, seconds in made])
        for name in made[0][0]:
            moving, still, chroma, error, seconds = np.mean([rows[name] for rows, _ in made], axis=0)
            print(f"{kind:8s} {name:10s} flicker moving {moving:.3f}, still {still:.3f}", end="; ")
            print(f"chroma {chroma / base[2]:.3f}, mae_ab {error:.3f}; time {seconds / network:.3f} of the network's")
    found, false, missed = np.sum([count_cuts(paths, random) for _ in range(asked.films)], axis=0)
    print(f"cuts: precision {found / max(1, found + false):.3f}, recall {found / max(1, found + missed):.3f}")


if __name__ == "__main__":
    main()
