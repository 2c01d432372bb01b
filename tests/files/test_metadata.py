"""What a file says beside its pixels is kept where it says something of sense."""

import pytest

from colorgan.files import metadata


@pytest.mark.parametrize("dpi", [(0, 0), (4294967295, 4294967295), (float("nan"), 72)])
def test_impossible_resolutions_are_dropped(dpi):
    assert metadata._dpi(dpi) is None
    assert metadata._dpi((300, 300)) == (300, 300)
