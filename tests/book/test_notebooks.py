"""The runner: the same text gives the same bytes, and a failure is told and not stored."""

import json

import pytest

from rlcourse.book import notebooks
from rlcourse.book.bootstrap import BOOTSTRAP, fill

FRONT = """---
jupytext: {text_representation: {extension: .md, format_name: myst}}
kernelspec: {display_name: Python 3, language: python, name: python3}
---

# Title

"""
FIRST = f"```{{code-cell}}\n:tags: [hide-cell]\n\n{BOOTSTRAP}\n```\n\n"


def cell(source, tags=""):
    return f"```{{code-cell}}\n{tags}\n{source}\n```\n\n"


@pytest.fixture
def book(tmp_path, monkeypatch):
    """A folder with an empty book, in which the runner works."""
    (tmp_path / "book" / "part").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "book" / "part"


def test_run_is_repeatable_and_complete(book):
    body = cell("print('a')\nprint('b')\n1 + 1") + cell("import os; os.path.basename(os.getcwd())")
    body += cell("raise ValueError('on purpose')", ":tags: [raises-exception]\n") + cell("1 + 1") + cell("1 + 1")
    (book / "x.md").write_text(FRONT + FIRST + body)
    assert notebooks.main(["--check"]) == 1
    assert notebooks.main([]) == 0
    first = (book / "x.ipynb").read_bytes()
    assert notebooks.main(["--all"]) == 0
    assert (book / "x.ipynb").read_bytes() == first
    assert notebooks.main(["--check"]) == 0

    nb = json.loads(first)
    code = [c for c in nb["cells"] if c["cell_type"] == "code"]
    assert [c["execution_count"] for c in code] == [1, 2, 3, 4, 5, 6]
    assert [o["output_type"] for o in code[1]["outputs"]] == ["stream", "execute_result"]
    assert code[2]["outputs"][0]["data"]["text/plain"] == ["'part'"], "a notebook runs in its own folder"
    assert code[3]["outputs"][0]["traceback"] == ["ValueError: on purpose"], "no path and no color in it"
    assert len({c["id"] for c in nb["cells"]}) == len(nb["cells"]), "equal cells have different ids"
    assert "execution" not in json.dumps([c["metadata"] for c in nb["cells"]]), "no times"


def test_unchanged_chapter_is_not_executed_again(book, capfd):
    (book / "x.md").write_text(FRONT + FIRST)
    (book / "page.md").write_text("# A page without code\n")
    assert notebooks.main([]) == 0
    assert notebooks.main([]) == 0
    assert capfd.readouterr().out.splitlines()[-1] == "0 executed, 0 failed"
    (book / "x.md").write_text(FRONT + FIRST + "More.\n")
    assert notebooks.main(["--check"]) == 1


def test_address_is_written_into_the_first_cell_only(book):
    (book / "x.md").write_text(FRONT + FIRST + cell("1 + 1"))
    assert notebooks.main([]) == 0
    before = (book / "x.ipynb").read_text()
    assert notebooks.main(["--address", "https://example.org/a/b"]) == 0
    after = (book / "x.ipynb").read_text()
    assert after == before.replace(r"REPOSITORY = \"\"", r"REPOSITORY = \"https://example.org/a/b\"", 1) != before


def test_failing_cell_is_reported_and_nothing_is_written(book, capfd):
    (book / "x.md").write_text(FRONT + FIRST + cell("1 / 0"))
    assert notebooks.main([]) == 1
    message = capfd.readouterr().err
    assert "x.md" in message
    assert "ZeroDivisionError" in message
    assert not (book / "x.ipynb").exists()


def test_first_cell_must_be_the_canonical_one(book, capfd):
    (book / "x.md").write_text(FRONT + cell("%pip install rlcourse"))
    assert notebooks.main([]) == 1
    assert "BOOTSTRAP" in capfd.readouterr().err


def test_file_that_is_no_notebook_is_refused(book, capfd):
    (book / "page.md").write_text("# A page without code\n")
    with pytest.raises(SystemExit):
        notebooks.main(["book/part/page.md", "book/part/none.md"])
    assert "page.md is not a text notebook; " in capfd.readouterr().err


def test_fill_puts_the_address_into_a_notebook_and_takes_it_out():
    nb = json.dumps({"cells": [{"source": BOOTSTRAP.splitlines(keepends=True)}]})
    filled = fill(nb, "https://example.org/a/b")
    source = "".join(json.loads(filled)["cells"][0]["source"])
    assert 'REPOSITORY = "https://example.org/a/b"\n' in source
    assert fill(filled, "") == nb
    assert 'REPOSITORY = "https://example.org/a/b"\n' in fill(BOOTSTRAP, "https://example.org/a/b")


@pytest.mark.parametrize("address", ['https://x/"; import os', "git@example.org:a/b", "http://example.org/a b"])
def test_fill_refuses_what_is_no_address(address):
    with pytest.raises(ValueError, match="repository: expected an https address"):
        fill(BOOTSTRAP, address)


def test_fill_refuses_a_text_without_the_line():
    with pytest.raises(ValueError, match="found no line"):
        fill("x = 1", "https://example.org/a/b")


def run_bootstrap(monkeypatch, address, installed):
    """Execute the cell; returns the commands that it would have started."""
    commands = []
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object() if installed else None)
    monkeypatch.setattr("subprocess.run", lambda command, check: commands.append(command))
    exec(fill(BOOTSTRAP, address), {})
    return commands


def test_bootstrap_does_nothing_where_the_package_is(monkeypatch):
    assert run_bootstrap(monkeypatch, "https://example.org/a/b", installed=True) == []
    assert run_bootstrap(monkeypatch, "", installed=True) == []


def test_bootstrap_installs_without_dependencies(monkeypatch):
    (command,) = run_bootstrap(monkeypatch, "https://example.org/a/b", installed=False)
    assert command[1:] == ["-m", "pip", "install", "-q", "--no-deps", "git+https://example.org/a/b"]


def test_bootstrap_without_address_says_what_to_do(monkeypatch):
    with pytest.raises(ImportError, match=r"pip install -e \."):
        run_bootstrap(monkeypatch, "", installed=False)
