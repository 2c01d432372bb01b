"""A network in ONNX Runtime, and the way from a photograph to its colours and back."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import numpy as np
import onnxruntime

from .imaging import fullres, modes, working

NETWORK = Path(__file__).with_name("photo.onnx")


class Colorizer:
    """Colorizes pictures of any size and depth, like `colorgan.Colorizer`.

    Args:
        session: an `onnxruntime.InferenceSession` of a network exported by colorgan.
        work_size: most pixels of the shorter side that the network sees.
        ab_scale: Lab units for 1 in its results.

    Raises:
        ValueError: if `work_size` is less than 1.
    """

    def __init__(self, session, *, work_size: int, ab_scale: float):
        if work_size < 1:
            raise ValueError(f"`work_size` must be at least 1. Received: {work_size}")
        self.session, self.work_size, self.ab_scale = session, work_size, ab_scale

    @classmethod
    def load(cls, found="photo", *, work_size: int = 0) -> Colorizer:
        """Load a network.

        Args:
            found: `photo`, the network inside this package, or the path of an ONNX file that colorgan exported from
                weights for Lab, without `--steering`; its description, `NAME.onnx.json`, lies next to it.
            work_size: see the class; 0: from the description.

        Raises:
            FileNotFoundError: if the file or its description is not there.
            ValueError: if the file is damaged, the network needs more than a gray picture, or does not predict Lab.
        """
        path = NETWORK if found == "photo" else Path(found)
        said = json.loads(path.with_name(f"{path.name}.json").read_text(encoding="utf-8"))
        if missing := {"color_space", "inputs", "ab_scale", "working_size"} - set(said):
            raise ValueError(f"{path.name}.json lacks {', '.join(sorted(missing))}: export the network again.")
        content = path.read_bytes()
        if said.get("sha256", digest := hashlib.sha256(content).hexdigest()) != digest:
            raise ValueError(f"{path} is damaged: its SHA-256 is {digest}, {said['sha256']} is expected.")
        needs = [one["name"] for one in said["inputs"]]
        if said["color_space"] != "lab" or needs != ["gray"]:
            raise ValueError(
                f"{path} takes {', '.join(needs)} and predicts {said['color_space']}. Export weights that predict lab, "
                "without --steering."
            )
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3  # errors
        # All cores of this process; by default ONNX Runtime takes half of them on a hyper-threaded machine.
        options.intra_op_num_threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0
        session = onnxruntime.InferenceSession(content, options, providers=onnxruntime.get_available_providers())
        return cls(session, work_size=work_size or said["working_size"]["shorter_side"], ab_scale=said["ab_scale"])

    def colorize(self, image: np.ndarray, *, saturation: float = 1.0, flip_average: bool = False) -> np.ndarray:
        """Colorize a picture at its size and depth; its lightness does not change.

        Args:
            image: [H, W], [H, W, 1] or [H, W, 3] uint8 or uint16 sRGB, or with alpha in a further channel, [H, W, 2] or
                [H, W, 4]. Colours, if any, are ignored.
            saturation: factor on a and b, 0 to 10.
            flip_average: also predict the mirrored picture, and take the mean.

        Returns:
            [H, W, 3] sRGB of the input's type, or [H, W, 4] with its alpha unchanged.

        Raises:
            ValueError: if the array has another shape or type, or `saturation` is out of its range.
        """
        pixels, alpha = modes.parts(image)
        rgb = fullres.join(pixels, self.colors(pixels, saturation=saturation, flip_average=flip_average))
        return rgb if alpha is None else np.dstack([rgb, alpha])

    def colors(self, pixels: np.ndarray, *, saturation: float = 1.0, flip_average: bool = False) -> np.ndarray:
        """[H, W] or [H, W, 3] uint8 or uint16 -> [h, w, 2] float32, a and b in Lab units at the working size."""
        if not 0 <= saturation <= 10:
            raise ValueError(f"`saturation` must lie in 0..10. Received: {saturation}")
        gray = fullres.lightness(working.shrink(pixels, self.work_size))[None, ..., None] / np.float32(50) - 1
        ab = self._predicted(gray)
        if flip_average:
            ab = (ab + self._predicted(np.ascontiguousarray(gray[:, :, ::-1]))[:, :, ::-1]) / 2
        return ab[0] * np.float32(self.ab_scale * saturation)

    def _predicted(self, gray):
        return self.session.run(["color"], {"gray": gray})[0]
