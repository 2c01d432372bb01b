"""The description of an exported network: its inputs and output, its working size, and example code.

Only the network is exported. The example does the work of `photos` and `fullres` with NumPy and OpenCV, in a simpler
way: colours are enlarged without regard to edges, and colours outside sRGB move towards gray in linear light, not in
Lab. Imports `models.inputs`, `settings.config` and `serving.photos`.
"""

from __future__ import annotations

from colorgan.imaging import working
from colorgan.models import inputs
from colorgan.settings.config import Config


def of(config: Config, name: str, *, format: str, imports: str, call: str, rows, work_size: int, parity=()) -> dict:
    """-> everything that a program needs to use an exported network.

    Args:
        config: of the generator.
        name: of the exported file.
        format: of the file.
        imports, call: code that imports, and code that predicts from `{inputs}` with the file `{name}`.
        rows: the `inputs.Input`s besides gray.
        work_size: most pixels of the shorter side that the network sees; see `imaging.working.size`.
        parity: named tuples of its differences from Keras.

    Returns:
        Values for JSON.
    """
    space, scale = config.data.color_space, config.data.ab_scale
    # The annealed mean of bins reaches 110 Lab units; everything else ends in a tanh or a sigmoid.
    bound = max(1.0, 110 / scale) if config.architecture.head == "joint-bins" else 1.0
    channels, meaning = (3 if space == "rgb" else 2), _COLOR[space].format(scale=scale)
    others = [
        _tensor(row.name, row.channels, [row.low, row.high], row.meaning, row.reduction)
        | {"if not given": "uniform random numbers" if row.absent == "uniform" else "zeros"}
        for row in rows
    ]
    return {
        "format": format,
        "color_space": space,
        "ab_scale": scale if space == "lab" else None,
        "working_size": {"shorter_side": work_size, "rule": _text(_RULE, work_size)},
        "inputs": [_tensor("gray", 1, [-1, 1], _GRAY[space]), *others],
        "output": _tensor("color", channels, [-bound, bound], meaning),
        "difference_from_keras": [one._asdict() for one in parity],
        "example": _example(config, name, imports, call, rows, work_size),
    }


def _tensor(name, channels, bounds, meaning, reduction=1):
    part = "" if reduction == 1 else f" / {reduction}, rounded up"
    size = [1, 1] if reduction == inputs.WHOLE else [f"height{part}", f"width{part}"]
    shape = ["batch", *size, channels]
    return {"name": name, "shape": shape, "dtype": "float32", "range": bounds, "is": meaning}


def _example(config, name, imports, call, rows, work_size):
    """-> lines of Python that colorize photo.png into colored.png with an exported file, without this package."""
    space, names = config.data.color_space, ["gray", *(row.name for row in rows)]
    gray, colors = _NETWORK[space]
    return [
        f"import cv2, numpy as np, {imports}",
        *_text(_SHRUNK, work_size).splitlines(),
        gray,
        *(["random = np.random.default_rng(0)"] if any(row.absent == "uniform" for row in rows) else []),
        *(_absent(row) for row in rows),
        call.format(name=name, inputs=", ".join(f"{n}={n}" for n in names)),
        *colors.format(scale=config.data.ab_scale).splitlines(),
        *_JOINED.splitlines(),
    ]


def _text(template, work_size):
    return template.format(size=work_size, longest=working.LONGEST, least=working.STEPS[0], most=working.STEPS[1])


def _absent(row):
    """-> the code line for the substitute of an input, with the numbers of `inputs.completed`."""
    sizes = {1: "*gray.shape[1:3]", inputs.WHOLE: "1, 1"}
    size = sizes.get(row.reduction, f"*(-(-size // {row.reduction}) for size in gray.shape[1:3])")
    made = "random.random" if row.absent == "uniform" else "np.zeros"
    return f'{row.name} = {made}((1, {size}, {row.channels}), "float32")'


_RULE = (
    "height and width times the least of 1, {size} / shorter side and {size} * ({longest} / (height * width)) ** 0.5; "
    "each rounded to a multiple of the largest power of two that is at most a quarter of the shorter one, but at least "
    "{least} and at most {most}; every pixel the mean over its area"
)
_SHRUNK = """\
picture = cv2.imread("photo.png")  # 8 bits: blue, green, red
size = picture.shape[:2]
factor = min(1, {size} / min(size), {size} * ({longest} / (size[0] * size[1])) ** 0.5)
step = min(max(2 ** int(np.log2(max(1, min(size) * factor / 4))), {least}), {most})
h, w = (max(step, round(side * factor / step) * step) for side in size)
small = cv2.resize(picture, (w, h), interpolation=cv2.INTER_AREA).astype("float32") / 255
"""
_JOINED = """\
ab = cv2.resize(ab, size[::-1], interpolation=cv2.INTER_CUBIC)
f_of_lab = np.float32([[1 / 116] * 3, [1 / 500, 0, 0], [0, 0, -1 / 200]])
bgr_of_xyz = np.float32([[0.0529, -0.9212, 3.0799], [-0.204, 1.876, -1.5371], [1.1512, 0.0452, -0.5428]])
for top in range(0, len(picture), 256):  # strips take little memory
    strip = picture[top : top + 256]
    lab = cv2.cvtColor(strip.astype("float32") / 255, cv2.COLOR_BGR2LAB)
    lab[..., 1:] = ab[top : top + 256]
    f = lab @ f_of_lab + 4 / 29
    bgr = np.where(f > 6 / 29, f**3, (f - 4 / 29) * 108 / 841) @ bgr_of_xyz
    y = bgr @ np.float32([[0.0722], [0.7152], [0.2127]])
    room = np.where(bgr > y, 1 - y, y) / np.maximum(abs(bgr - y), 1e-6)  # colours outside sRGB become paler
    bgr = (y + (bgr - y) * room.min(-1, keepdims=True).clip(0, 1)).clip(0, 1)
    strip[:] = (np.where(bgr > 0.0031308, 1.055 * bgr ** (1 / 2.4) - 0.055, 12.92 * bgr) * 255).round()
cv2.imwrite("colored.png", picture)
"""

_LUMA = "2 Y' - 1, Y' the luma of ITU-R BT.601 in 0..1"
_GRAY = {"lab": "L / 50 - 1, L of CIE Lab (sRGB, D65)", "rgb": _LUMA, "yuv": _LUMA}
_COLOR = {
    "lab": "a and b of CIE Lab, divided by {scale:g}",
    "rgb": "2 RGB - 1, sRGB in 0..1",
    "yuv": "U / 0.436 and V / 0.615 of ITU-R BT.601",
}
_LUMA_LINE = "gray = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)[None, ..., None] * 2 - 1"
_YUV_LINES = """\
yuv = np.dstack([(gray[0] + 1) / 2, colors[0] * np.float32([0.436, 0.615]) + 0.5])
ab = cv2.cvtColor(cv2.cvtColor(yuv, cv2.COLOR_YUV2BGR).clip(0, 1), cv2.COLOR_BGR2LAB)[..., 1:]"""
_NETWORK = {  # code from a picture to the network's input, and from its output to `ab`
    "lab": (
        "gray = cv2.cvtColor(small, cv2.COLOR_BGR2LAB)[None, ..., :1] / 50 - 1",
        "ab = colors[0] * {scale:g}",
    ),
    "rgb": (_LUMA_LINE, "ab = cv2.cvtColor((colors[0] + 1) / 2, cv2.COLOR_RGB2LAB)[..., 1:]"),
    "yuv": (_LUMA_LINE, _YUV_LINES),
}
