"""Corrections after the network: hints hold exactly, and the aim is reached.

Reads the wishes from the generator's inputs, so it works for every caller. NumPy and OpenCV on small maps of ab.
Imports `imaging.fullres`.
"""

from __future__ import annotations

import itertools
import math

import cv2
import numpy as np

from colorgan.imaging import fullres

FADING = 4.0  # pixels of the working size, two cells of hints: radius within which a correction fades out
STRONGEST = 32.0  # factor on chroma that moves nearly every pixel to the gamut's edge
BEYOND = 150.0  # Lab units: of chroma, out of any gamut
SEARCHED = 1 << 12  # most pixels in the search for a factor
HALVINGS = 14
TURNS = 24  # angles tried if small turns do not reach the hue
NEAR = 0.01  # of a turn


def settled(ab, light, given, *, saturation: float = 1.0, ab_scale: float) -> np.ndarray:
    """-> the delivered colours.

    Args:
        ab: [B, h, w, 2] float32, as predicted, Lab units.
        light: [B, h, w] float32, L.
        given: {name: values} of the generator's inputs; only `hints` and `aim` are used.
        saturation: factor on the predicted colours; it has no effect on an aim at a saturation.
        ab_scale: Lab units for 1 in the hints.

    Returns:
        [B, h, w, 2] float32. With hints: their colours in their cells, and a correction that fades out around them.
        With an aim: the picture turned to the mean hue, and made stronger or paler up to the mean saturation, within
        the gamut at this lightness.
    """
    result = ab * np.float32(saturation)
    hints, aims = given.get("hints"), given.get("aim")
    for i, one in enumerate(result):
        base, added = one, None
        if hints is not None and hints[i, ..., 2].any():
            base, added = _held(one, hints[i] * np.float32([ab_scale, ab_scale, 1]))
        if aims is not None and aims[i].any():
            base = _turned(base, *_search(base, added, light[i], aims[i, 0, 0]))
        result[i] = base if added is None else base + added
    return result


def record(ab, light, wishes) -> dict:
    """-> the achieved aims of `steering.Wishes`, for a manifest.

    Args:
        ab, light: [h, w, 2] and [h, w] float32 of a delivered picture, at the working size.
        wishes: the wishes.

    Returns:
        {"saturation": {"desired", "reachable", "achieved"}, "hue": {"desired", "achieved"}} for the given wishes;
        reachable is the mean at the gamut's edge with these hues.
    """
    result, rgb = {}, fullres.srgb(light, ab)
    if wishes.desired_saturation is not None:
        chroma = np.linalg.norm(ab, axis=-1, keepdims=True)
        strong = ab * np.clip(BEYOND / np.maximum(chroma, 1e-6), 1, STRONGEST)
        most = _mean(fullres.srgb(light, strong), "saturation")
        result["saturation"] = {"desired": wishes.desired_saturation, "reachable": round(most, 4)}
        result["saturation"]["achieved"] = round(_mean(rgb, "saturation"), 4)
    if wishes.desired_hue is not None:
        result["hue"] = {"desired": wishes.desired_hue, "achieved": round(_mean(rgb, "hue"), 4)}
    return result


def _held(ab, hints):
    """-> base, added: their sum has the hints' colours in their cells; both [h, w, 2].

    It is linear in the prediction: turning and scaling the prediction turns and scales the base.
    """
    height, width = ab.shape[:2]
    cells = np.repeat(np.repeat(hints, 2, axis=0), 2, axis=1)[:height, :width]
    target, mask = cells[..., :2], cells[..., 2:]
    distance = cv2.distanceTransform(np.uint8(mask[..., 0] == 0), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    fade = np.clip(1 - distance / np.float32(FADING + 1), 0, 1)[..., None]

    def blurred(x):
        return cv2.GaussianBlur(x, (0, 0), FADING / 2, borderType=cv2.BORDER_CONSTANT)

    around = blurred(mask)[..., None]

    def spread(x):  # from the cells to their surroundings; unchanged in the cells
        return np.where(mask > 0, x, fade * blurred(x * mask) / np.maximum(around, 1e-6))

    return ab - spread(ab), spread(target)


def _turned(ab, factor, angle):
    """-> [..., 2] colours turned by an angle, in turns, and multiplied by a factor."""
    c, s = math.cos(2 * math.pi * angle) * factor, math.sin(2 * math.pi * angle) * factor
    return ab @ np.float32([[c, s], [-s, c]])


def _search(base, added, light, aim):
    """-> the factor and the angle that reach the aim, (1, saturation, 1, cos, sin) with zeros for none."""
    step = max(1, math.ceil(math.sqrt(light.size / SEARCHED)))
    light, base = light[::step, ::step], base[::step, ::step]
    added = 0 if added is None else added[::step, ::step]

    def mean(name, factor, angle):
        return _mean(fullres.srgb(light, _turned(base, factor, angle) + added), name)

    factor, angle, hue = 1.0, 0.0, math.atan2(aim[4], aim[3]) / (2 * math.pi)
    for _ in range(2):  # the gamut is not round, so each changes the other slightly
        if aim[2]:
            angle = _angle(lambda turn, f=factor: _difference(hue, mean("hue", f, turn)), angle)
        if aim[0]:
            low, high = 0.0, STRONGEST
            for _ in range(HALVINGS):
                factor = (low + high) / 2
                low, high = (low, factor) if mean("saturation", factor, angle) > aim[1] else (factor, high)
        if not (aim[0] and aim[2]):
            break
    return factor, angle


def _angle(left, angle):
    """-> the angle that leaves the least hue difference: by repeated turns, or by bisection if these fail."""
    tried = []
    for _ in range(6):
        tried.append((angle, left(angle)))
        if abs(tried[-1][1]) <= NEAR / 4:
            break
        angle += tried[-1][1]
    best = min(tried, key=lambda pair: abs(pair[1]))
    if abs(best[1]) <= NEAR:
        return best[0]
    around = [(i / TURNS, left(i / TURNS)) for i in range(TURNS + 1)]
    for (low, one), (high, other) in list(itertools.pairwise(around)):
        if one * other <= 0 and abs(one - other) < 0.5:  # a zero crossing, not the jump opposite to it
            for _ in range(6):
                middle = (low + high) / 2
                around.append((middle, left(middle)))
                low, high = (middle, high) if around[-1][1] * one > 0 else (low, middle)
    return min([best, *around], key=lambda pair: abs(pair[1]))[0]


def _difference(one, other):
    """-> the difference of two hues, in turns, -0.5 to 0.5."""
    return (one - other + 0.5) % 1 - 0.5


def _mean(rgb, name):
    """-> `models.objectives.controls.value` of a picture, in a fast form."""
    hue, saturation, _ = cv2.split(cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2HSV))
    if name == "saturation":
        return float(saturation.mean())
    angle = hue * np.float32(math.pi / 180)
    x, y = (saturation * np.cos(angle)).mean(), (saturation * np.sin(angle)).mean()
    return math.atan2(y, x) / (2 * math.pi) % 1
