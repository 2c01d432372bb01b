"""One number per picture: the metrics' formulas, on arrays, in float64.

Pure functions of batches; no state, no names of tables. Imports `models.color` only.
"""

from __future__ import annotations

import functools

import numpy as np
from skimage.metrics import structural_similarity

from colorgan.models import color

SSIM_WINDOW = 7  # scikit-image's default
# Mean squared error of rounding to whole numbers, uniform within half a unit: the resolution of 8-bit pictures. It is
# the least error in PSNR, which would be infinite for identical pictures, such as results of gray photographs. With 100
# dB for these, the one per cent of them in CIFAR-10 counted as much as all differences of colorizers.
ROUNDING_MSE = 1 / 12
PSNR_CAP = 10 * np.log10(255.0**2 / ROUNDING_MSE)
AUC_THRESHOLDS = np.arange(151)
EPS_SLACK = np.array([1.0, 2.2, 2.2])  # Nazeri et al. 2018: factor on the threshold for a and b
BIN_SIZE = 10  # Lab units; bins are centred on its multiples, a and b in -110 .. 110
BINS = 23
REBALANCE_LAMBDA = 0.5
REBALANCE_SIGMA = 5.0
NO_HUE = 1e-4  # a mean hue vector, weighted by saturation, has no angle if it is shorter


def epsilon_accuracy(truth_lab, result_lab, *, threshold):
    """Nazeri et al. 2018, section 4: share of pixels close in all of L, a and b, each rounded to an integer.

    Args:
        truth_lab, result_lab: [B, H, W, 3] float, Lab.
        threshold: e > 0, Lab units: |dL| <= e, |da| <= 2.2 e, |db| <= 2.2 e.

    Returns:
        [B] float64 in [0, 1].
    """
    difference = np.abs(np.rint(truth_lab) - np.rint(result_lab))
    # Differences are whole numbers: the small margin lets 2.2 e reach the whole number that it equals.
    limit = EPS_SLACK * threshold + 1e-9
    return (difference <= limit).all(axis=-1).mean(axis=(1, 2))


def psnr(truth_rgb, result_rgb):
    """[B, H, W, 3] uint8 twice -> [B] float64 dB, at most `PSNR_CAP`: errors below `ROUNDING_MSE` count as that."""
    error = np.mean((truth_rgb.astype(np.float64) - result_rgb) ** 2, axis=(1, 2, 3))
    return 10 * np.log10(255.0**2 / np.maximum(error, ROUNDING_MSE))


def ssim(truth_rgb, result_rgb):
    """Wang et al. 2004 with scikit-image's defaults. [B, H, W, 3] uint8 twice -> [B] float64 in [-1, 1].

    scikit-image raises ValueError for images smaller than its window of 7x7.
    """
    pairs = zip(truth_rgb, result_rgb, strict=True)
    return np.array([structural_similarity(t, r, channel_axis=-1, data_range=255) for t, r in pairs])


def colorfulness(rgb, *, absolute=False):
    """Hasler and Suesstrunk 2003, eq. 2, of each image.

    Args:
        rgb: [B, H, W, 3] uint8, sRGB.
        absolute: use |R-G| and |(R+G)/2-B|, as several papers do; the numbers differ.

    Returns:
        [B] float64, in units of 0..255.
    """
    red, green, blue = np.moveaxis(rgb.astype(np.float64), -1, 0)
    rg, yb = red - green, (red + green) / 2 - blue
    if absolute:
        rg, yb = np.abs(rg), np.abs(yb)
    spread = np.sqrt(rg.var(axis=(1, 2)) + yb.var(axis=(1, 2)))
    return spread + 0.3 * np.sqrt(rg.mean(axis=(1, 2)) ** 2 + yb.mean(axis=(1, 2)) ** 2)


def chroma(lab):
    """[B, H, W, 3] Lab -> [B] float64, mean sqrt(a^2 + b^2), Lab units."""
    return np.hypot(lab[..., 1], lab[..., 2]).mean(axis=(1, 2))


