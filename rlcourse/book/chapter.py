"""What a chapter's cells call: the page set-up, the package's source, the list of what was proved."""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from collections import Counter
from typing import Any

from IPython.display import Markdown, display

__all__ = ["setup", "show_source", "summary"]

LONGEST = 150  # characters of TeX that fit into a row of the summary


def setup() -> None:
    """Set the figure style, and one thread for torch if it is loaded.

    One thread, because the chapters' tensors are small: with a busy neighbor two threads
    wait for each other and take many times as long.
    """
    from rlcourse import viz

    viz.use_style()
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(1)


def _without_long_docstrings(source: str) -> str:
    """The source with every docstring cut to its first line (the API page has the rest)."""
    lines = source.split("\n")
    cuts = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, (ast.FunctionDef, ast.ClassDef)) or not ast.get_docstring(node):
            continue
        doc = node.body[0]
        if doc.end_lineno > doc.lineno:
            cuts.append((doc.lineno - 1, doc.end_lineno))
    for first, last in sorted(cuts, reverse=True):
        lines[first:last] = [lines[first].rstrip() + '"""']
    return "\n".join(lines).rstrip()


def show_source(*objects: Any) -> None:
    """Display the source of functions or classes of the package, as it is installed.

    Args:
        objects: functions (compiled ones too), classes or modules.
    """
    for obj in objects:
        obj = getattr(obj, "py_func", obj)
        source = _without_long_docstrings(textwrap.dedent(inspect.getsource(obj)))
        name = obj.__name__
        if not inspect.ismodule(obj):
            name = f"{obj.__module__}.{obj.__qualname__}"
        display(Markdown(f"`{name}`\n\n```python\n{source}\n```"))


def summary() -> None:
    """Display what this chapter has established so far, from its own verdicts.

    One row a statement: the verdicts ``thm-x:code``, ``thm-x:finite``, ... stand in the row of ``thm-x``.
    """
    from rlcourse.proof import ledger

    counts = Counter(verdict.status for verdict in ledger)
    head = ", ".join(f"{number} {status}" for status, number in counts.items())
    rows: dict[str, list] = {}
    for verdict in ledger:
        rows.setdefault(verdict.label.partition(":")[0], []).append(verdict)
    lines = [f"**{len(ledger)} checks on {len(rows)} statements: {head}.**", "", "| label | statement | status |"]
    lines.append("|---|---|---|")
    for label, verdicts in rows.items():
        main = next((verdict for verdict in verdicts if verdict.label == label), verdicts[0])
        # of a refutation the claim without the numbers; and a bar would end the cell of the table
        tex = main.details.get("claim", main.formula).replace(r"\|", r"\Vert ").replace("|", r"\vert ")
        formula = f"${tex}$" if len(tex) <= LONGEST and "\n" not in tex else "see its cell"
        lines.append(f"| {label} | {formula} | {', '.join(dict.fromkeys(v.status for v in verdicts))} |")
    display(Markdown("\n".join(lines)))
