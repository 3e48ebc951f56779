"""The verdicts of this session, and the rule that a label is used once."""

import re
import sys
from collections.abc import Iterator

_LABEL = re.compile(r"[a-z][a-z0-9]*([-:._][a-z0-9]+)*")


def check_label(label) -> str:
    """Return ``label`` if it can be a reference target, e.g. ``thm-gae-sum`` or ``thm-gae-sum:code``.

    Raises:
        TypeError: The label is not a string.
        ValueError: It has characters other than a-z, 0-9 and single ``- : . _`` between them.
    """
    if not isinstance(label, str):
        raise TypeError(f"label: expected a string such as 'thm-gae-sum', got {type(label).__name__}")
    if not _LABEL.fullmatch(label):
        bad = sorted({repr(c) for c in label if not re.fullmatch(r"[a-z0-9:._-]", c)})
        reason = f"has {', '.join(bad)}" if bad else "starts, ends or doubles a separator"
        raise ValueError(f"label {label!r} {reason}; use a-z, 0-9 and single - : . _ between, like 'thm-gae-sum:code'")
    return label


def check_sequence(name, values) -> tuple:
    """Return ``values`` as a tuple, or raise ``TypeError`` if they are no list or tuple (a forgotten bracket)."""
    if not isinstance(values, (list, tuple)):
        raise TypeError(f"{name}: expected a list or tuple, got {values!r}; write {name}=[...]")
    return tuple(values)


def check_code(code) -> tuple[str, ...]:
    """Return ``code`` as a tuple of qualified names, or raise ``TypeError`` for a single string or another entry."""
    for position, name in enumerate(check_sequence("code", code)):
        if not isinstance(name, str):
            raise TypeError(f"code[{position}]: expected a qualified name (a string), got {name!r}")
    return tuple(code)


class Ledger:
    """The verdicts of a session in the order in which they were reached; reads like a list.

    A label names one verdict. Running a notebook cell again replaces its verdicts, because a reader runs
    cells again; the same label in another cell, twice in one run of a cell, or twice in a script is an error.
    """

    def __init__(self):
        self._entries = {}

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator:
        return iter([verdict for verdict, _ in self._entries.values()])

    def __getitem__(self, key):
        """Return the verdict at a position, or under a label."""
        if isinstance(key, str):
            return self._entries[key][0]
        return list(self)[key]

    def __repr__(self) -> str:
        return "\n".join(map(repr, self))

    def clear(self) -> None:
        """Forget every verdict."""
        self._entries.clear()

    def check_free(self, label: str) -> None:
        """Raise ``ValueError`` if a verdict with this label exists that this run of the cell may not replace."""
        if label not in self._entries:
            return
        (cell, run), (old_cell, old_run) = current_run(), self._entries[label][1]
        if run is None or run == old_run:
            where = "already used above; a label names one verdict"
        elif None not in (cell, old_cell) and cell != old_cell:
            where = "already used in another cell; choose another label (or restart the kernel if that cell is gone)"
        else:
            return
        raise ValueError(f"label {label!r}: {where}")

    def add(self, verdict) -> None:
        """Record a verdict under its label."""
        self.check_free(verdict.label)
        self._entries[verdict.label] = (verdict, current_run())


def current_run() -> tuple[str | None, str | None]:
    """Return what identifies the notebook cell that runs now, and this run of it.

    Returns:
        ``(cell, run)``. In a script both are None. In a notebook ``run`` is the id of the request that runs
        the cell; ``cell`` is the cell's id where the front end tells it (JupyterLab does, nbclient does not).
    """
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is None:
        return None, None
    kernel = getattr(shell, "kernel", None)
    if kernel is None:
        return None, f"terminal-{shell.execution_count}"
    parent = kernel.get_parent("shell") or {}
    return parent.get("metadata", {}).get("cellId"), parent.get("header", {}).get("msg_id", "unknown")


ledger = Ledger()
