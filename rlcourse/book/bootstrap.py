"""The first code cell of every notebook: installs the package where it is missing (Colab)."""

from __future__ import annotations

import re

__all__ = ["BOOTSTRAP", "fill"]

# The address is empty in the main branch and filled in where notebooks are published (fill).
# --no-deps: Colab has every dependency, and its own torch and numpy must stay.
BOOTSTRAP = '''\
# On Colab this installs the book's package. Elsewhere it does nothing.
import importlib.util, subprocess, sys

REPOSITORY = ""
if importlib.util.find_spec("rlcourse") is None:
    if not REPOSITORY:
        raise ImportError("rlcourse is not installed: in a copy of the book's repository, run `pip install -e .`")
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--no-deps", "git+" + REPOSITORY], check=True)
'''.rstrip()

_LINE = re.compile(r'(REPOSITORY = \\?")[^"\\]*(\\?"(?:\n|\\n))')


def fill(text: str, repository: str) -> str:
    """Put the repository's address into a bootstrap cell, or into the JSON text of a notebook.

    Args:
        text: a cell's source, or a whole ``.ipynb`` file.
        repository: an ``https://`` address; empty removes the one that is there.

    Returns:
        The text with the first ``REPOSITORY = "..."`` line replaced.

    Raises:
        ValueError: the address could not stand in a string, or the text has no such line.
    """
    if not re.fullmatch(r"(https://[\w./~-]+)?", repository):
        raise ValueError(f"repository: expected an https address, got {repository!r}")
    text, count = _LINE.subn(lambda m: m[1] + repository + m[2], text, count=1)
    if not count:
        raise ValueError('text: found no line REPOSITORY = "..."')
    return text
