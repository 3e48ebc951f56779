"""Execute the chapters: every ``book/**/*.md`` that changed becomes an executed ``.ipynb`` beside it.

``python -m rlcourse.book.notebooks [--all | --check | --address URL] [-j N] [files ...]``

The bytes of a notebook depend only on its source and its outputs (no times, no random ids), so
that running a chapter again changes nothing in the repository.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from rlcourse.book.bootstrap import BOOTSTRAP, fill

__all__ = ["main"]

BOOK = Path("book")
TIMEOUT = 120  # seconds for one cell
# One thread: sums in another order would change the last digits.
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")


def sources() -> list[Path]:
    """Every text notebook of the book; pages that execute nothing have no kernelspec."""
    return [p for p in sorted(BOOK.rglob("*.md")) if is_notebook(p)]


def is_notebook(path: Path) -> bool:
    """Whether a Markdown file has a kernelspec in its front matter."""
    head = path.read_text(encoding="utf-8").split("\n---", 1)[0]
    return head.startswith("---") and "kernelspec:" in head


def source_hash(path: Path) -> str:
    """What the ``.ipynb`` remembers of the text that it was made from."""
    return hashlib.sha1(path.read_bytes()).hexdigest()


def in_sync(path: Path) -> bool:
    """Whether the ``.ipynb`` beside the text was made from this very text."""
    try:
        nb = nbformat.read(path.with_suffix(".ipynb"), as_version=4)
    except FileNotFoundError:
        return False
    return nb.metadata.get("source_sha1") == source_hash(path)


def read(path: Path) -> nbformat.NotebookNode:
    """The notebook of a text file, with ids that depend only on the cells' texts."""
    nb = jupytext.read(path, fmt="md:myst")
    seen: Counter[str] = Counter()
    for cell in nb.cells:
        digest = hashlib.sha1((cell.cell_type + cell.source).encode()).hexdigest()[:8]
        cell["id"] = f"{digest}-{seen[digest]}" if seen[digest] else digest
        seen[digest] += 1
    code = [cell for cell in nb.cells if cell.cell_type == "code"]
    if not code or code[0].source != BOOTSTRAP:
        raise ValueError(f"{path}: the first code cell must be the text BOOTSTRAP of rlcourse/book/bootstrap.py")
    nb.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
            "source_sha1": source_hash(path),
        }
    )
    nb.nbformat, nb.nbformat_minor = 4, 5
    return nb


def clean(nb: nbformat.NotebookNode) -> None:
    """Drop from the outputs what differs between two runs."""
    for cell in nb.cells:
        if cell.cell_type != "code":
            continue
        cell.metadata.pop("execution", None)
        for output in cell.outputs:
            if output.output_type == "error":
                output.traceback = [f"{output.ename}: {output.evalue}"]


def execute(path: Path) -> str:
    """Run one notebook in its own folder and write it.

    Returns:
        Empty if it ran, else the message to print; a notebook that failed is not written.
    """
    started = time.perf_counter()
    try:
        nb = read(path)
        NotebookClient(
            nb,
            timeout=TIMEOUT,
            kernel_name="python3",
            record_timing=False,
            coalesce_streams=True,
            extra_arguments=["--IPKernelApp.log_level=ERROR"],
            resources={"metadata": {"path": str(path.parent)}},
        ).execute()
    except (CellExecutionError, CellTimeoutError, DeadKernelError, ValueError) as error:
        return f"{path}: {error}"
    clean(nb)
    # newline="\n": the bytes are the same on every system
    with open(path.with_suffix(".ipynb"), "w", encoding="utf-8", newline="\n") as file:
        nbformat.write(nb, file)
    print(f"{path}: {time.perf_counter() - started:.1f} s", flush=True)
    return ""


def write_address(path: Path, address: str) -> None:
    """Let an executed notebook install the package from this address on Colab."""
    text = path.read_text(encoding="utf-8")
    path.write_text(fill(text, address), encoding="utf-8", newline="\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m rlcourse.book.notebooks", description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, help="text notebooks (.md); none means the whole book")
    parser.add_argument("--all", action="store_true", help="execute also what has not changed")
    parser.add_argument("--check", action="store_true", help="execute nothing; fail if something has changed")
    parser.add_argument("--address", help="execute nothing; write this repository's address into the first cells")
    parser.add_argument("-j", "--jobs", type=int, default=2, help="notebooks at a time (default 2)")
    options = parser.parse_args(arguments)
    missing = [f"{p} is not a text notebook" for p in options.files if not (p.is_file() and is_notebook(p))]
    if missing:
        parser.error("; ".join(missing))
    if options.address is not None:
        for path in options.files or sources():
            write_address(path.with_suffix(".ipynb"), options.address)
        return 0
    # A file that is named is executed even if its text is unchanged: the package may have changed.
    run_all = options.all or (options.files and not options.check)
    stale = [p for p in options.files or sources() if run_all or not in_sync(p)]
    if options.check:
        for path in stale:
            print(f"{path}: changed since it was executed; run `make notebooks`", file=sys.stderr)
        return bool(stale)
    os.environ.update({name: os.environ.get(name, "1") for name in THREADS})
    with ProcessPoolExecutor(max_workers=options.jobs) as pool:
        failures = [message for message in pool.map(execute, stale) if message]
    print("\n\n".join(failures), file=sys.stderr, end="\n" if failures else "")
    print(f"{len(stale) - len(failures)} executed, {len(failures)} failed")
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())
