"""A run's objective: which terms it has, their weights, and their reduction. The only place that weighs and reduces.

Every function takes tensors and returns `(loss, {log key: scalar})`, both *shares of the global batch*: sums over this
replica's images divided by the images of all replicas, so that summing over replicas (as Keras does with gradients)
gives the mean over the global batch. Imports `config` and the term files; never a network.
"""

from __future__ import annotations

from keras import ops

from colorgan.config import Objective
from colorgan.models.objectives import adversarial, reconstruction


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


def discriminator_loss(objective: Objective, *, real_logits, fake_logits, global_batch):
    """What the discriminator minimizes (Nazeri et al. 2018, eq. (4)): `d/real` + `d/fake`.

    Args:
        objective: names the adversarial loss and label smoothing.
        real_logits, fake_logits: [B, ...] float32 logits on real and on generated pictures.
        global_batch: images over all replicas.

    Returns:
        (loss, logs) with `d/real`, `d/fake`, `d/loss` and `d/accuracy`, the share of patches judged rightly.
    """
    terms = adversarial.get(objective.adversarial)
    label = adversarial.SMOOTH_REAL_LABEL if objective.label_smoothing else 1.0
    real = share(terms.real(real_logits, label), global_batch)
    fake = share(terms.fake(fake_logits), global_batch)
    right = (share(real_logits > 0, global_batch) + share(fake_logits < 0, global_batch)) / 2
    loss = real + fake
    return loss, {"d/real": real, "d/fake": fake, "d/loss": loss, "d/accuracy": right}


def generator_loss(objective: Objective, *, predicted, truth, fake_logits, global_batch):
    """What the generator minimizes (Nazeri et al. 2018, eq. (5)): the adversarial term and the weighted L1.

    Args:
        objective: names the terms and their weights; a term of weight 0 is left out.
        predicted, truth: [B, H, W, C] float32 scaled colour.
        fake_logits: [B, ...] float32 logits on `predicted`, or None when `adversarial_weight` is 0.
        global_batch: images over all replicas.

    Returns:
        (loss, logs) with `g/adv` and `g/l1` unweighted, and `g/loss`, their weighted sum.
    """
    terms = {}
    if objective.adversarial_weight:
        values = adversarial.get(objective.adversarial).generator(fake_logits)
        terms["g/adv"] = (objective.adversarial_weight, values)
    if objective.l1_weight:
        terms["g/l1"] = (objective.l1_weight, reconstruction.l1(predicted, truth))
    if not terms:
        raise ValueError("The generator has nothing to minimize: `--adversarial-weight` and `--l1-weight` are both 0")
    logs = {name: share(values, global_batch) for name, (_, values) in terms.items()}
    loss = sum(weight * logs[name] for name, (weight, _) in terms.items())
    return loss, {**logs, "g/loss": loss}
