"""Rows of inputs that cannot be meant are refused where they are written; what they do, the conformance suite tests."""

import pytest

from colorgan.models import inputs


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"joins": "encoder"}, "`joins` must be `picture`, with reduction 1, or `decoder`. Received: 'encoder'"),
        ({"reduction": inputs.WHOLE}, "Received: 'picture', reduction inf"),
        ({"absent": "mean"}, "unknown `absent` 'mean'. Known: zeros, uniform"),
    ],
)
def test_a_row_that_cannot_be_meant(values, said):
    with pytest.raises(ValueError) as error:
        inputs.Input("exposure", "exposure_channels", "of the picture", 0, 1, simulate=None, **values)
    assert said in str(error.value) and "`exposure`" in str(error.value)
