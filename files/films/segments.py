"""A film on its way: what is done of it lies beside where it will be, in segments, until the last one.

Owns the folder of segments: packets as the encoder made them, and what is needed to go on after the last whole one. A
call that was killed loses the segment in hand, no more. Imports `files.whole`.
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
    """The segments of a film that is being written; a context that lets go of them. They stay until `remove`.

    Args:
        target: the film.
        made_from: all that decides what it becomes. Segments that were made from anything else are thrown away.

    Attributes:
        folder: where they lie, beside the target, with a dot in front of its name.
        frames: in whole segments.
        last: the time of the last of these, in the encoder's units; None: there is none.
        state: {name: number, text, list or array} that was kept with the last of them.

    Raises:
        OSError: if another call is at this film, or the folder cannot be written.
    """

    def __init__(self, target: Path, made_from: dict):
        target = Path(target)
        # Of the name only so much, since names have an end and this one has to be longer.
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
        # What cannot be read was not made by us, or not to its end: it is as good as nothing.
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
        """Write the next one. -> a function that takes a packet; what it got counts once `keep` is called."""
        with self._path(self._count + 1).open("wb") as file:

            def write(packet):
                content = bytes(packet)
                times = packet.pts, packet.dts if packet.dts is not None else packet.pts, packet.duration or 0
                file.write(_RECORD.pack(*times, packet.is_keyframe, len(content)) + content)

            yield write
            file.flush()
            os.fsync(file.fileno())

    def keep(self, frames: int, last: int, state: dict) -> None:
        """The segment just written is whole: so many frames, the last one's time, and what is needed to go on.

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
        """-> all packets, in the order in which the encoder gave them; times of decoding never fall."""
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
        """Throw all of them away: the film is there."""
        self._held.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Segments:
        """-> itself."""
        return self

    def __exit__(self, *exception) -> None:
        """Let go; where there is nothing to go on with, nothing stays behind."""
        self._held.close()
        if not self._count:
            shutil.rmtree(self.folder, ignore_errors=True)
