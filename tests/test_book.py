"""The chapters keep the promises of the book: what is printed has been executed, and nothing is left out."""

import ast
import importlib
import re
from collections import Counter
from functools import cache
from pathlib import Path

import nbformat
import pytest
import yaml

from rlcourse.book.bootstrap import BOOTSTRAP
from rlcourse.book.ledger import MIME, STATUSES, read_chapter, read_statements, uncovered
from rlcourse.book.notebooks import in_sync, is_notebook, read

ROOT = Path(__file__).parents[1]
BOOK = ROOT / "book"
SOURCES = [path for path in sorted(BOOK.rglob("*.md")) if is_notebook(path)]
SLUGS = [path.relative_to(BOOK).with_suffix("").as_posix() for path in SOURCES]
WORDS = (1500, 3500)
EXERCISES = (3, 6)

chapter = pytest.mark.parametrize("path", SOURCES, ids=SLUGS)

DIRECTIVE = re.compile(r"^:{3,}\{prf:(\w+)\}[^\n]*\n((?::[\w-]+:[^\n]*\n)*)", re.MULTILINE)
MUST_HAVE_VERDICT = {"theorem", "lemma", "proposition", "corollary", "algorithm"}
LABEL = re.compile(r"^:label:\s*(\S+)", re.MULTILINE)
EQUATION_LABEL = re.compile(r"^\$\$[ \t]*\(([\w:-]+)\)", re.MULTILINE)
# What follows "Proved in:" in a docstring: values/q_learning (alg-sarsa, thm-sarsa-expected)
PROVED_IN = re.compile(r"([a-z]+/[a-z_]+) \(([\w-]+(?:, [\w-]+)*)\)")
STUNTED_BARS = re.compile(r"\\(?:left|right)\s*\\(?:[lr]?Vert|\|)")
# Folders that exist on the machine that made the notebook and not on the reader's.
MACHINE_PATH = re.compile(r"(?<![\w.:/-])(?:/(?:home|root|work|Users|usr|opt|tmp|var|mnt|srv)/[\w.-]|[A-Z]:\\\\)")


@cache
def notebook(path):
    return nbformat.read(path.with_suffix(".ipynb"), as_version=4)


@cache
def verdicts(path):
    return read_chapter(path.with_suffix(".ipynb"), BOOK).entries


@cache
def text(path):
    return path.read_text(encoding="utf-8")


def code_cells(path):
    return [cell for cell in notebook(path).cells if cell.cell_type == "code"]


def printed(cell):
    """What a cell wrote, as one string."""
    return "".join(output.get("text", "") for output in cell.outputs)


def directives(path):
    """(kind, label) of every theorem-like directive; the label is empty if it has none."""
    found = []
    for match in DIRECTIVE.finditer(text(path)):
        label = LABEL.search(match[2])
        found.append((match[1], label[1] if label else ""))
    return found


def prose(path):
    """The words of a chapter that are read as text: no code, no formulas, no directive options."""
    source = "\n".join(cell.source for cell in notebook(path).cells if cell.cell_type == "markdown")
    source = re.sub(r"```.*?```", " ", source, flags=re.DOTALL)
    source = re.sub(r"\$\$.*?\$\$|\$[^$]*\$", " ", source, flags=re.DOTALL)
    source = re.sub(r"^:+.*$", " ", source, flags=re.MULTILINE)
    return re.findall(r"[^\W\d_][\w'’-]*", source)


def repeated(labels):
    return sorted(label for label, count in Counter(labels).items() if count > 1)


def test_contents_name_every_chapter():
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    files = [entry["file"] for part in toc["parts"] for entry in part["chapters"]]
    assert sorted(f for f in files if f.endswith(".ipynb")) == sorted(f"book/{slug}.ipynb" for slug in SLUGS)


@chapter
def test_notebook_is_made_from_this_text(path):
    assert in_sync(path), "the text changed since it was executed; run `make notebooks`"
    assert [c.source for c in read(path).cells] == [c.source for c in notebook(path).cells], "the .ipynb was edited"


@chapter
def test_first_code_cell_is_the_canonical_one(path):
    first = code_cells(path)[0]
    assert first.source == BOOTSTRAP
    assert first.metadata.tags == ["hide-cell"]


