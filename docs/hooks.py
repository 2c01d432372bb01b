"""Documentation from outside `docs/`: cards, CONTRIBUTING, CHANGELOG, NOTICE, and each mode's help.

A page of the repository links to its neighbours by path. Links to files with a page here become links to that page;
others, such as source files, become plain names.
"""

import atexit
import os
import posixpath
import re
import shutil
import sys
import tempfile
from pathlib import Path

from mkdocs.plugins import event_priority
from mkdocs.structure.files import File

ROOT = Path(__file__).parents[1]
OUTSIDE = {
    "weights/photo.md": "weights/photo.md",
    "weights/cifar10.md": "weights/cifar10.md",
    "CONTRIBUTING.md": "CONTRIBUTING.md",
    "CHANGELOG.md": "CHANGELOG.md",
    "NOTICE": "NOTICE.md",
}  # a path in the repository: its page
LINK = re.compile(r"(!?)\[([^\]]*)\]\((?!\w+:|#)([^)#\s]*)(#[^)\s]*)?\)")


@event_priority(100)  # before mkdocstrings reads it
def on_config(config):
    """Import the checkout as the package `colorgan`, under any folder name."""
    sources = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, sources)
    Path(sources, "colorgan").symlink_to(ROOT)
    sys.path.insert(0, sources)
    config.plugins["mkdocstrings"].config.handlers["python"]["paths"] = [sources]
    return config


def on_files(files, config):
    """Add the pages from outside `docs/` and the generated pages."""
    for source, page in OUTSIDE.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        if source == "NOTICE":
            text = f"# NOTICE\n\n```text\n{text}```\n"
        files.append(File.generated(config, page, content=text))
    files.append(File.generated(config, "help.md", content=_help()))
    return files


def on_page_markdown(markdown, page, config, files):
    """Turn links of the repository into links of the site."""
    here = page.file.src_uri
    source = {made: own for own, made in OUTSIDE.items()}.get(here, f"docs/{here}")

    def link(match):
        mark, text, path, anchor = match.groups()
        target = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
        target = OUTSIDE.get(target, target.removeprefix("docs/"))
        if files.get_file_from_path(target) is None:
            if not (ROOT / target).exists():
                return match[0]  # the strict build names it
            return text
        return f"{mark}[{text}]({os.path.relpath(target, posixpath.dirname(here) or '.')}{anchor or ''})"

    return LINK.sub(link, markdown)


def _help():
    from colorgan.settings import usage
    from colorgan.settings.modes import MODES

    pages = [f"## {mode}\n\n```text\n{usage.text(mode, everything=True)}\n```\n" for mode in MODES]
    return "# Help of each mode\n\nWhat `--help-all` prints.\n\n" + "\n".join(pages)
