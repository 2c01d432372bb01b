"""The house rules, read off the source: who imports whom, what the doors are, what is installed."""

import ast
import graphlib
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = {
    "settings", "imaging", "files", "server", "weights", "datasets", "models", "training", "evaluation", "turing",
    "serving", "commands",
}  # fmt: skip
DOORS = {"train", "test-eval", "test-turing", "colorize", "app"}
MODULES = {"__init__", "__main__", "main"} | DOORS
NOT_INSTALLED = {"tests", "docs", "benchmarks", "setup.py", ".ci"}

# What a module may import of ours: the first key that is its name or a package around it. A name allows all inside it.
MAY_IMPORT = {
    "settings": {"settings"},
    "imaging": {"imaging"},
    "files": {"files", "imaging"},
    "server": {"server"},
    "weights": {"weights", "settings", "files"},
    "models.objectives": {
        "models.objectives",
        "models.color",
        "models.quantization",
        "settings.config",
        "settings.nearest",
    },
    "models.color": {"imaging.constants"},
    "models.normalization": set(),
    "models": {"models", "settings.config", "settings.nearest", "imaging.constants"},
    "datasets": {"datasets", "models.color", "settings.config", "settings.nearest", "files"},
    "training": {
        "training",
        "models",
        "evaluation.definitions",
        "settings.config",
        "settings.options",
        "weights.stored",
        "files.whole",
    },
    "evaluation": {
        "evaluation",
        "models.predictor",
        "models.color",
        "models.conditions",
        "settings.config",
        "settings.nearest",
        "files",
    },
    "turing": {"turing", "server", "files"},
    "serving": {
        "serving",
        "models",
        "settings.config",
        "settings.modes",
        "settings.nearest",
        "server",
        "imaging",
        "files",
        "weights",
    },
    "__init__": {"serving.colorizer", "settings.greeting"},
    "commands": ROOMS | {"__init__"},  # its version
    "main": {"__init__", "commands", "settings"},
    "__main__": {"main"},
    **{door: {"main"} for door in DOORS},
}
# What it may import of others, beside the standard library; a module without a row may import anything.
OTHERS = {
    "models.normalization": {"keras", "tensorflow"},
    "imaging": {"numpy"},
    "files.films": {"numpy", "av", "PIL", "filelock"},
    "files.remote": {"fsspec"},  # when there is a URL: the light distribution does without
    "files": {"numpy", "PIL", "pillow_heif", "tifffile", "imagecodecs"},  # what the light distribution installs
    "weights": {"numpy", "h5py"},  # h5py: what a Keras weights file is
    "models": {"keras", "numpy"},
    "settings.flags": {"absl"},
    "settings": set(),
    "server": {"starlette", "uvicorn", "asgi_correlation_id", "prometheus_client"},
    "__init__": set(),
    "main": set(),
    "__main__": set(),
    **{door: set() for door in DOORS},
}
MATPLOTLIB = {"turing.window", "evaluation.report.plots", "training.writers"}


def module_name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if len(parts) > 1 and parts[-1] == "__init__" else parts)


SOURCES = {
    module_name(path): path
    for path in sorted(ROOT.rglob("*.py"))
    if path.relative_to(ROOT).parts[0] in ROOMS or (path.parent == ROOT and path.stem in MODULES)
}


def imported(module, source, *, package=False):
    """-> dotted names that a module imports anywhere, ours with `colorgan.`; relative and lazy imports included."""
    parts = ["colorgan", *module.split(".")]
    around = parts if package else parts[:-1]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = around[: len(around) - node.level + 1] if node.level else []
            base = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in ("import_module", "__import__"):
                yield str(node.args[0].value)


def ours(name, modules):
    """-> the module of ours that an import reaches (`models.color` of `colorgan.models.color.luma`), or None."""
    if name.split(".")[0] != "colorgan":
        return None
    inner = name.split(".")[1:]
    while inner and ".".join(inner) not in modules:
        inner = inner[:-1]
    return ".".join(inner) or "__init__"


def row(table, module):
    name = module
    while name:
        if name in table:
            return table[name]
        name = name.rpartition(".")[0]
    return None


