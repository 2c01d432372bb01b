"""What the conformance tests share."""

import pytest
import tensorflow as tf


@pytest.fixture
def untraced():
    """Within: steps run operation by operation. Tracing costs ten times as much; `test_resume.py` has the graphs."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)
