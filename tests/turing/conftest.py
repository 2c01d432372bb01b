"""What several modules' tests share: a file of answers."""

import pytest

from colorgan.turing.store import Store


@pytest.fixture
def store(tmp_path):
    """A new file of a Turing test's answers."""
    with Store(tmp_path / "new" / "turing.sqlite") as opened:
        yield opened
