"""The README says what the code does: flags, presets, data sets, and commands that parse."""

import re
import shlex
from pathlib import Path

from colorgan import datasets
from colorgan.settings import flags, usage
from colorgan.settings.modes import MODES

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
DATA = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
FLAGS = (ROOT / "docs" / "flags.md").read_text(encoding="utf-8")


def flag_rows():
    """The table of flags as it should be; paste this into docs/flags.md when it differs."""
    escape = str.maketrans({"|": "\\|"})
    return [f"| {s} | `{f}` | `{d}` | {h.translate(escape)} |" for s, f, d, h in usage.table()]


def test_the_table_of_flags_is_the_parsers():
    written = [line for line in FLAGS.splitlines() if re.match(r"\| \w+ \| `--", line)]
    assert written == flag_rows()


def test_every_data_set_is_listed():
    for name in datasets.SOURCES:
        assert re.search(rf"^\| `{name}` \|", DATA, re.M), name


def test_links_lead_somewhere():
    """Of the texts outside of docs/, which `mkdocs build --strict` checks: paths, and headings of Markdown."""
    for text in [*ROOT.glob("*.md"), *(ROOT / "weights").glob("*.md")]:
        for path, anchor in re.findall(r"\]\((?!\w+:)([^)#\s]*)#?([^)\s]*)\)", text.read_text(encoding="utf-8")):
            target = (text.parent / path).resolve() if path else text
            assert target.exists(), f"{text.name}: {path}"
            if anchor:
                headings = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.M)
                slugs = {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
                assert anchor in slugs, f"{text.name}: {path}#{anchor}"


def test_commands_parse():
    """Those of the README, of the documents and of the weights' cards: in the checkout and of the installed package."""
    documents = [*(ROOT / "docs").glob("*.md"), *(ROOT / "weights").glob("*.md")]
    text = "\n".join([README, *(path.read_text(encoding="utf-8") for path in documents)])
    text = re.sub(r"`[^`\n]+\n[^`\n]+`", lambda match: match[0].replace("\n", " "), text)  # commands in prose, wrapped
    doors = {f"python {row.door}": mode for mode, row in MODES.items() if row.door}
    doors |= {"python main.py": None} | {f"colorgan {mode}": mode for mode in MODES}
    commands = re.findall(r"(%s)((?: [^`\n\\]+|\\\n)*)" % "|".join(doors), text)  # noqa: UP031
    assert {door for door, _ in commands} >= {"python main.py", "python colorize.py", "colorgan colorize"}
    for door, words in commands:
        words = words.replace("\\\n", " ").split("#")[0]
        if not re.search("MODE|[|$]", words):  # no command, but a pattern for some
            flags.parse(shlex.split(words), mode=doors[door])
