"""`--dry-run`: the configuration that a command would use, and the networks' sizes."""

from __future__ import annotations

from colorgan import flags
from colorgan.commands import common
from colorgan.models import discriminators, generators


def run(command: flags.Command) -> int:
    """Print the configuration that the command would use and the networks' parameter counts."""
    own = None if command.mode == "train" else common.described(command)
    config = common.stored_config(command, own) if own else command.config
    common.check_names(config)
    print(config.to_json(), end="")
    for name, module in (("generator", generators), ("discriminator", discriminators)):
        print(f"{name}: {getattr(config.architecture, name)}, {module.build(config).count_params():,} parameters")
    return 0