def hue_vector(hsv):
    """-> the mean of the pixels' hue vectors, each with the saturation as length, so grays do not count.

    Args:
        hsv: [B, H, W, 3] float in [0, 1], a turn of hue is 1.

    Returns:
        (cosine, sine): [B] float64 each, in [-1, 1]; their `turns` is the picture's mean hue.
    """
    angle = 2 * np.pi * hsv[..., 0].astype(np.float64)
    weight = hsv[..., 1].astype(np.float64)
    return (weight * np.cos(angle)).mean(axis=(1, 2)), (weight * np.sin(angle)).mean(axis=(1, 2))


def turns(cosine, sine):
    """-> the angle of vectors: [...] float in [0, 1), a turn is 1; NaN if a vector is shorter than `NO_HUE`."""
    cosine, sine = np.asarray(cosine, np.float64), np.asarray(sine, np.float64)
    angle = np.arctan2(sine, cosine) / (2 * np.pi) % 1
    return np.where(np.hypot(cosine, sine) < NO_HUE, np.nan, np.where(angle == 1, 0.0, angle))


def pixel_auc(truth_lab, result_lab):
    """-> the share of the thresholds 0, 1 .. 150 that each pixel's ab distance does not exceed (Zhang 2016).

    A pixel at distance d is a hit at ceil(d), .. 150, which gives the share without a loop over thresholds. Its mean
    over pixels is the mean over thresholds of the share of pixels.

    Args:
        truth_lab, result_lab: [B, H, W, 3] float, Lab.

    Returns:
        [B, H, W] float64 in [0, 1].
    """
    difference = result_lab[..., 1:].astype(np.float64) - truth_lab[..., 1:]
    hits = len(AUC_THRESHOLDS) - np.ceil(np.hypot(difference[..., 0], difference[..., 1]))
    return np.maximum(hits, 0) / len(AUC_THRESHOLDS)


def ab_bin(lab):
    """[..., 3] Lab -> [...] int64 in [0, BINS^2): the bin of `BIN_SIZE` in which its a and b lie; row a, column b."""
    index = np.floor(np.asarray(lab)[..., 1:] / BIN_SIZE + 0.5).astype(np.int64) + BINS // 2
    index = np.clip(index, 0, BINS - 1)
    return index[..., 0] * BINS + index[..., 1]


@functools.cache
def bins_in_gamut() -> int:
    """-> Q, the number of bins whose centre sRGB can show at some whole L in 0..100."""
    centres = (np.arange(BINS) - BINS // 2) * BIN_SIZE
    lab = np.stack(np.meshgrid(np.arange(101), centres, centres, indexing="ij"), axis=-1)
    linear = np.asarray(color.lab_to_linear(lab))
    inside = ((linear >= -1e-5) & (linear <= 1 + 1e-5)).all(axis=-1)
    return int(inside.any(axis=0).sum())


def rebalancing_weights(pixels):
    """Compute the weights of Zhang 2016, eq. 4: rare colours count more.

    Args:
        pixels: [BINS^2] counts of the truth's pixels in each bin of `ab_bin`; at least one pixel.

    Returns:
        [BINS^2] float64, positive; the mean weight of these pixels is 1.
    """
    share = np.reshape(pixels, (BINS, BINS)) / np.sum(pixels)
    position = np.arange(BINS) * BIN_SIZE
    blur = np.exp(-((position[:, None] - position) ** 2) / (2 * REBALANCE_SIGMA**2))
    smooth = blur @ share @ blur
    smooth /= smooth.sum()
    weights = 1 / ((1 - REBALANCE_LAMBDA) * smooth + REBALANCE_LAMBDA / bins_in_gamut())
    return (weights / np.sum(weights * share)).ravel()


def feature_distance(maps, other_maps):
    """Zhang et al. 2018, eq. 1, with all weights 1: the distance of two pictures in a network's maps.

    Args:
        maps, other_maps: [[B, h, w, C] float], a map for each depth, for one and the other picture.

    Returns:
        [B] float64, at most 4 for each depth: vectors of each place have length 1 (zeros stay zeros); the squared
        distance of the two, means over places, summed over depths.
    """
    pairs = zip(map(_directions, maps), map(_directions, other_maps), strict=True)
    return sum(((one - other) ** 2).sum(axis=-1).mean(axis=(1, 2)) for one, other in pairs)


def _directions(vectors):
    vectors = np.asarray(vectors, np.float64)
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.where(length > 0, length, 1)
