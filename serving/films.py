"""Films out of files and into files, frame by frame.

OpenCV reads. The program `ffmpeg` writes if it is on the PATH, and keeps sound and container; else OpenCV does, which
knows no sound. Imports `files.whole`.
"""

from __future__ import annotations

import contextlib
import math
import shutil
import subprocess
import tempfile
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from colorgan.files import whole

MISSING = 0.05  # share of the frames that a header may promise too many: some containers only estimate

_H264 = ("-c:v", "libx264", "-crf", "18", "-preset", "medium")
_ENCODERS = {  # what a container can hold, where it is not H.264
    ".webm": ("-c:v", "libvpx-vp9", "-crf", "24", "-b:v", "0", "-row-mt", "1"),
    ".ogv": ("-c:v", "libtheora", "-q:v", "8"),
    ".wmv": ("-c:v", "wmv2", "-q:v", "3"),
    ".mpg": ("-c:v", "mpeg2video", "-q:v", "3"),
    ".mpeg": ("-c:v", "mpeg2video", "-q:v", "3"),
    ".avi": ("-c:v", "mpeg4", "-q:v", "2"),
}
_UNTAGGED = {".avi", ".wmv"}  # cannot say which matrix their colours are coded with; ffmpeg's default is BT.601


class Frames:
    """The frames of a film, in order; iterate once. Upright, as OpenCV turns them by the film's rotation.

    Eight bits a channel, also of films that have more. A film of varying frame rate counts as one of its mean rate,
    `fps` frames per second. `stated` is the number of frames according to the header, 0 if it says none.

    Raises:
        OSError: if it is not there, empty, not a film, or states no frame rate.
    """

    def __init__(self, source: Path):
        if not source.is_file() or not source.stat().st_size:
            raise OSError(f"{source} {'is empty' if source.is_file() else 'is not there'}")
        self.source = source
        # This backend only: the others take a picture for a film, or a name for a camera.
        self._capture = cv2.VideoCapture(str(source.resolve()), cv2.CAP_FFMPEG)
        if not self._capture.isOpened():
            raise OSError(f"{source} cannot be read as a film: it is none, or truncated, or of an unknown kind")
        self.fps = self._capture.get(cv2.CAP_PROP_FPS)
        self.stated = max(0, int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT)))
        if not (math.isfinite(self.fps) and 0 < self.fps <= 1000):
            self.close()
            raise OSError(f"{source} states no usable frame rate ({self.fps:g} per second)")

    def __iter__(self):
        """-> [H, W, 3] uint8 sRGB, frame by frame.

        Raises:
            OSError: if there is none, one is of another size, or far fewer come than the header states.
        """
        count, shape = 0, None
        while (got := self._capture.read())[0]:
            bgr = got[1]
            shape = shape or bgr.shape
            if bgr.shape != shape:
                raise OSError(f"{self.source}: frame {count + 1} is of another size than the first")
            count += 1
            yield cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
        if not count:
            raise OSError(f"{self.source} holds no frame that can be read")
        if self.stated - count > max(2, MISSING * self.stated):
            raise OSError(f"{self.source} is truncated: it ends after {count} of {self.stated} frames")

    def close(self):
        """Let go of the file."""
        self._capture.release()


def keeps_sound() -> bool:
    """Whether what is written has the film's sound: whether ffmpeg is on the PATH."""
    return shutil.which("ffmpeg") is not None


@contextlib.contextmanager
def writer(target: Path, source: Path, *, fps: float, height: int, width: int):
    """Write a film; the file appears when it is complete.

    Args:
        target: where to; its suffix says the container.
        source: where sound, subtitles and description come from, with ffmpeg.
        fps, height, width: of the film. Encoders need even sizes: of an odd one the last row or column comes twice.

    Yields:
        A function that takes the next frame, [height, width, 3] uint8 sRGB.

    Raises:
        OSError: if it cannot be written; nothing is left behind.
    """
    complaint, encode = f"{target} cannot be written", _with_ffmpeg if keeps_sound() else _with_opencv
    size, padding = (height + height % 2, width + width % 2), ((0, height % 2), (0, width % 2), (0, 0))
    with contextlib.ExitStack() as stack:
        try:
            (temporary,) = stack.enter_context(whole.replacing(target))
        except OSError as error:
            raise OSError(f"{complaint} ({error.strerror}). Choose another --output.") from error
        write = stack.enter_context(encode(temporary, source, fps, size, complaint))
        yield lambda frame: write(np.ascontiguousarray(np.pad(frame, padding, mode="edge")))


@contextlib.contextmanager
def _with_ffmpeg(path, source, fps, size, complaint):
    rate = Fraction(fps).limit_denominator(1001)  # 29.97 is 30000/1001
    command = [shutil.which("ffmpeg"), "-hide_banner", "-loglevel", "error", "-y"]
    command += ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{size[1]}x{size[0]}", "-r", str(rate), "-i", "-"]
    # Video from the frames; everything that can be heard or read from the film, as it is.
    command += ["-i", str(source.resolve()), "-map", "0:v:0", "-map", "1:a?", "-map", "1:s?", "-c:a", "copy"]
    command += ["-c:s", "copy", "-map_metadata", "1", "-map_chapters", "1", "-pix_fmt", "yuv420p"]
    if path.suffix.lower() not in _UNTAGGED:
        # What a film without a tag is taken for depends on its size; the tag makes it one thing for all.
        command += ["-vf", "scale=out_color_matrix=bt709:out_range=tv", "-color_range", "tv"]
        command += ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"]
    command += [*_ENCODERS.get(path.suffix.lower(), _H264), str(path.resolve())]
    with tempfile.TemporaryFile() as said:  # a pipe would block when nobody reads it
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.DEVNULL, "stderr": said}
        process = subprocess.Popen(command, start_new_session=True, **pipes)

        def failed():
            said.seek(0)
            text = said.read().decode(errors="replace").strip()[-600:]
            return OSError(f"{complaint}: ffmpeg failed ({text or 'without a word'})")

        def write(frame):
            try:
                process.stdin.write(frame.data)
            except BrokenPipeError:
                process.wait()
                raise failed() from None

        try:
            yield write
            with contextlib.suppress(BrokenPipeError):  # its exit status says it
                process.stdin.close()
            if process.wait():
                raise failed()
        finally:
            process.kill()  # if it still runs
            process.wait()
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()


@contextlib.contextmanager
def _with_opencv(path, source, fps, size, complaint):
    codec = "XVID" if path.suffix.lower() == ".avi" else "mp4v"
    encoder = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter_fourcc(*codec), fps, size[::-1])
    if not encoder.isOpened():
        raise OSError(f"{complaint}: OpenCV writes no {path.suffix}. Install ffmpeg, or convert the film to .mp4")
    count = 0

    def write(frame):
        nonlocal count
        encoder.write(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
        count += 1

    try:
        yield write
    finally:
        encoder.release()
    # OpenCV does not say when a frame could not be written.
    written = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    there = int(written.get(cv2.CAP_PROP_FRAME_COUNT)) if written.isOpened() else 0
    written.release()
    if there != count:
        raise OSError(f"{complaint}: {there} of {count} frames arrived. Is the disk full?")
