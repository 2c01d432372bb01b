"""A run's objective: which terms it has, their weights, and their reduction. The only place that weighs and reduces.

Every function takes tensors and returns `(loss, {log key: scalar})`, both *shares of the global batch*: sums over this
replica's images divided by the images of all replicas, so that summing over replicas (as Keras does with gradients)
gives the mean over the global batch. Imports `settings.config` and the term files; never a network.
"""

from __future__ import annotations

from keras import ops

from colorgan.models.objectives import adversarial, controls, reconstruction
from colorgan.settings.config import Objective


def share(values, global_batch):
    """This replica's share of a mean over the global batch.

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
    """-> {quantity: desired mean} of those that have one, whatever their weight; see `controls.NAMES`."""
    desired = {name: getattr(objective, f"desired_{name}") for name in controls.NAMES}
    return {name: value for name, value in desired.items() if value is not None}


def needs_rgb(objective: Objective) -> bool:
    """-> whether a term looks at what is generated as a picture: a control or the perceptual term."""
    return bool(_weighted_controls(objective)) or _has_features(objective)


def discriminator_loss(objective: Objective, *, real_logits, fake_logits, global_batch, gradient_penalty=None, r1=None):
    """What the discriminator minimizes (Nazeri et al. 2018, eq. (4)): `d/real` + `d/fake`, and its penalties.

    Args:
        objective: names the adversarial loss, label smoothing and the penalties' weights.
        real_logits, fake_logits: [B, ...] float32 logits on real and on generated pictures, B of each.
        global_batch: the sum of that B over all replicas: half of `--batch-size` with `--d-batches halves`.
        gradient_penalty: [B] float32 of `penalties.gradient_penalty`, weighted with `gp_weight`.
        r1: [B] float32 of `penalties.r1`, weighted with `r1_weight`.

    Returns:
        (loss, logs) with `d/real` and `d/fake`, the loss on each; `d/gap`, the mean logit on real minus that on
        generated pictures; `d/accuracy`, the share of patches judged rightly (not for a critic, which judges none);
        `d/gp` and `d/r1` unweighted, where given; and `d/loss`, the weighted sum.

    Raises:
        ValueError: if the adversarial loss is unknown or has no use for the smoothed labels asked for, or if a penalty
            that it or `r1_weight` asks for is not given.
    """
    terms = adversarial.get(objective.adversarial)
    _check_discriminator(objective, terms, gradient_penalty, r1)
    label = adversarial.SMOOTH_REAL_LABEL if objective.label_smoothing else 1.0
    real = share(terms.real(real_logits, label), global_batch)
    fake = share(terms.fake(fake_logits), global_batch)
    logs = {"d/real": real, "d/fake": fake}
    logs["d/gap"] = share(real_logits, global_batch) - share(fake_logits, global_batch)
    if terms.boundary is not None:
        right = share(real_logits > terms.boundary, global_batch) + share(fake_logits < terms.boundary, global_batch)
        logs["d/accuracy"] = right / 2
    loss = real + fake
    for name, weight, values in (
        ("d/gp", objective.gp_weight, gradient_penalty),
        ("d/r1", objective.r1_weight, r1),
    ):
        if values is not None:
            logs[name] = share(values, global_batch)
            loss = loss + weight * logs[name]
    return loss, {**logs, "d/loss": loss}


def generator_loss(
    objective: Objective,
    *,
    predicted,
    truth,
    fake_logits,
    global_batch,
    rgb=None,
    cross_entropy=None,
    feature_distance=None,
):
    """What the generator minimizes: the adversarial term, L1 (Nazeri et al. 2018, eq. (5)) and what else is weighted.

    Args:
        objective: names the terms and their weights; a term of weight 0 is left out, and its argument may be None.
        predicted, truth: [B, H, W, C] float32 scaled colour.
        fake_logits: [B, ...] float32 logits on `predicted`.
        global_batch: images over all replicas.
        rgb: [B, H, W, 3] float32 sRGB in [0, 1], the picture of `predicted`, for the controlled quantities.
        cross_entropy: [B, H, W, 1] float32, of the bins that a head predicted.
        feature_distance: [B] float32 of `features.distance`.

    Returns:
        (loss, logs) with `g/adv`, `g/l1`, `g/classification`, `g/features`, `g/saturation`, `g/hue`, `g/red`,
        `g/green` and `g/blue`, those that there are, unweighted, and `g/loss`, their weighted sum.

    Raises:
        ValueError: if no term is left, or if what a term needs is None.
    """
    terms = {}
    if objective.adversarial_weight:
        _need(fake_logits, "fake_logits", "--adversarial-weight")
        values = adversarial.get(objective.adversarial).generator(fake_logits)
        terms["g/adv"] = (objective.adversarial_weight, values)
    if objective.l1_weight:
        terms["g/l1"] = (objective.l1_weight, reconstruction.l1(predicted, truth))
    if objective.classification_weight:
        _need(cross_entropy, "cross_entropy", "--classification-weight")
        terms["g/classification"] = (objective.classification_weight, cross_entropy)
    if _has_features(objective):
        _need(feature_distance, "feature_distance", "--feature-model")
        terms["g/features"] = (objective.feature_weight, feature_distance)
    for name, (weight, desired) in _weighted_controls(objective).items():
        _need(rgb, "rgb", f"--desired-{name}")
        terms[f"g/{name}"] = (weight, controls.term(rgb, name, desired))
    check_terms(objective)
    return _weigh(terms, global_batch)


def check_terms(objective: Objective) -> None:
    """Whether the generator has something to minimize.

    Raises:
        ValueError: if every term's weight is 0.
    """
    weights = (objective.adversarial_weight, objective.l1_weight, objective.classification_weight)
    if not (any(weights) or _has_features(objective) or _weighted_controls(objective)):
        raise ValueError(
            "The generator has nothing to minimize: `--adversarial-weight` and `--l1-weight` are both 0, and no other "
            "term is set. Give one of them a weight"
        )


def pretrain_loss(objective: Objective, kind, *, predicted, truth, global_batch, cross_entropy=None):
    """What the generator minimizes before there is a discriminator.

    Args:
        objective: the term's weight. Adam ignores the scale of a loss, but its moments go on into the adversarial
            phase and should fit there, so the weight is kept; of one term alone, where it is 0, as the term ends with
            the pre-training, it is 1 here.
        kind: `l1`, `classification` or `both`, as `--pretrain`.
        predicted, truth: [B, H, W, C] float32 scaled colour; `classification` does not look at them.
        global_batch: images over all replicas.
        cross_entropy: [B, H, W, 1] float32, of the bins that a head predicted; `l1` does not look at it.

    Returns:
        (loss, logs) with `g/l1`, `g/classification`, unweighted, those that there are, and `g/loss`.

    Raises:
        ValueError: if the kind is unknown, `both` lacks a weight, or `cross_entropy` is None where it is needed.
    """
    if kind not in ("l1", "classification", "both"):
        raise ValueError(f"Unknown `--pretrain` {kind!r}. Known: l1, classification, both")
    if kind == "both" and not (objective.l1_weight and objective.classification_weight):
        raise ValueError("`--pretrain both` needs --l1-weight and --classification-weight above 0")
    terms = {}
    if kind != "classification":
        terms["g/l1"] = (objective.l1_weight or 1.0, reconstruction.l1(predicted, truth))
    if kind != "l1":
        _need(cross_entropy, "cross_entropy", f"--pretrain {kind}")
        terms["g/classification"] = (objective.classification_weight or 1.0, cross_entropy)
    return _weigh(terms, global_batch)


def _weigh(terms, global_batch):
    """{log key: (weight, unreduced values)} -> (loss, logs)."""
    logs = {name: share(values, global_batch) for name, (_, values) in terms.items()}
    loss = sum(weight * logs[name] for name, (weight, _) in terms.items())
    return loss, {**logs, "g/loss": loss}


def _has_features(objective):
    return bool(objective.feature_model and objective.feature_weight)


def _weighted_controls(objective):
    """-> {quantity: (weight, desired mean)} of the control terms that count."""
    weights = {name: getattr(objective, f"{name}_weight") for name in controls.NAMES}
    return {name: (weights[name], desired) for name, desired in controlled(objective).items() if weights[name]}


def _need(values, argument, flag):
    if values is None:
        raise ValueError(f"`{flag}` sets a term of the generator's loss that needs `{argument}`. Received: None")


def _check_discriminator(objective, terms, gradient_penalty, r1):
    if objective.label_smoothing and terms.boundary is None:
        labelled = ", ".join(name for name, loss in adversarial.ADVERSARIAL.items() if loss.boundary is not None)
        raise ValueError(
            f"`--label-smoothing` has no meaning with `--adversarial {objective.adversarial}`, whose critic has no "
            f"labels. Received: True. Leave it out, or choose an adversarial loss that has: {labelled}"
        )
    if terms.penalized and objective.gp_weight and gradient_penalty is None:
        raise ValueError(
            f"`--adversarial {objective.adversarial}` needs `gradient_penalty`, unless --gp-weight is 0. Received: None"
        )
    if objective.r1_weight and r1 is None:
        raise ValueError("`--r1-weight` sets a penalty that needs `r1`. Received: None")
