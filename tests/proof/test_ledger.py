"""Labels, ids and the ledger of a session."""

import types

import pytest
from sympy import symbols

import rlcourse.proof
from rlcourse.proof import agree, ledger, prove, refute
from rlcourse.proof.statements import check_covers, known_ids

x, y = symbols("x y", real=True)


def proof(label):
    return prove(label, x + x, 2 * x)


def use_kernel(monkeypatch, cell, run):
    """Pretend that a notebook cell runs now."""
    parent = {"header": {"msg_id": run}, "metadata": {"cellId": cell} if cell else {}}
    kernel = types.SimpleNamespace(get_parent=lambda channel: parent)
    shell = types.SimpleNamespace(kernel=kernel, execution_count=1)
    monkeypatch.setitem(__import__("sys").modules, "IPython", types.SimpleNamespace(get_ipython=lambda: shell))


def test_verdicts_are_kept_in_order():
    proof("thm-b"), proof("thm-a"), agree("thm-a:code", 1.0, 1.0)
    assert [v.label for v in ledger] == ["thm-b", "thm-a", "thm-a:code"]
    assert (len(ledger), ledger[0].label, ledger[-1].label) == (3, "thm-b", "thm-a:code")
    assert ledger["thm-a"].status == "proved"
    assert repr(ledger).count("\n") == 2
    assert rlcourse.proof.ledger is ledger


def test_a_label_is_used_once_in_a_script():
    proof("thm-a")
    for call in (
        lambda: proof("thm-a"),
        lambda: agree("thm-a", 1.0, 1.0),
        lambda: refute("thm-a", x, y, at={x: 1, y: 2}),
    ):
        with pytest.raises(ValueError, match="label 'thm-a': already used"):
            call()
    assert len(ledger) == 1


def test_a_cell_may_run_again(monkeypatch):
    use_kernel(monkeypatch, "cell-1", "run-1")
    proof("thm-a"), proof("thm-b")
    use_kernel(monkeypatch, "cell-1", "run-2")
    agree("thm-a", 1.0, 1.0)
    assert [(v.label, v.status) for v in ledger] == [("thm-a", "verified exactly"), ("thm-b", "proved")]


def test_a_cell_may_not_repeat_a_label(monkeypatch):
    use_kernel(monkeypatch, "cell-1", "run-1")
    proof("thm-a")
    with pytest.raises(ValueError, match="already used above"):
        proof("thm-a")


def test_another_cell_may_not_use_the_label(monkeypatch):
    use_kernel(monkeypatch, "cell-1", "run-1")
    proof("thm-a")
    use_kernel(monkeypatch, "cell-2", "run-2")
    with pytest.raises(ValueError, match="another cell"):
        proof("thm-a")


def test_without_cell_ids_a_later_run_replaces(monkeypatch):
    use_kernel(monkeypatch, None, "run-1")
    proof("thm-a")
    with pytest.raises(ValueError):
        proof("thm-a")
    use_kernel(monkeypatch, None, "run-2")
    proof("thm-a")
    assert len(ledger) == 1


@pytest.mark.parametrize(
    "label", ["", "Thm-a", "thm a", "thm-ä", "thm--a", "-thm", "thm-a:", "thm/a", "thm-a\n", "1-a"]
)
def test_bad_labels(label):
    with pytest.raises(ValueError, match="label"):
        proof(label)


def test_a_label_is_a_string():
    with pytest.raises(TypeError, match="label: expected a string"):
        proof(x)


def test_a_bad_character_is_named():
    with pytest.raises(ValueError, match=r"has ' '.*like 'thm-gae-sum:code'"):
        proof("thm gae")


def test_ids_are_known_and_kept_in_the_list_order():
    ids = known_ids()
    assert len(ids) > 300 and len(set(ids)) == len(ids)
    verdict = prove("thm-a", x + x, 2 * x, covers=(ids[5], ids[2]))
    assert verdict.covers == (ids[2], ids[5])


def test_unknown_ids():
    with pytest.raises(ValueError, match=r"covers\[1\]: unknown statement id 'B370'; nearest known ids: .*B37"):
        prove("thm-a", x + x, 2 * x, covers=("B36", "B370"))
    with pytest.raises(TypeError, match=r"covers=\('B36',\)"):
        prove("thm-a", x + x, 2 * x, covers="B36")
    with pytest.raises(TypeError, match=r"covers\[0\]"):
        check_covers((36,))
    with pytest.raises(ValueError, match="repeated id B36"):
        check_covers(("B36", "B36"))
    assert len(ledger) == 0


@pytest.mark.parametrize("kind", ["refute", "agree", "consistent"])
def test_every_call_checks_ids(kind):
    import numpy as np

    import rlcourse.proof as kit

    calls = {
        "refute": lambda: kit.refute("fact-a", x, y, at={x: 1, y: 2}, covers=("Q1",)),
        "agree": lambda: kit.agree("thm-a", 1.0, 1.0, covers=("Q1",)),
        "consistent": lambda: kit.consistent("thm-a", np.ones(50), 1.0, wrong=2.0, covers=("Q1",)),
    }
    with pytest.raises(ValueError, match="unknown statement id 'Q1'"):
        calls[kind]()
