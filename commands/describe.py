"""`--dry-run`: the configuration that a command would use, and the networks' sizes."""

from __future__ import annotations

from colorgan.commands import common
from colorgan.models import discriminators, generators
from colorgan.settings import flags


def run(command: flags.Command) -> int:
    """Print the configuration that the command would use, of each run that it names, and the networks' sizes."""
    paths = common.named_runs(command)
    for path in paths or [""]:
        meant = common.for_run(command, path) if path else command
        own = None if command.mode == "train" else common.described(meant)
        config = common.stored_config(meant, own) if own else command.config
        if own is None:  # what trains is looked at; what was trained is there
            common.check_names(config)
        if len(paths) > 1:
            print(f"{path}:")
        print(config.to_json(), end="")
        for name, module in (("generator", generators), ("discriminator", discriminators)):
            print(f"{name}: {getattr(config.architecture, name)}, {module.build(config).count_params():,} parameters")
    return 0
