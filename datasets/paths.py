"""The meaning of `--dataset-path`, the same for all data sets. Imports `settings.config`."""

from __future__ import annotations

from pathlib import Path

from colorgan.settings.config import folder_name

DEFAULT = Path("dataset")  # ./dataset, as the original spells it


def locate(data) -> Path | None:
    """-> the folder of the data set's files; None: there is none, and TensorFlow Datasets is used.

    `./dataset` means `./dataset/DATASET`, the default, which may be missing. Any other folder was named by the user, so
    its absence is an error.

    Args:
        data: config.Data.

    Raises:
        ValueError: if a named folder is not there.
    """
    path, own = Path(data.dataset_path).expanduser(), DEFAULT / folder_name(data.dataset)
    if path == DEFAULT:
        path = own
    if path.is_dir():
        return path
    if path == own:
        return None
    wrong = "is not a folder" if path.exists() else "is not there"
    what = "photographs." if data.dataset == "folder" else f"{data.dataset}'s files, or leave the flag out."
    raise ValueError(f"`--dataset-path`: {path} {wrong}. Name the folder of {what}")


def no_held_out(data, root=None, found=()):
    """-> the ValueError for an empty validation split of the photographs found below a folder."""
    if len(found) == 1:
        return ValueError(
            f"`--dataset-path`: {root} has only one usable photograph, {next(iter(found))}, so none can be held out. "
            "Give hundreds to learn colours. Or train on this photograph, as a trial, with --validate False --sample "
            "False."
        )
    return ValueError(
        f"`--validation-fraction`: no image of {data.dataset} is held out for validation. Received:"
        f" {data.validation_fraction:g}. Give a larger share, or train without validation: --validate False --sample "
        "False."
    )
