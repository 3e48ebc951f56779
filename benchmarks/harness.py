"""Side-by-side timing: candidates take turns in one process, and their answers are compared first.

Other work on the machine only ever adds time, so the lowest time of many short turns is the best estimate
of what a candidate costs. Taking turns gives every candidate the same share of quiet moments.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

TURN = 0.03  # seconds of one candidate's turn, unless one call takes longer


@dataclass(frozen=True)
class Candidate:
    """One implementation, with its inputs already in the layout and the type that it wants.

    Attributes:
        name: what the table shows.
        run: does the work once; nothing else is timed.
        answer: the outputs of ``run()`` as numpy arrays, for the comparison.
        turns: fewer for candidates that take seconds.
    """

    name: str
    run: Callable
    answer: Callable[[], Sequence[np.ndarray]]
    turns: int = 25


def compare(candidates: Sequence[Candidate], atol: float) -> None:
    """Raise unless every candidate's first output (and second, if it has one) equals the first candidate's."""
    reference = candidates[0].answer()
    for candidate in candidates[1:]:
        for want, got in zip(reference, candidate.answer(), strict=False):
            error = np.abs(want - got).max()
            if not error <= atol:
                raise AssertionError(f"{candidate.name} differs from {candidates[0].name} by {error:.3g}")


def alternate(candidates: Sequence[Candidate]) -> dict[str, float]:
    """Lowest CPU seconds of one call, for each candidate."""
    calls, best = {}, {}
    for c in candidates:
        c.run()  # compiles
        begin = time.perf_counter()
        c.run()
        calls[c.name] = max(1, int(TURN / max(time.perf_counter() - begin, 1e-7)))
        best[c.name] = np.inf
    for turn in range(max(c.turns for c in candidates)):
        for c in candidates:
            if turn < c.turns:
                begin = time.process_time()
                for _ in range(calls[c.name]):
                    c.run()
                best[c.name] = min(best[c.name], (time.process_time() - begin) / calls[c.name])
    return best


def copy_bandwidth(megabytes: int = 128) -> float:
    """Bytes per second (read and written) of numpy copying an array that fits no cache."""
    source = np.ones(megabytes * 2**20 // 8)
    target = np.empty_like(source)
    copy = Candidate("copy", lambda: np.copyto(target, source), lambda: [target])
    return 2 * source.nbytes / alternate([copy])["copy"]


def machine() -> str:
    """The processor and how many of it there are."""
    name = platform.processor() or platform.machine()
    if os.path.exists("/proc/cpuinfo"):
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            name = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), name)
    return f"{name}, {os.cpu_count()} cores, one thread used; Python {platform.python_version()}"


def versions(packages: Sequence[str]) -> str:
    """Name and version of each package that is installed."""
    found = []
    for package in packages:
        try:
            found.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            found.append(f"{package} not installed")
    return ", ".join(found)


def duration(seconds: float) -> str:
    """Three significant digits in a fitting unit."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size or unit == "µs":
            value = seconds / size
            return f"{value:.{max(0, 2 - int(np.floor(np.log10(max(value, 1e-9)))))}f} {unit}"
    raise AssertionError


def ratio(x: float) -> str:
    """How many times as long, in three significant digits."""
    return f"{x:.0f}×" if x >= 100 else f"{x:.3g}×"


def table(rows: Sequence[str], columns: Mapping[str, Mapping[str, str]]) -> str:
    """A Markdown table: one row per name, one column per entry; missing cells show a dash."""
    lines = [f"| | {' | '.join(columns)} |", f"|---{'|---:' * len(columns)}|"]
    lines += [f"| {row} | {' | '.join(cells.get(row, '–') for cells in columns.values())} |" for row in rows]
    return "\n".join(lines)