@chapter
def test_every_cell_was_executed_in_order(path):
    counts = [cell.execution_count for cell in code_cells(path)]
    assert counts == list(range(1, len(counts) + 1))


@chapter
def test_no_cell_failed_unexpectedly(path):
    failed = [
        cell.source
        for cell in code_cells(path)
        if "raises-exception" not in cell.metadata.get("tags", ())
        and any(output.output_type == "error" for output in cell.outputs)
    ]
    assert not failed


@chapter
def test_no_cell_hides_its_value_with_a_semicolon(path):
    # nbval executes cells in a way in which it hides nothing
    assert not [cell.source for cell in code_cells(path) if cell.source.rstrip().endswith(";")]


@chapter
def test_outputs_show_no_warning(path):
    warned = [output.text for cell in code_cells(path) for output in cell.outputs if output.get("name") == "stderr"]
    assert not warned


@chapter
def test_every_theorem_is_labeled_and_has_a_verdict(path):
    labels = {entry.label for entry in verdicts(path)} | {entry.label.split(":")[0] for entry in verdicts(path)}
    must = [(kind, label) for kind, label in directives(path) if kind in MUST_HAVE_VERDICT]
    assert must, "the chapter states nothing"
    assert [(kind, label) for kind, label in must if label not in labels] == []


@chapter
def test_every_verdict_belongs_to_a_statement_of_the_page(path):
    stated = {label for _, label in directives(path)}
    of_theorems = [e.label for e in verdicts(path) if e.label.startswith(("thm-", "def-", "alg-", "lem-"))]
    assert [label for label in of_theorems if label.split(":")[0] not in stated] == []


def test_labels_are_unique_in_the_book():
    assert repeated(label for path in SOURCES for _, label in directives(path) if label) == []
    assert repeated(label for path in SOURCES for label in EQUATION_LABEL.findall(text(path))) == []
    assert repeated(entry.label for path in SOURCES for entry in verdicts(path)) == []


def test_every_statement_of_a_written_chapter_is_covered():
    statements = read_statements(BOOK / "statements.csv")
    missing = uncovered(statements, [read_chapter(path.with_suffix(".ipynb"), BOOK) for path in SOURCES])
    assert not missing, f"no verdict covers {missing}"


@chapter
def test_covered_ids_exist(path):
    known = {statement.id for statement in read_statements(BOOK / "statements.csv")}
    assert {id_ for entry in verdicts(path) for id_ in entry.covers} - known == set()


@chapter
def test_verdicts_are_complete(path):
    for entry in verdicts(path):
        assert entry.status in STATUSES, entry.label
        assert entry.route, entry.label
        assert entry.formula != rf"\text{{{entry.label}}}", f"{entry.label}: pass formula=, the label says nothing"
        assert entry.note == "" or entry.note[-1] in ".!?", f"{entry.label}: the note is a sentence, with a period"


@chapter
def test_refuted_statements_say_what_they_refute(path):
    # the corrections page shows them away from their chapter
    assert [entry.label for entry in verdicts(path) if entry.status == "refuted" and not entry.note] == []


@chapter
def test_simulation_is_the_last_resort(path):
    unexplained = [e.label for e in verdicts(path) if e.status == "consistent" and "exact" not in e.note]
    assert not unexplained, "the note must say why no exact check is possible"


@chapter
def test_named_functions_exist(path):
    for name in {name for entry in verdicts(path) for name in entry.code}:
        module, _, function = name.rpartition(".")
        assert hasattr(importlib.import_module(module), function), name


def test_docstrings_name_statements_that_exist():
    there = {(slug, label) for path, slug in zip(SOURCES, SLUGS, strict=True) for _, label in directives(path)}
    wrong = []
    for path in sorted((ROOT / "rlcourse").rglob("*.py")):
        for words in re.findall(r"Proved in:\s+([^.]*)", text(path)):
            named = PROVED_IN.fullmatch(" ".join(words.split()))
            labels = named[2].split(", ") if named else [""]
            wrong += [(path.name, words) for label in labels if not named or (named[1], label) not in there]
    assert wrong == []


