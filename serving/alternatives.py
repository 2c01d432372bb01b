"""What else the colours might be, read off the bins that the model held likely: doubt, suggestions, variants.

Pure functions of NumPy arrays on small maps. Imports `models` and `serving.steering`.
"""

from __future__ import annotations

import dataclasses
import itertools

import cv2
import numpy as np

from colorgan.models import color as colors
from colorgan.models import conditions, quantization
from colorgan.serving import steering
from colorgan.serving.steering import Hint, Wishes

FULL_DOUBT = 50.0  # Lab units: a standard deviation of the colours held possible that counts as 1
APART = 12.0  # Lab units between colours that are suggested
VISIBLE = 6.5  # Lab units: mean distance, over the pictures' pixels and over pairs, that variants are to have
STRENGTHS = (4.0, 6.0, 9.0, 13.0)  # Lab units that the mean colours are moved by: the next where one was too little
DIRECTIONS = 8  # hues that are favoured, one for each candidate
MOST = DIRECTIONS + 1  # variants
VIVID = 40.0  # Lab units of chroma from which on a bin is of its hue altogether
PLACES = 12  # of a candidate's hints
FAVOUR = 12.0  # the most that a hue is favoured by: exp(12) : 1


def doubt(probabilities) -> np.ndarray:
    """[h, w, Q] probabilities of the joint bins -> [h, w] float32 in [0, 1].

    The standard deviation of the colours held possible, as a share of `FULL_DOUBT`.
    """
    centres = quantization.joint_centres()
    mean, square = probabilities @ centres, probabilities @ (centres**2).sum(axis=1)
    return np.clip(np.sqrt(np.maximum(square - (mean**2).sum(axis=-1), 0)) / FULL_DOUBT, 0, 1)


def suggestions(probabilities, light: float, count: int) -> list[tuple[int, int, int]]:
    """The colours that are likely at a place.

    Args:
        probabilities: [Q] float, of the joint bins.
        light: L there.
        count: of colours, at most; a dark or bright place has fewer.

    Returns:
        sRGB colours of this lightness, the most likely first, at least `APART` from one another; the gray is one.
    """
    lab = np.concatenate([np.full((len(probabilities), 1), light), quantization.joint_centres()], axis=1)
    lab = np.asarray(colors.fit_gamut(np.float32(lab)))
    distances = np.linalg.norm(lab[:, None, 1:] - lab[:, 1:], axis=-1)
    near, left = np.exp(-((distances / APART) ** 2) * 2), np.array(probabilities, np.float64)
    gray, chosen = int(np.linalg.norm(lab[:, 1:], axis=-1).argmin()), []
    while len(chosen) < count:
        likely = np.where(distances[:, chosen].min(axis=1, initial=np.inf) < APART, 0, near @ left)
        if likely.max() <= 0:
            break
        chosen.append(int(likely.argmax()))
        left[distances[chosen[-1]] < APART] = 0  # what looks like it
    nearest = min(chosen, key=lambda i: distances[gray, i])
    if distances[gray, nearest] < APART:
        chosen[chosen.index(nearest)] = gray
    else:
        chosen[-1 if len(chosen) == count else len(chosen) :] = [gray]
    return [tuple(int(c) for c in row) for row in np.rint(np.asarray(colors.lab_to_rgb(lab[chosen])) * 255)]


def variants(predict, probabilities, light, size, wishes: Wishes, count: int) -> list[Wishes]:
    """Wishes that make a picture visibly other, and that the model believes in.

    A candidate favours a hue: the bins' probabilities, multiplied by more the nearer a bin is to it, have other means
    where the model was in doubt, and nearly the same where it was sure. The network is given the palette of these, and
    hints where they moved most. Of the candidates' results those furthest from one another are taken.

    Args:
        predict: function(Wishes) -> [h, w, 2] float32, a and b, Lab units.
        probabilities: [h', w', Q] float32, of the joint bins.
        light: [h, w] float32, L.
        size: height and width of the photograph.
        wishes: that hold in all.
        count: of variants, at least 1, at most `MOST`.

    Returns:
        The wishes of each; the first are `wishes` themselves.

    Raises:
        ValueError: if `count` is out of its range.
    """
    if not 1 <= count <= MOST:
        raise ValueError(f"`variants` must lie in 1..{MOST}. Received: {count}")
    first, best = (wishes, predict(wishes)), None
    for strength in STRENGTHS if count > 1 else ():
        moved = [_moved(probabilities, turn / DIRECTIONS, strength) for turn in range(DIRECTIONS)]
        found = [_candidate(first[1], one, light, size, wishes) for one in moved]
        chosen = _furthest([first, *((one, predict(one)) for one in found)], count)
        distance = np.mean([_distance(a, b) for (_, a), (_, b) in itertools.combinations(chosen, 2)])
        if best is None or distance > best[0]:
            best = distance, chosen
        if distance >= VISIBLE:
            break
    return [wishes for wishes, _ in best[1]] if best else [wishes]


