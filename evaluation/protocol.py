"""The protocol of an evaluation: what was measured and how, needed to compare its numbers.

Owns its lines and the fingerprints of pictures. Imports `evaluation.definitions`.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version

import numpy as np

from colorgan.evaluation import definitions

SAME_L = 1e-3  # Lab units: largest difference of L that counts as none (float32 rounds at 1e-5)
PACKAGES = ("colorgan", "tensorflow", "keras", "numpy", "scikit-image", "pillow")


def take_in(digest, pictures):
    """Add pictures, [B, H, W, 3] uint8, to a SHA-256 fingerprint: height x width and bytes of each."""
    for picture in pictures:
        digest.update(f"{picture.shape[0]}x{picture.shape[1]}".encode() + np.ascontiguousarray(picture).data)


def protocol(
    description: str | Mapping,
    measured,
    *,
    names: Sequence[str],
    omitted: Mapping[str, str],
    desired: Mapping[str, float],
    intervals: Mapping,
    feature_network: str,
) -> dict:
    """-> the lines of the block above every table: {name: text or {name: text}}.

    Args:
        description: of the images: a line, or {name: value} for several lines.
        measured: facts from the stream: `sizes`, {"height x width": number of images}; `truth`, the photographs'
            SHA-256; `given`, {model: SHA-256} for models with given instead of predicted pictures; `l_difference`,
            {model: largest difference of its L from the truth's}.
        names: the metrics.
        omitted: {metric: why it is left out}.
        desired: {control: desired value}.
        intervals: the text of `bootstrap`.
        feature_network: the network for FID and KID; empty: they were not measured.
    """
    given, l_difference = measured.given, measured.l_difference
    own_l = {name: d > SAME_L for name, d in l_difference.items()}
    fingerprints = {name: f"sha256 {digest.hexdigest()}" for name, digest in given.items()}
    return {
        **({"dataset": description} if isinstance(description, str) else description),
        "n": sum(measured.sizes.values()),
        "size (height x width)": measured.sizes,
        "fingerprint of the truth": f"sha256 {measured.truth.hexdigest()} (of each image: height x width, RGB bytes)",
        **({"fingerprint of the results": fingerprints} if given else {}),
        "Lab metrics": {
            name: "of the 8-bit picture" if name in given else "of the prediction, before colours are fitted into sRGB"
            for name in l_difference
        },
        "predicted": {name: "L, a and b (RGB)" if own else "a and b" for name, own in own_l.items()},
        "L in the epsilon accuracy": {
            name: f"the result's own, up to {l_difference[name]:.3g} off"
            if own
            else "the truth's: a and b alone decide"
            for name, own in own_l.items()
        },
        **({"desired": dict(desired)} if desired else {}),
        **intervals,
        "delivered": "8-bit sRGB; colours outside the gamut lose chroma at constant L and hue",
        **({"feature network": feature_network} if feature_network else {}),
        "definitions": {name: definitions.metric(name).definition for name in names},
        "omitted": dict(omitted),
        "versions": ", ".join(
            [*(f"{name} {version(name)}" for name in PACKAGES), f"Python {platform.python_version()}"]
        ),
    }


def bootstrap(
    undefined: Mapping[str, Mapping[str, int]],
    by_class: Mapping[str, Mapping[str, int]],
    *,
    resamples: int,
    seed: int,
    class_word: str,
) -> dict:
    """-> the protocol's lines on the intervals: their method, and missing resamples.

    Args:
        undefined: {model: {metric: resamples in which it does not exist}}, as `statistics.undefined` gives them.
        by_class: {"class, model": the same for its table}.
        resamples, seed: of the bootstrap.
        class_word: the word for a class.
    """

    def listed(lacking):
        return {
            title: f"{', '.join(f'{metric} in {n}' for metric, n in counts.items())} of {resamples}, left out"
            for title, counts in lacking.items()
            if counts
        }

    lines = {
        "intervals": f"95 % percentile bootstrap over images, {resamples} resamples, seed {seed}; none of one image",
        "undefined resamples": listed(undefined),
        f"undefined resamples by {class_word}": listed(by_class),
    }
    return {line: content for line, content in lines.items() if content}
