"""The size at which colours are predicted, and what the network sees there."""

import numpy as np
import pytest

from colorgan.imaging import working


@pytest.mark.parametrize(
    ("size", "work_size", "expected"),
    [
        ((480, 640), 256, (256, 320)),  # 341.3: 320 is nearer than 384
        ((640, 480), 256, (320, 256)),
        ((3000, 4000), 256, (256, 320)),
        ((2000, 3000), 256, (256, 384)),
        ((100, 64), 256, (96, 64)),  # never enlarged
        ((1, 1), 256, (8, 8)),  # except to the smallest size there is
        ((256, 256), 256, (256, 256)),
        ((400, 6400), 256, (128, 2048)),  # 16:1: half of 256, so that the area is 4 * 256 ** 2
    ],
)
def test_working_size(size, work_size, expected):
    assert working.size(*size, work_size) == expected


def test_what_the_network_sees():
    wide = np.full((64, 128), 1000, np.uint16)
    np.testing.assert_array_equal(working.shrink(wide, 32), np.full((32, 64, 3), 4))  # 1000 / 257 = 3.9
    # Means over areas, not samples.
    checks = np.indices((64, 64)).sum(0).astype(np.uint8) % 2 * 200
    np.testing.assert_array_equal(working.shrink(checks, 16), np.full((16, 16, 3), 100))
