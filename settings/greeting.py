"""TensorFlow's greeting: what it prints about itself while it is imported. Imports nothing of ours.

It writes to the descriptor of stderr before its own log levels apply, so the descriptor is parked meanwhile.
`main.run` parks for the doors, `commands.photographs` for colorize, which imports TensorFlow late, and the package's
`__getattr__` for `colorgan.Colorizer`.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import re
import sys
import tempfile

LEVEL = "TF_CPP_MIN_LOG_LEVEL"  # 0: everything, 1: warnings, 2: errors, 3: fatal errors
STDERR = 2
GREETING = re.compile(
    rb"WARNING: All log messages before absl::InitializeLog"
    # `I0000 00:00:1700000000.1 123 port.cc:153] ...`, or as before 2.19 `2026-01-01 00:00:00.1: I port.cc:153] ...`
    rb"|(\S+ \S+: )?[IW]\d* .*\.(cc|h):\d+\]"
    # Errors of CUDA: no driver, or a plug-in that registers twice. Which device is used we say ourselves.
    rb"|(\S+ \S+: )?E\d* .*\bcu\w+\.cc:\d+\]"
    rb"|To enable the following instructions:"
)


@contextlib.contextmanager
def parked():
    """Within: import what imports TensorFlow. Its greeting is left out; every other line on stderr follows at the end.

    A crash prints Python's traceback (`faulthandler`). If the import raises, all lines are printed. Nothing is parked
    for a user who asks for the lines with TF_CPP_MIN_LOG_LEVEL at 0 or 1, or who has started `faulthandler`.
    """
    asked = os.environ.setdefault(LEVEL, "2") in ("0", "1") or faulthandler.is_enabled()
    with contextlib.ExitStack() as stack:
        try:
            file = None if asked else stack.enter_context(tempfile.TemporaryFile())
            stderr = None if asked else os.dup(STDERR)
        except OSError:  # no folder for temporary files, or no stderr
            asked = True
        if asked:
            yield
            return
        stack.callback(os.close, stderr)
        faulthandler.enable(stderr)
        _flush()
        os.dup2(file.fileno(), STDERR)
        left_out = GREETING
        try:
            yield
            if "tensorflow" in sys.modules:
                sys.modules["tensorflow"].config.list_physical_devices()  # or it greets with the first operation
        except Exception:
            left_out = None
            raise
        finally:
            _flush()
            os.dup2(stderr, STDERR)
            faulthandler.disable()
            file.seek(0)
            for line in file:
                if not (left_out and left_out.match(line)):
                    os.write(STDERR, line)


def _flush():
    if sys.stderr is not None:
        sys.stderr.flush()
