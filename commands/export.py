"""`--mode export`: a trained generator as a file for TensorFlow, ONNX or LiteRT."""

from __future__ import annotations

from pathlib import Path

from colorgan.commands import common
from colorgan.serving import export
from colorgan.settings import flags


def run(command: flags.Command) -> None:
    """Write the file that `--output` names in `--format`, and print how far its results are from Keras'."""
    wanted = command.config.colorizing
    if wanted.format not in export.FORMATS or not wanted.test_output:
        raise flags.UsageError(
            f"`export` needs --output, the name of the file, and --format, one of {', '.join(export.FORMATS)}. "
            f"Received: --output {wanted.test_output or 'none'} --format {wanted.format or 'none'}"
        )
    colorizer, config = common.trained(command)
    path = Path(wanted.test_output)
    options = {"format": wanted.format, "steering": command.config.evaluation.steering, "overwrite": wanted.overwrite}
    parity = export.export(colorizer.generator, config, path, **options)
    print(f"{path}, and {path.name}.json with its ranges and an example of its use.")
    print("Difference from Keras on random pictures, in scaled colour:")
    for one in parity:
        batch, height, width = one.size
        print(f"  {batch} of {height} x {width}: at most {one.max_error:.2g}, on average {one.mean_error:.2g}")
