"""What the cells call."""

import subprocess
import sys

import torch

from rlcourse import checks
from rlcourse.book import setup, show_source, summary
from rlcourse.proof import Verdict


def test_setup_uses_one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    setup()
    assert torch.get_num_threads() == 1
    torch.set_num_threads(before)


def test_setup_does_not_load_torch():
    code = "import sys; from rlcourse.book import setup; setup(); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_show_source_shows_the_installed_code_with_a_short_docstring(monkeypatch):
    shown = []
    monkeypatch.setattr("rlcourse.book.chapter.display", shown.append)
    show_source(checks.probabilities)
    (text,) = (output.data for output in shown)
    assert text.startswith("`rlcourse.checks.probabilities`")
    assert 'Raise ``ValueError`` unless ``p`` holds probability vectors along ``axis``."""' in text
    assert "Entries must be non-negative" not in text
    assert "total = a.sum(" in text
    code = text.split("```python\n")[1].removesuffix("\n```")
    compile(code, "shown", "exec")


def test_summary_has_one_row_for_each_statement(monkeypatch):
    def verdict(label, status, formula, **details):
        return Verdict(label, status, "prove", formula, "", "", details=details)

    monkeypatch.setattr(
        "rlcourse.proof.ledger",
        [
            verdict("thm-a", "proved", "p(a|s) = 1"),
            verdict("thm-a:code", "verified exactly", "x"),
            verdict("fact-b", "refuted", "y" * 500, claim="a = b"),
            verdict("thm-c", "proved", "y" * 500),
        ],
    )
    shown = []
    monkeypatch.setattr("rlcourse.book.chapter.display", shown.append)
    summary()
    lines = shown[0].data.splitlines()
    assert lines[0] == "**4 checks on 3 statements: 2 proved, 1 verified exactly, 1 refuted.**"
    assert lines[4:] == [
        r"| thm-a | $p(a\vert s) = 1$ | proved, verified exactly |",
        "| fact-b | $a = b$ | refuted |",
        "| thm-c | see its cell | proved |",
    ]
