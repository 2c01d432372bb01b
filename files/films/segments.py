"""An unfinished film: its segments lie next to the target until the last is done.

Owns the folder of segments: the encoder's packets, and the state to continue after the last whole segment. A killed
call loses only the current segment. Imports `files.whole`.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import struct
from pathlib import Path

import av
import filelock
import numpy as np

from colorgan.files import whole

_RECORD = struct.Struct("<qqqBI")  # times of showing and of decoding, duration, whether a key frame, bytes
_STATE, _LOCK = "state.json", "lock"


class Segments:
    """The segments of an unfinished film, a context manager. They stay on disk until `remove`.

    Args:
        target: the film.
        made_from: everything that determines the film. Segments made from anything else are removed.

    Attributes:
        folder: their hidden folder next to the target.
        frames: number in whole segments.
        last: the time of the last frame, in the encoder's units; None: there is none.
        state: {name: number, text, list or array} kept with the last segment.

    Raises:
        OSError: if another call is colorizing this film, or the folder cannot be written.
    """

    def __init__(self, target: Path, made_from: dict):
        target = Path(target)
        # The name is shortened, because the folder's name is longer.
        digest = hashlib.sha256(target.name.encode(errors="surrogateescape")).hexdigest()[:8]
        self.folder = target.parent / f".{target.name[:40]}-{digest}.parts"
        self._key = hashlib.sha256(json.dumps(made_from, sort_keys=True, default=str).encode()).hexdigest()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OSError(f"{target} cannot be written ({error.strerror}). Choose another --output.") from error
        with contextlib.ExitStack() as stack:
            lock = filelock.FileLock(self.folder / _LOCK, blocking=False)
            try:
                stack.enter_context(lock)
            except filelock.Timeout as error:
                raise OSError(f"{target}: another call is colorizing this film") from error
            self._load()
            self._held = stack.pop_all()

    def _load(self):
        self.frames, self.last, self.state, self._count = 0, None, {}, 0
        path = self.folder / _STATE
        # An unreadable state is foreign or incomplete: it is ignored.
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            stored = json.loads(path.read_text(encoding="utf-8"))
            if stored["key"] != self._key:
                raise ValueError
            with np.load(self.folder / f"{stored['count']:05d}.npz", allow_pickle=False) as arrays:
                state = stored["state"] | {name: arrays[name] for name in arrays.files}
            self.frames, self.last, self._count = stored["frames"], stored["last"], stored["count"]
            self.state = state
        kept = {_LOCK, _STATE, *(f"{i:05d}.{kind}" for i in range(1, self._count + 1) for kind in ("packets", "npz"))}
        for other in self.folder.iterdir():
            if other.name not in (kept if self._count else {_LOCK}):
                other.unlink()

    @contextlib.contextmanager
    def segment(self):
        """Write the next segment. -> a function that takes a packet; packets count after `keep`."""
        with self._path(self._count + 1).open("wb") as file:

            def write(packet):
                content = bytes(packet)
                times = packet.pts, packet.dts if packet.dts is not None else packet.pts, packet.duration or 0
                file.write(_RECORD.pack(*times, packet.is_keyframe, len(content)) + content)

            yield write
            file.flush()
            os.fsync(file.fileno())

    def keep(self, frames: int, last: int, state: dict) -> None:
        """Keep the written segment: its number of frames, the last time, and the state to continue.

        Raises:
            OSError: if it cannot be written.
        """
        arrays = {name: value for name, value in state.items() if isinstance(value, np.ndarray)}
        np.savez(self._path(self._count + 1).with_suffix(".npz"), **arrays)
        rest = {name: value for name, value in state.items() if name not in arrays}
        stored = {"key": self._key, "count": self._count + 1, "frames": self.frames + frames, "last": last}
        whole.write(self.folder / _STATE, json.dumps(stored | {"state": rest}), durable=True)
        self.frames, self.last, self.state, self._count = self.frames + frames, last, state, self._count + 1
        self._path(self._count - 1).with_suffix(".npz").unlink(missing_ok=True)

    def packets(self, time_base):
        """-> all packets, in the encoder's order; decoding times never fall."""
        decoded = None
        for number in range(1, self._count + 1):
            with self._path(number).open("rb") as file:
                while head := file.read(_RECORD.size):
                    shown, at, duration, key, size = _RECORD.unpack(head)
                    packet = av.Packet(file.read(size))
                    decoded = at if decoded is None else max(at, decoded + 1)
                    packet.pts, packet.dts, packet.duration, packet.time_base = shown, decoded, duration, time_base
                    packet.is_keyframe = bool(key)
                    yield packet

    def _path(self, number):
        return self.folder / f"{number:05d}.packets"

    def remove(self) -> None:
        """Remove all segments: the film is written."""
        self._held.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Segments:
        """-> itself."""
        return self

    def __exit__(self, *exception) -> None:
        """Close; remove the folder if there is no whole segment."""
        self._held.close()
        if not self._count:
            shutil.rmtree(self.folder, ignore_errors=True)
