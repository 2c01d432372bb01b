"""TensorFlow's greeting: what it prints about itself while it is imported. Imports nothing of ours.

It writes to the descriptor of stderr before its own log levels apply, so a process filters stderr during the import.
`main.run` uses it for the doors, `commands.photographs` for colorize, which imports TensorFlow late, and the package's
`__getattr__` for `colorgan.Colorizer`.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys

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


# A process, because the reason for an abort (a processor without AVX, say) must be shown when ours is gone.
_FILTER = f"""
import re, signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
for line in sys.stdin.buffer:
    if not re.match({GREETING.pattern!r}, line):
        sys.stderr.buffer.write(line)
        sys.stderr.buffer.flush()
"""


@contextlib.contextmanager
def silenced():
    """Within: import what imports TensorFlow. Its greeting is left out; every other line on stderr is printed.

    Nothing is left out for a user who asks for the lines with TF_CPP_MIN_LOG_LEVEL at 0 or 1.
    """
    asked = os.environ.setdefault(LEVEL, "2") in ("0", "1")
    filtering = None if asked or "tensorflow" in sys.modules else _filter()
    if filtering is None:
        yield
        return
    stderr = os.dup(STDERR)
    _flush()
    os.dup2(filtering.stdin.fileno(), STDERR)
    try:
        yield
        if "tensorflow" in sys.modules:
            sys.modules["tensorflow"].config.list_physical_devices()  # or it greets with the first operation
    finally:
        _flush()
        os.dup2(stderr, STDERR)
        os.close(stderr)
        filtering.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):  # a child of the import's may still write to it
            filtering.wait(timeout=5)


def _filter():
    """-> a process that prints what it gets, without the greeting; None without stderr, or where none can start."""
    try:
        os.fstat(STDERR)
        return subprocess.Popen([sys.executable, "-ISc", _FILTER], stdin=subprocess.PIPE)
    except OSError:
        return None


def _flush():
    if sys.stderr is not None:
        with contextlib.suppress(OSError):
            sys.stderr.flush()