def difference(one, other) -> float:
    """-> the mean distance of two [h, w, 2] maps of ab but for a factor: hues, and not strength."""
    factor = (one * other).sum() / max((other**2).sum(), 1e-6)
    back = (one * other).sum() / max((one**2).sum(), 1e-6)
    pairs = ((one, np.clip(factor, 0, 2) * other), (other, np.clip(back, 0, 2) * one))
    return min(_distance(*pair) for pair in pairs)


def _distance(one, other):
    return float(np.linalg.norm(one - other, axis=-1).mean())


def _moved(probabilities, hue, strength):
    """-> [h', w', 2]: how the mean colours move, by `strength` on average if they can, where a hue is favoured."""
    centres = quantization.joint_centres()
    angle = np.arctan2(centres[:, 1], centres[:, 0]) - 2 * np.pi * hue
    towards = np.cos(angle) * np.minimum(np.linalg.norm(centres, axis=1) / VIVID, 1)
    mean, low, high = probabilities @ centres, 0.0, FAVOUR
    for _ in range(8):
        weights = np.exp((low + high) / 2 * towards).astype(np.float32)
        moved = (probabilities @ (weights[:, None] * centres)) / (probabilities @ weights)[..., None] - mean
        less = np.linalg.norm(moved, axis=-1).mean() < strength
        low, high = ((low + high) / 2, high) if less else (low, (low + high) / 2)
    return moved


def _candidate(ab, moved, light, size, wishes):
    """-> the wishes, and besides them the palette, and hints where they moved most, of what was moved."""
    height, width = moved.shape[:2]
    ab = cv2.resize(ab, (width, height), interpolation=cv2.INTER_AREA)
    light = cv2.resize(light, (width, height), interpolation=cv2.INTER_AREA)
    lab = np.asarray(colors.fit_gamut(np.concatenate([light[..., None], ab + moved], axis=-1)))
    rgb, hints = np.rint(np.asarray(colors.lab_to_rgb(lab)) * 255).astype(int), []
    # What is moved together counts, and each place once: the next is looked for away from it.
    left = cv2.blur(np.linalg.norm(moved, axis=-1).astype(np.float32), (5, 5))
    rows, columns = np.mgrid[:height, :width]
    for _ in range(PLACES):
        y, x = np.unravel_index(left.argmax(), left.shape)
        place = {"x": (x + 0.5) * size[1] / width, "y": (y + 0.5) * size[0] / height}
        hints.append(Hint(**place, color=tuple(int(c) for c in rgb[y, x]), radius=size[0] / height))
        away = ((rows - y) ** 2 + (columns - x) ** 2) / (max(height, width) / 6) ** 2
        left = left * np.float32(1 - np.exp(-away))
    palette = np.asarray(conditions.palette(lab[None, ..., 1:].reshape(1, -1, 2)[:, ::7]))[0, 0, 0]
    return dataclasses.replace(wishes, hints=(*hints, *wishes.hints)[-steering.MOST :], palette=palette)


def _furthest(candidates, count):
    """-> `count` of (wishes, ab): the first, and each time the one that is furthest from its nearest."""
    chosen, rest = candidates[:1], candidates[1:]
    while len(chosen) < count:
        nearest = [min(difference(ab, other) for _, other in chosen) for _, ab in rest]
        chosen.append(rest.pop(int(np.argmax(nearest))))
    return chosen
