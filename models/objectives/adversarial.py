"""Adversarial losses on logits, for the discriminator and the generator, unreduced.

Pure functions of [B, ...] float32 logits, returning the same shape; weights and reduction live in `compose.py`.
Imports nothing of ours.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from keras import ops

from colorgan.settings import nearest

SMOOTH_REAL_LABEL = 0.9  # one-sided label smoothing: Salimans et al. 2016, section 3.4


class AdversarialLoss(NamedTuple):
    """The three terms of an adversarial game, each logits -> loss.

    `real(logits, label)` and `fake(logits)` are the discriminator's losses on real and generated pictures; `label` is
    the real label, 1 or smoothed. `generator(logits)` is the generator's loss on its pictures. Above the logit
    `boundary` the discriminator takes a picture for real; None for a critic, whose values have no zero. `penalized`:
    whether the loss needs the gradient penalty (`penalties.py`).
    """

    real: Callable
    fake: Callable
    generator: Callable
    boundary: float | None
    penalized: bool = False


def cross_entropy(logits, label):
    """Sigmoid cross-entropy -label log s(x) - (1 - label) log(1 - s(x)), in a form that does not overflow.

    The usual form with relu and abs has the slope -label at a logit of exactly 0, where it should be 1/2 - label.
    """
    return label * ops.softplus(-logits) + (1 - label) * ops.softplus(logits)


ADVERSARIAL = {
    # Goodfellow et al. 2014, section 3, and Nazeri et al. 2018, eq. (3)-(4): the generator maximizes log D.
    "non-saturating": AdversarialLoss(
        real=cross_entropy,
        fake=lambda logits: cross_entropy(logits, 0.0),
        generator=lambda logits: cross_entropy(logits, 1.0),
        boundary=0.0,
    ),
    # Mao et al. 2017, eq. (9): targets 1 for real, 0 for generated, 1 for the generator.
    "least-squares": AdversarialLoss(
        real=lambda logits, label: (logits - label) ** 2 / 2,
        fake=lambda logits: logits**2 / 2,
        generator=lambda logits: (logits - 1) ** 2 / 2,
        boundary=0.5,  # half-way between the targets
    ),
    # Lim and Ye 2017; Miyato et al. 2018, eq. (16)-(17). A smoothed label moves the margin.
    "hinge": AdversarialLoss(
        real=lambda logits, label: ops.relu(label - logits),
        fake=lambda logits: ops.relu(1 + logits),
        generator=lambda logits: -logits,
        boundary=0.0,
    ),
    # Arjovsky et al. 2017, eq. (2)-(3), with the penalty of Gulrajani et al. 2017, eq. (3). There are no labels:
    # `settings/rules.py` refuses a smoothed one.
    "wgan-gp": AdversarialLoss(
        real=lambda logits, label: -logits,
        fake=lambda logits: logits,
        generator=lambda logits: -logits,
        boundary=None,
        penalized=True,
    ),
}


def get(name) -> AdversarialLoss:
    """-> the loss of that name.

    Raises:
        ValueError: if it is unknown (the known ones are listed).
    """
    if name not in ADVERSARIAL:
        raise ValueError(nearest.unknown("`--adversarial`", name, ADVERSARIAL))
    return ADVERSARIAL[name]
