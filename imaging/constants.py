"""The constants of sRGB, XYZ and Lab, for NumPy here and for Keras in `models.color`. Imports nothing of ours."""

from __future__ import annotations

import numpy as np

# IEC 61966-2-1 (sRGB) primaries at D65, the six-digit matrix that scikit-image uses too. The white point is the
# image of RGB = (1, 1, 1) under it, so grays have exactly a = b = 0 (scikit-image's rounded white leaves 0.005).
XYZ_FROM_RGB = np.array(
    [[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]]
)
RGB_FROM_XYZ = np.linalg.inv(XYZ_FROM_RGB)
WHITE_D65 = XYZ_FROM_RGB.sum(axis=1)
LAB_EPSILON = (6 / 29) ** 3  # CIE 15:2004, 8.2.1: below it the cube root continues as a line
LAB_SLOPE = (29 / 6) ** 2 / 3
