"""Read the verdicts back from executed notebooks: what the ledger and the book's tests are made from."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["MIME", "STATUSES", "Chapter", "Entry", "Statement", "read_chapter", "read_statements", "uncovered"]

MIME = "application/vnd.rlcourse.verdict+json"
STATUSES = ("proved", "refuted", "verified exactly", "consistent")


@dataclass(frozen=True)
class Entry:
    """One verdict as it is stored in a notebook."""

    label: str
    status: str
    formula: str
    covers: tuple[str, ...]
    code: tuple[str, ...]
    route: str
    note: str

    @staticmethod
    def of(data: dict[str, Any]) -> Entry:
        """From the object in the output; raises ``KeyError`` if a field that must be there is missing."""
        return Entry(
            data["label"],
            data["status"],
            data["formula"],
            tuple(data["covers"]),
            tuple(data["code"]),
            data["route"],
            data["note"],
        )

    @property
    def anchor(self) -> str:
        """Where the page of the chapter shows it."""
        return f"verdict-{self.label}"


@dataclass(frozen=True)
class Chapter:
    """A notebook's title and its verdicts in the order of the page."""

    slug: str
    title: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Statement:
    """One row of ``statements.csv``."""

    id: str
    text: str
    chapter: str


def read_chapter(path: Path, book: Path) -> Chapter:
    """The verdicts of one executed notebook.

    Args:
        path: the ``.ipynb``.
        book: the folder that slugs are relative to.
    """
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    entries = [
        Entry.of(output["data"][MIME])
        for cell in cells
        for output in cell.get("outputs", ())
        if MIME in output.get("data", {})
    ]
    text = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
    title = next((line[2:] for source in text for line in source.splitlines() if line.startswith("# ")), path.stem)
    return Chapter(path.relative_to(book).with_suffix("").as_posix(), title, tuple(entries))


def read_statements(path: Path) -> list[Statement]:
    """The rows of ``statements.csv``."""
    with open(path, encoding="utf-8", newline="") as file:
        return [Statement(row["id"], row["statement"], row["chapter"]) for row in csv.DictReader(file)]


def uncovered(statements: Iterable[Statement], chapters: Iterable[Chapter]) -> dict[str, list[str]]:
    """For each chapter that is written, the ids of its statements that no verdict anywhere covers."""
    chapters = list(chapters)
    covered = {id_ for chapter in chapters for entry in chapter.entries for id_ in entry.covers}
    missing: dict[str, list[str]] = {}
    for statement in statements:
        if statement.chapter in {c.slug for c in chapters} and statement.id not in covered:
            missing.setdefault(statement.chapter, []).append(statement.id)
    return missing
