"""A run's objective: its terms, their weights and their reduction. Only this file weights and reduces.

A term is a row: the setting for its weight, its inputs, and its function. The losses take the inputs by name, as
tensors, or as functions that are called only if a term needs them. They return `(loss, {log key: scalar})`, both
*shares of the global batch*: sums over this replica's images, divided by the images of all replicas. Summing over
replicas, as Keras does with gradients, gives the mean over the global batch. Imports `settings.config` and the term
files; never a network.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from keras import ops

from colorgan.models.objectives import adversarial, controls
from colorgan.settings.config import Objective


@dataclass(frozen=True)
class Term:
    """One term of a loss.

    Attributes:
        name: its log key.
        setting: the setting for its weight; 0: the run does not have it.
        looks_at: names of its function's inputs.
        values: function(objective, *inputs) -> [B, ...], unreduced.
        weight: function(objective) -> its weight, if that is not just the setting's value.
    """

    name: str
    setting: str
    looks_at: tuple[str, ...]
    values: Callable = lambda objective, value: value
    weight: Callable | None = None

    def weighs(self, objective):
        """-> its weight in a run of this objective."""
        return self.weight(objective) if self.weight else getattr(objective, self.setting)


def _control(name):
    def weight(objective):
        return 0.0 if getattr(objective, f"desired_{name}") is None else getattr(objective, f"{name}_weight")

    def values(objective, rgb):
        return controls.term(rgb, name, getattr(objective, f"desired_{name}"))

    return Term(f"g/{name}", f"{name}_weight", ("rgb",), values, weight)


# What a generator may minimize, and what its terms look at:
#   fake_logits [B, ...] float32, the discriminator's logits on what is generated
#   predicted, truth [B, H, W, C] float32, scaled colour
#   cross_entropy [B, H, W, 1] float32, of the bins that a head predicted
#   feature_distance [B] float32, of `features.distance`
#   rgb [B, H, W, 3] float32 sRGB in [0, 1], the picture of `predicted`
GENERATOR_TERMS = (
    Term(
        "g/adv",
        "adversarial_weight",
        ("fake_logits",),
        lambda o, logits: adversarial.get(o.adversarial).generator(logits),
    ),
    # Nazeri et al. 2018, eq. (5).
    Term("g/l1", "l1_weight", ("predicted", "truth"), lambda o, predicted, truth: ops.abs(predicted - truth)),
    Term("g/classification", "classification_weight", ("cross_entropy",)),
    Term(
        "g/features",
        "feature_weight",
        ("feature_distance",),
        weight=lambda o: o.feature_weight if o.feature_model else 0.0,
    ),
    *map(_control, controls.NAMES),
)
# Penalties of the discriminator: [B] float32 of `penalties.gradient_penalty` and `penalties.r1`.
PENALTIES = (
    Term(
        "d/gp",
        "gp_weight",
        ("gradient_penalty",),
        weight=lambda o: o.gp_weight if adversarial.get(o.adversarial).penalized else 0.0,
    ),
    Term("d/r1", "r1_weight", ("r1",)),
)
PRETRAINING = {"l1": ("g/l1",), "classification": ("g/classification",), "both": ("g/l1", "g/classification")}


def share(values, global_batch):
    """-> this replica's share of a mean over the global batch.

    Args:
        values: [B, ...] unreduced; B is this replica's number of images.
        global_batch: images over all replicas.

    Returns:
        Scalar float32: the sum over images of each image's mean, divided by `global_batch`.
    """
    values = ops.cast(values, "float32")
    per_image = ops.mean(ops.reshape(values, (ops.shape(values)[0], -1)), axis=1)
    return ops.sum(per_image) / global_batch


def controlled(objective: Objective) -> dict[str, float]:
    """-> {quantity: desired mean} for the quantities that have one, at any weight; see `controls.NAMES`."""
    desired = {name: getattr(objective, f"desired_{name}") for name in controls.NAMES}
    return {name: value for name, value in desired.items() if value is not None}


def discriminator_loss(objective: Objective, *, real_logits, fake_logits, global_batch, **seen):
    """Compute the discriminator's loss (Nazeri et al. 2018, eq. (4)): `d/real` + `d/fake`, and its penalties.

    Args:
        objective: names the adversarial loss, label smoothing and the penalties' weights.
        real_logits, fake_logits: [B, ...] float32 logits on real and on generated pictures, B of each.
        global_batch: the sum of that B over all replicas: half of `--batch-size` with `--d-batches halves`.
        seen: the inputs of `PENALTIES`.

    Returns:
        (loss, logs) with `d/real` and `d/fake`, the loss on each; `d/gap`, the mean logit on real minus that on
        generated pictures; `d/accuracy`, the share of patches judged correctly (not for a critic); the run's penalties,
        unweighted; and `d/loss`, the weighted sum.
    """
    terms = adversarial.get(objective.adversarial)
    label = adversarial.SMOOTH_REAL_LABEL if objective.label_smoothing else 1.0
    real = share(terms.real(real_logits, label), global_batch)
    fake = share(terms.fake(fake_logits), global_batch)
    logs = {"d/real": real, "d/fake": fake}
    logs["d/gap"] = share(real_logits, global_batch) - share(fake_logits, global_batch)
    if terms.boundary is not None:
        right = share(real_logits > terms.boundary, global_batch) + share(fake_logits < terms.boundary, global_batch)
        logs["d/accuracy"] = right / 2
    penalty, penalties = _weighed(PENALTIES, objective, global_batch, seen)
    loss = real + fake + penalty
    return loss, {**logs, **penalties, "d/loss": loss}


def generator_loss(objective: Objective, *, global_batch, **seen):
    """Compute the generator's loss: the adversarial term, L1 (Nazeri et al. 2018, eq. (5)) and all other weighted
    terms.

    Args:
        objective: the terms' weights.
        global_batch: images over all replicas.
        seen: the inputs of `GENERATOR_TERMS`.

    Returns:
        (loss, logs) with the run's terms, unweighted, and `g/loss`, their weighted sum.
    """
    loss, logs = _weighed(GENERATOR_TERMS, objective, global_batch, seen)
    return loss, {**logs, "g/loss": loss}


def check_terms(objective: Objective) -> None:
    """Check that the generator has something to minimize.

    Raises:
        ValueError: if every term's weight is 0.
    """
    if not any(term.weighs(objective) for term in GENERATOR_TERMS):
        raise ValueError(
            "The generator has nothing to minimize: `--adversarial-weight` and `--l1-weight` are both 0, and no other "
            "term is set. Give one of them a weight above 0."
        )


def pretrain_loss(objective: Objective, kind, *, global_batch, **seen):
    """Compute the generator's loss in pre-training, before there is a discriminator.

    Args:
        objective: the terms' weights. Adam ignores the scale of a loss, but its moments go on into the adversarial
            phase and should fit there, so the weight is kept; where it is 0, as the term ends with the pre-training,
            it is 1 here.
        kind: one of `PRETRAINING`, as `--pretrain`.
        global_batch: images over all replicas.
        seen: the inputs of these terms.

    Returns:
        (loss, logs) with the terms, unweighted, and `g/loss`.
    """
    terms = [term for term in GENERATOR_TERMS if term.name in PRETRAINING[kind]]
    loss, logs = _weighed(terms, objective, global_batch, seen, instead_of_0=1.0)
    return loss, {**logs, "g/loss": loss}


def _weighed(terms, objective, global_batch, seen, *, instead_of_0=0.0):
    """-> the weighted sum of the terms with a weight, and {log key: unweighted term}."""
    loss, logs = 0.0, {}
    for term in terms:
        if weight := term.weighs(objective) or instead_of_0:
            given = [seen[name]() if callable(seen[name]) else seen[name] for name in term.looks_at]
            logs[term.name] = share(term.values(objective, *given), global_batch)
            loss = loss + weight * logs[term.name]
    return loss, logs
