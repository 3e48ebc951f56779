"""Verdicts are read back from notebooks as they were stored."""

import json

import pytest

from rlcourse.book.ledger import MIME, Statement, read_chapter, read_statements, uncovered

VERDICT = {
    "label": "thm-x",
    "status": "refuted",
    "formula": "a = b",
    "covers": ["B1"],
    "code": ["rlcourse.tabular.returns.gae"],
    "route": "a point",
    "note": "",
}


def write(path, *outputs):
    cells = [
        {"cell_type": "markdown", "source": ["Text\n", "# The title\n", "# Not this"]},
        {"cell_type": "code", "source": "", "outputs": [{"data": {MIME: verdict}} for verdict in outputs]},
        {"cell_type": "code", "source": "", "outputs": [{"output_type": "stream", "text": "x"}]},
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"cells": cells}), encoding="utf-8")
    return path


def test_chapter_is_read_with_its_title_and_verdicts(tmp_path):
    chapter = read_chapter(write(tmp_path / "part" / "slug.ipynb", VERDICT, VERDICT | {"label": "thm-y"}), tmp_path)
    assert (chapter.slug, chapter.title) == ("part/slug", "The title")
    assert [entry.label for entry in chapter.entries] == ["thm-x", "thm-y"]
    assert chapter.entries[0].anchor == "verdict-thm-x"
    assert chapter.entries[0].code == ("rlcourse.tabular.returns.gae",)


@pytest.mark.parametrize("field", ["label", "status", "formula", "covers", "code", "route", "note"])
def test_incomplete_verdict_is_an_error(tmp_path, field):
    broken = {k: v for k, v in VERDICT.items() if k != field}
    with pytest.raises(KeyError, match=field):
        read_chapter(write(tmp_path / "slug.ipynb", broken), tmp_path)


def test_uncovered_counts_only_written_chapters(tmp_path):
    statements = [Statement("B1", "", "slug"), Statement("B2", "", "slug"), Statement("B3", "", "unwritten")]
    chapter = read_chapter(write(tmp_path / "slug.ipynb", VERDICT), tmp_path)
    assert uncovered(statements, [chapter]) == {"slug": ["B2"]}


def test_statements_are_read(tmp_path):
    path = tmp_path / "statements.csv"
    rows = ["id,source,location,kind,statement,chapter,same_as", 'B1,1,§1,theorem,"a, b",slug,', ""]
    path.write_text("\n".join(rows), encoding="utf-8")
    assert read_statements(path) == [Statement("B1", "a, b", "slug")]
