"""Other likely colours, from the model's probabilities of bins: doubt, suggestions, variants.

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

FULL_DOUBT = 50.0  # Lab units: the standard deviation of possible colours that counts as doubt 1
APART = 12.0  # Lab units between suggested colours
VISIBLE = 6.5  # Lab units: wanted mean distance of variants, over pixels and pairs
STRENGTHS = (
    4.0,
    6.0,
    9.0,
    13.0,
)  # Lab units of movement of the mean colours, tried in turn
DIRECTIONS = 8  # favoured hues, one for each candidate
MOST = DIRECTIONS + 1  # variants
VIVID = 40.0  # Lab units of chroma from which a bin counts fully for its hue
PLACES = 12  # hints of a candidate
FAVOUR = 12.0  # greatest preference of a hue: exp(12) : 1


def doubt(probabilities) -> np.ndarray:
    """[h, w, Q] probabilities of the joint bins -> [h, w] float32 in [0, 1].

    This is the standard deviation of the possible colours, as a share of `FULL_DOUBT`.
    """
    centres = quantization.joint_centres()
    mean, square = probabilities @ centres, probabilities @ (centres**2).sum(axis=1)
    return np.clip(np.sqrt(np.maximum(square - (mean**2).sum(axis=-1), 0)) / FULL_DOUBT, 0, 1)


def suggestions(probabilities, light: float, count: int) -> list[tuple[int, int, int]]:
    """-> likely colours at a place.

    Args:
        probabilities: [Q] float, of the joint bins.
        light: L there.
        count: most colours; a dark or bright place has fewer.

    Returns:
        sRGB colours of this lightness, the most likely first, at least `APART` apart; gray is included.
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
        left[distances[chosen[-1]] < APART] = 0  # colours that look like it
    nearest = min(chosen, key=lambda i: distances[gray, i])
    if distances[gray, nearest] < APART:
        chosen[chosen.index(nearest)] = gray
    else:
        chosen[-1 if len(chosen) == count else len(chosen) :] = [gray]
    return [tuple(int(c) for c in row) for row in np.rint(np.asarray(colors.lab_to_rgb(lab[chosen])) * 255)]


def variants(predict, probabilities, light, size, wishes: Wishes, count: int) -> list[Wishes]:
    """-> wishes for visibly different results that the model finds likely.

    A candidate favours a hue: bins near the hue get a higher probability. Where the model was in doubt the mean colours
    change; where it was sure they hardly change. The network gets the palette of the new colours, and hints where they
    moved most. Of the candidates' results, those furthest apart are chosen.

    Args:
        predict: function(Wishes) -> [h, w, 2] float32, a and b, Lab units.
        probabilities: [h', w', Q] float32, of the joint bins.
        light: [h, w] float32, L.
        size: height and width of the photograph.
        wishes: wishes for all variants.
        count: of variants, at least 1, at most `MOST`.

    Returns:
        The wishes of each variant; the first are `wishes`.

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
    """-> the mean distance of two [h, w, 2] maps of ab after scaling one: hue counts, not strength."""
    factor = (one * other).sum() / max((other**2).sum(), 1e-6)
    back = (one * other).sum() / max((one**2).sum(), 1e-6)
    pairs = ((one, np.clip(factor, 0, 2) * other), (other, np.clip(back, 0, 2) * one))
    return min(_distance(*pair) for pair in pairs)


def _distance(one, other):
    return float(np.linalg.norm(one - other, axis=-1).mean())


def _moved(probabilities, hue, strength):
    """-> [h', w', 2]: movement of the mean colours if a hue is favoured, by `strength` on average if possible."""
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
    """-> the wishes plus the palette of the moved colours, and hints where they moved most."""
    height, width = moved.shape[:2]
    ab = cv2.resize(ab, (width, height), interpolation=cv2.INTER_AREA)
    light = cv2.resize(light, (width, height), interpolation=cv2.INTER_AREA)
    lab = np.asarray(colors.fit_gamut(np.concatenate([light[..., None], ab + moved], axis=-1)))
    rgb, hints = np.rint(np.asarray(colors.lab_to_rgb(lab)) * 255).astype(int), []
    # Colours that move together count, and each place once: the next place is searched away from it.
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
    """-> `count` of (wishes, ab): the first, then each time the candidate furthest from its nearest chosen one."""
    chosen, rest = candidates[:1], candidates[1:]
    while len(chosen) < count:
        nearest = [min(difference(ab, other) for _, other in chosen) for _, ab in rest]
        chosen.append(rest.pop(int(np.argmax(nearest))))
    return chosen