@chapter
def test_citations_are_in_the_bibliography(path):
    known = set(re.findall(r"^@\w+\{([^,\s]+),", (BOOK / "references.bib").read_text(encoding="utf-8"), re.MULTILINE))
    cited = {key.strip() for keys in re.findall(r"\{cite(?::\w+)?\}`([^`]+)`", text(path)) for key in keys.split(",")}
    assert cited, "further reading cites nothing"
    assert cited - known == set()


def test_bibliography_has_no_key_twice():
    text = (BOOK / "references.bib").read_text(encoding="utf-8")
    assert repeated(re.findall(r"^@\w+\{([^,\s]+),", text, re.MULTILINE)) == []


@chapter
def test_no_path_of_a_machine(path):
    # pictures are base64, in which anything may occur
    whole = "\n".join(
        str(value)
        for cell in notebook(path).cells
        for value in (
            cell.source,
            *(o.get("text", "") for o in cell.get("outputs", ())),
            *(v for o in cell.get("outputs", ()) for k, v in o.get("data", {}).items() if not k.startswith("image/")),
        )
    )
    assert MACHINE_PATH.findall(whole) == []


@chapter
def test_no_code_of_the_package_is_pasted(path):
    def windows(source):
        lines = [line.strip() for line in source.splitlines()]
        lines = [line for line in lines if line and not line.startswith(("import ", "from ", "#", '"""'))]
        return {tuple(lines[i : i + 4]) for i in range(len(lines) - 3)}

    package = set().union(*(windows(p.read_text(encoding="utf-8")) for p in (ROOT / "rlcourse").rglob("*.py")))
    package -= windows(BOOTSTRAP)
    pasted = [w for cell in code_cells(path)[1:] for w in windows(cell.source) & package if sum(map(len, w)) > 60]
    assert not pasted, "show it with show_source"


@chapter
def test_length(path):
    assert WORDS[0] <= len(prose(path)) <= WORDS[1]


@chapter
def test_parts_of_a_chapter(path):
    headings = re.findall(r"^## (.+)$", text(path), re.MULTILINE)
    for part in ("Where it breaks", "Exercises", "Summary"):
        assert any(heading.startswith(part) for heading in headings), f"no section {part!r} in {headings}"


@chapter
def test_exercises_have_a_check_and_a_solution(path):
    exercises = re.findall(r"\{exercise-start\}[^\n]*\n(?::[\w-]+:[^\n]*\n)*?:label:\s*(ex-[\w-]+)", text(path))
    solutions = re.findall(r"\{solution-start\}\s*(ex-[\w-]+)", text(path))
    assert EXERCISES[0] <= len(exercises) <= EXERCISES[1]
    assert sorted(exercises) == sorted(solutions)
    output = "\n".join(printed(cell) for cell in code_cells(path))
    for label in exercises:
        assert f"{label}: not answered yet" in output, "the student's cell must say that nothing is answered"
        assert re.search(rf"^{label}: right \(", output, re.MULTILINE), "the solution must pass the check"


@chapter
def test_tex_has_no_stunted_bars(path):
    # MathJax draws stretched double bars too short around low content
    assert STUNTED_BARS.findall(text(path)) == []
    assert [entry.label for entry in verdicts(path) if STUNTED_BARS.search(entry.formula)] == []


@chapter
def test_figures_have_captions(path):
    cells = notebook(path).cells
    for cell, following in zip(cells, [*cells[1:], None], strict=True):
        drawn = cell.cell_type == "code" and any("image/png" in o.get("data", {}) for o in cell.outputs)
        if drawn:
            assert following is not None, cell.source
            assert following.source.startswith("*Figure"), f"no caption after the cell\n{cell.source}"


@chapter
def test_cells_parse_as_python(path):
    # magics would run in Jupyter and nowhere else
    for cell in code_cells(path):
        ast.parse(cell.source)


@chapter
def test_stored_verdicts_have_their_fallbacks(path):
    # Jupyter and Colab show LaTeX, a terminal plain text
    for cell in code_cells(path):
        for output in cell.outputs:
            if MIME in output.get("data", {}):
                assert {"text/plain", "text/latex"} <= set(output.data)
