"""A photograph that somebody works on: the encoder's maps are kept, so a wish costs only the decoder.

Owns the two compiled halves of a generator, and the preview. The colorizer is an argument. Imports `models`,
`serving.photos`, `imaging.fullres`, `serving.steering` and `serving.alternatives`.
"""

from __future__ import annotations

import copy

import cv2
import numpy as np
import tensorflow as tf
from keras import ops

from colorgan.imaging import fullres, modes, working
from colorgan.models import color, inputs
from colorgan.models.predictor import Predictor
from colorgan.serving import alternatives, photos
from colorgan.serving.steering import Hint, Wishes

PREVIEW = 1280  # most pixels of the longer side
SOFT = 2.0  # blur of the map of doubt, in cells: it hides the decoder's grid


class Opened:
    """An open photograph of a few megabytes. Not for several threads at once.

    Args:
        colorizer: a `Colorizer`.
        image: see `Colorizer.colorize`.

    Attributes:
        size: height and width of the photograph; hints are in its pixels.
        preview: [h, w, 3] uint8, the photograph with at most `PREVIEW` pixels on the longer side, in its original
            colours.

    Raises:
        ValueError: see `Colorizer.colorize`.
    """

    def __init__(self, colorizer, image):
        pixels, _ = modes.parts(image)
        self.size = pixels.shape[:2]
        factor = min(1.0, PREVIEW / max(self.size))
        self.preview = working.resized(pixels, *(max(1, round(side * factor)) for side in self.size))
        self.small = working.shrink(pixels, colorizer.work_size)
        self._halves, self._maps = colorizer.halves, None
        if self._halves is not None:
            colorizer, own = copy.copy(colorizer), colorizer.predictor
            options = {"color_space": own.color_space, "ab_scale": own.ab_scale, "inputs": own.inputs}
            colorizer.predictor = Predictor(self._colors, **options)
        self.colorizer = colorizer

    def colors(self, wishes: Wishes = photos.AUTOMATIC, *, saturation: float = 1.0) -> np.ndarray:
        """-> [h, w, 3] uint8 sRGB, the preview in colour; arguments and errors as for `Colorizer.colorize`."""
        return fullres.join(self.preview, self.predict(wishes, saturation=saturation))

    def predict(self, wishes: Wishes = photos.AUTOMATIC, *, saturation: float = 1.0) -> np.ndarray:
        """-> [h, w, 2] float32, a and b at the working size, Lab units; see `colors`."""
        return photos.predict_ab(self.colorizer, self.small[None], self._settings(saturation), wishes, [self.size])[0]

    def _settings(self, saturation=1.0):
        return photos.Settings(work_size=self.colorizer.work_size, saturation=saturation)

    def doubt(self, size=None) -> np.ndarray:
        """-> [h, w] float32 in [0, 1], the doubt, at the preview's size or at (h, w)."""
        height, width = size or self.preview.shape[:2]
        doubt = cv2.GaussianBlur(alternatives.doubt(self._probabilities()), (0, 0), SOFT)
        return cv2.resize(doubt, (width, height), interpolation=cv2.INTER_LINEAR)

    def suggest(self, x: float, y: float, count: int = 8) -> list[tuple[int, int, int]]:
        """-> likely colours at a place.

        Args:
            x, y: pixels of the photograph.
            count: most colours.

        Returns:
            sRGB colours with the lightness of the place, the most likely first; see `alternatives.suggestions`.
        """
        Wishes(hints=(Hint(x, y, None),)).check(*self.size)
        probabilities = self._probabilities()
        places = [(int(y * h / self.size[0]), int(x * w / self.size[1])) for h, w in _sizes(self.small, probabilities)]
        around = probabilities[tuple(slice(max(0, i - 1), i + 2) for i in places[1])].mean(axis=(0, 1))
        return alternatives.suggestions(around, float(fullres.lightness(self.small)[places[0]]), count)

    def variants(self, count: int = 4, wishes: Wishes = photos.AUTOMATIC) -> list[Wishes]:
        """-> the wishes of visibly different results, `wishes` first; see `alternatives.variants`."""
        light = fullres.lightness(self.small)
        return alternatives.variants(self.predict, self._probabilities(), light, self.size, wishes, count)

    def _probabilities(self):
        """-> [h, w, Q], probabilities of the joint bins, without wishes."""
        self.colorizer.check(photos.AUTOMATIC, self._settings(), doubt=True)
        own = self.colorizer.predictor
        gray = color.gray(self.small[None] / np.float32(255), color_space=own.color_space)
        given = inputs.completed(own.inputs, {}, gray.shape[:3])
        return self._halves.probabilities(self._kept(gray, given), gray, given)[0]

    def _colors(self, gray, given):
        return self._halves.colors(self._kept(gray, given), gray, given)

    def _kept(self, gray, given):
        if self._maps is None:
            self._maps = self._halves.pyramid(gray, given)
        return self._maps


class Halves:
    """A generator in two parts, each compiled once, for pictures of all sizes.

    Args:
        generator: a `generators.Generator`.

    Attributes:
        has_bins: whether it has joint bins.
    """

    def __init__(self, generator):
        self._rows, self.has_bins = generator.inputs, generator.head.kind == "joint-bins"

        def colors(maps, gray, given, **options):
            maps = {float(name): one for name, one in maps.items()}
            return generator.colors(maps, ops.shape(gray)[1:3], given, **options)

        def pyramid(gray, given):
            return {str(reduction): one for reduction, one in generator.pyramid(gray, given).items()}

        self._pyramid, self._colors = _Compiled(pyramid), _Compiled(colors)
        self._bins = _Compiled(lambda *inputs: ops.softmax(colors(*inputs, with_logits=True)[1]))

    def pyramid(self, gray, given):
        """-> the encoder's maps by name; arguments: see `generators.Generator`."""
        return self._pyramid(gray, self._of(given, "picture"))

    def colors(self, maps, gray, given):
        """-> [B, h, w, C] scaled colour."""
        return self._colors(maps, gray, self._of(given, "decoder"))

    def probabilities(self, maps, gray, given) -> np.ndarray:
        """-> [B, h', w', Q] for the joint bins, at the size of the predicted colours."""
        return ops.convert_to_numpy(self._bins(maps, gray, self._of(given, "decoder")))

    def _of(self, given, joins):
        return {row.name: given[row.name] for row in self._rows if row.joins == joins and row.name in given}


class _Compiled:
    """-> a compiled function of maps, [B, h, w, C] each, in nested dictionaries, with one graph per structure.

    Keras' compiled prediction makes a graph for each of the first sizes.
    """

    def __init__(self, function):
        self._function, self._graphs = function, {}

    def __call__(self, *inputs):
        specs = tf.nest.map_structure(lambda one: tf.TensorSpec((None, None, None, one.shape[-1])), inputs)
        key = str(specs)
        if key not in self._graphs:
            self._graphs[key] = tf.function(self._function, input_signature=specs)
        return self._graphs[key](*inputs)


def _sizes(*maps):
    return [one.shape[:2] for one in maps]
