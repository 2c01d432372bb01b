"""TensorFlow's greeting is left out, and nothing else is, even when the process is gone."""

import os
import subprocess
import sys

import pytest

LEVEL = "TF_CPP_MIN_LOG_LEVEL"
GREETING = r"I0000 00:00:1.2 3 port.cc:153] hello\nE0000 00:00:1.2 3 cuda_platform.cc:52] no driver\n"


@pytest.mark.parametrize(
    ("end", "level", "said", "left_out"),
    [
        ("pass", None, "a real error", "hello"),
        ("pass", "3", "a real error", "hello"),
        ("pass", "0", "hello", None),
        ("raise ImportError('broken')", None, "ImportError: broken", "hello"),
        ("os.abort()", None, "a real error", "hello"),
        ("os._exit(3)", None, "a real error", "hello"),
    ],
)
def test_the_greeting_and_nothing_else_is_left_out(end, level, said, left_out):
    code = (
        "import os\nfrom colorgan.settings import greeting\n"
        f"with greeting.silenced():\n os.write(2, b'{GREETING}a real error\\n')\n {end}\n"
    )
    env = {name: value for name, value in os.environ.items() if name not in (LEVEL, "PYTHONFAULTHANDLER")}
    env |= {LEVEL: level} if level else {}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    assert said in done.stderr
    assert left_out is None or left_out not in done.stderr
    assert (done.returncode == 0) == (end == "pass")