def violations(module, source, *, package=False, modules=frozenset(SOURCES)):
    """-> what a module's source breaks of the import rules, in words."""
    found, name_of_room = [], (ROOMS | MODULES) - {"__init__"}
    for name in imported(module, source, package=package):
        target, top = ours(name, modules), name.split(".")[0]
        if target is not None:
            allowed = row(MAY_IMPORT, module)
            if not any(target == a or target.startswith(a + ".") for a in allowed):
                found.append(f"{module} imports {target}")
        elif top in name_of_room:
            found.append(f"{module} imports {name} without `colorgan.`")
        elif top == "matplotlib" and module not in MATPLOTLIB:
            found.append(f"{module} imports matplotlib")
        elif top not in sys.stdlib_module_names and row(OTHERS, module) is not None and top not in row(OTHERS, module):
            found.append(f"{module} imports {name}")
    if module.startswith("models") and module != "models.normalization":
        names = {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}
        found += [f"{module} uses `{name}`" for name in sorted(names & {"tf", "tensorflow"})]
    return found


@pytest.mark.parametrize("module", SOURCES)
def test_imports(module):
    path = SOURCES[module]
    assert violations(module, path.read_text(), package=path.stem == "__init__") == []


@pytest.mark.parametrize(
    ("module", "source", "complaint"),
    [
        ("models.blocks", "def f():\n    from colorgan.training import steps", "imports training.steps"),
        ("models.blocks", "from ..datasets import pipeline", "imports datasets.pipeline"),
        ("models.color", "from . import blocks", "imports models.blocks"),
        ("models.generators", "import tensorflow as tf\ntf.nn.relu(1)", "uses `tf`"),
        ("models.generators", "import cv2", "imports cv2"),
        ("models.objectives.compose", "from colorgan.models import generators", "imports models.generators"),
        ("datasets.folder", "import colorgan.models.blocks", "imports models.blocks"),
        ("training.steps", "from colorgan.evaluation import evaluate", "imports evaluation.evaluate"),
        ("training.steps", "from colorgan.main import train", "imports main"),
        ("training.steps", "import importlib\nimportlib.import_module('colorgan.train')", "imports train"),
        ("training.steps", "from matplotlib import pyplot", "imports matplotlib"),
        ("evaluation.evaluate", "from colorgan import training", "imports training"),
        ("serving.photos", "import datasets", "without `colorgan.`"),
        ("settings.config", "import numpy", "imports numpy"),
        ("settings.config", "import colorgan", "imports __init__"),
        ("settings.presets", "from colorgan.models import color", "imports models.color"),
        ("train", "from colorgan.training import loop", "imports training.loop"),
    ],
)
def test_the_rules_can_be_broken(module, source, complaint):
    assert any(complaint in found for found in violations(module, source))


def test_what_the_rules_allow():
    source = "import os\nfrom keras import ops\nfrom colorgan.settings.config import Config\nfrom . import blocks"
    assert violations("models.generators", source) == []
    assert list(imported("models", "from .color import luma", package=True)) == ["colorgan.models.color.luma"]


def test_imports_run_in_one_direction():
    graph = {}
    for module, path in SOURCES.items():
        names = imported(module, path.read_text(), package=path.stem == "__init__")
        # The root's lazy export is how the package looks from outside, not a dependency of its modules.
        graph[module] = {ours(name, SOURCES) for name in names} - {None, module, "__init__"}
    assert set(graphlib.TopologicalSorter(graph).static_order()) == set(SOURCES)


def test_the_doors_are_short():
    doors = [path for path in ROOT.glob("*.py") if path.stem in DOORS]
    assert {path.stem for path in doors} >= DOORS - {"app"}
    long = {path.name: count for path in doors if (count := len(path.read_text().splitlines())) > 60}
    assert long == {}


def test_what_setup_finds_are_the_rooms():
    """It takes the folders that have an `__init__.py` for packages to install."""
    folders = {path.parent for room in ROOMS for path in (ROOT / room).rglob("*.py")}
    assert [str(folder) for folder in folders if not (folder / "__init__.py").exists()] == []
    assert {path.parent.name for path in ROOT.glob("*/__init__.py")} == ROOMS


def test_the_top_level_has_its_fixed_names():
    for name in ("README.md", "LICENSE", "pyproject.toml", "setup.py", "tests", "benchmarks", *ROOMS):
        assert (ROOT / name).exists(), name
    modules = {path.stem for path in ROOT.glob("*.py")}
    assert modules - {"setup", "app"} == MODULES - {"app"}
    folders = {path.relative_to(ROOT).parts[0] for path in ROOT.glob("*/*.py")}
    assert folders <= ROOMS | NOT_INSTALLED


def test_a_look_at_the_settings_loads_no_tensorflow():
    code = (
        "import sys, colorgan.main\n"
        "from colorgan.settings import config, flags, presets\n"
        "flags.parse(['--dataset', 'cifar10'])\n"
        "print(*sorted({'tensorflow', 'keras', 'numpy', 'cv2', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
