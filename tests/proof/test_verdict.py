"""How a verdict is displayed and stored."""

import json
import re
import subprocess
import sys

import pytest
import sympy as sp
from sympy import Function, IndexedBase, Sum, Symbol, symbols

from rlcourse.proof import agree, prove, refute, simplex, softmax
from rlcourse.proof.typeset import tex
from rlcourse.proof.verdict import MIME

x, y = symbols("x y", real=True)
KEYS = {"label", "status", "covers", "formula", "route", "code", "note", "kind"}


def verdicts():
    return [
        prove("thm-a", (x + y) ** 2, x**2 + 2 * x * y + y**2, covers=("B36",), code=("rlcourse.tabular.returns.gae",)),
        refute("fact-a", x, y, at={x: 1, y: 2}, note="100 % wrong & so on, #1."),
        agree("thm-a:code", [1.0], [1.0], formula=r"\hat A_t"),
    ]


def test_bundle_has_three_forms():
    for verdict in verdicts():
        bundle = verdict._repr_mimebundle_()
        assert set(bundle) == {"text/plain", "text/latex", MIME}
        record = bundle[MIME]
        assert KEYS <= set(record)
        assert json.loads(json.dumps(record)) == record
        assert bundle["text/plain"] == repr(verdict)


def test_record():
    record = verdicts()[0].record()
    assert record["label"] == "thm-a"
    assert record["status"] == "proved"
    assert record["covers"] == ["B36"]
    assert record["code"] == ["rlcourse.tabular.returns.gae"]
    assert record["formula"] == r"\left(x + y\right)^{2} = x^{2} + 2 x y + y^{2}"
    assert record["route"] == "rational normal form"


def test_mark_stands_in_front_and_braces_balance():
    for verdict, mark in zip(verdicts(), ["✓ proved", "✗ refuted", "✓ verified exactly"], strict=True):
        latex = verdict.latex()
        assert latex.startswith(r"$\displaystyle ") and latex.endswith("$")
        assert mark in latex[:80]
        assert latex.count("$") == 2
        assert len(re.findall(r"(?<!\\)\{", latex)) == len(re.findall(r"(?<!\\)\}", latex))
        assert latex.count(r"\begin") == latex.count(r"\end") and latex.count(r"\left") == latex.count(r"\right")
        assert repr(verdict).startswith(mark)


def test_notes_may_hold_signs_and_formulas():
    assert r"\text{100 % wrong & so on, #1.}" in verdicts()[1].latex()
    latex = prove("thm-note", x + x, 2 * x, note="Twice $x$.").latex()
    assert r"\text{Twice \(x\).}" in latex and latex.count("$") == 2


def test_sums_start_with_a_positive_term():
    p = simplex("p", 3)
    assert tex(p[-1]) == "1 - p_{1} - p_{2}"
    assert tex(-x - y) == "- x - y"
    assert tex(x**2 - 2 * x * y + y**2) == "x^{2} - 2 x y + y^{2}"


def test_sides_share_a_line_if_they_fit():
    assert r"\\" not in prove("thm-short", (x + y) ** 2, x**2 + 2 * x * y + y**2).formula
    many = sum(Symbol(f"a_{i}") for i in range(20))
    assert r"\begin{aligned}& " in prove("thm-wide", many + many * 2, 3 * many).formula


def test_long_sides_are_broken_and_cut():
    terms = sum(Symbol(f"a_{i}") for i in range(200))
    verdict = prove("thm-long", 2 * terms / 2 + x, terms + x)
    assert r"\cdots" in verdict.formula
    assert r"\begin{aligned}" in verdict.formula or len(verdict.formula) < 400
    assert len(verdict.formula) < 1500
    assert len(repr(verdict)) < 700
    assert prove("thm-own", terms + x, x + terms, formula="A = B").formula == "A = B"


def test_matrices_are_shown():
    logits = symbols("z_1:3", real=True)
    verdict = prove("thm-matrix", sp.Matrix(softmax(logits)), sp.Matrix(softmax(logits)))
    assert r"\begin{matrix}" in verdict.formula


@pytest.mark.parametrize(
    "name, shown",
    [
        ("lambda_", r"\lambda"),
        ("lam", r"\lambda"),
        ("lambda", r"\lambda"),
        ("pi_theta", r"\pi_{\theta}"),
        ("pi", r"\pi"),
        ("eps", r"\epsilon"),
        ("gamma_", r"\gamma"),
        ("a_1", "a_{1}"),
        ("x", "x"),
    ],
)
def test_names_look_like_a_textbook(name, shown):
    assert tex(Symbol(name)) == shown
    assert tex(Function(name)(x)).startswith(shown)


def test_indices_look_like_a_textbook():
    i = Symbol("i", integer=True)
    assert tex(IndexedBase("r")[i + 1]) == "{r}_{i + 1}"
    assert tex(Sum(Symbol("lambda_") ** i, (i, 0, sp.oo))) == r"\sum_{i=0}^{\infty} \lambda^{i}"


def test_display_is_the_same_in_every_process():
    script = (
        "from sympy import *; from rlcourse.proof import *\n"
        "k=Symbol('k',integer=True); n=Symbol('n',integer=True,positive=True)\n"
        "f=Function('f'); g=symbols('g',positive=True)\n"
        "v=prove('thm-a', Sum(g**k*(f(k+1)*g-f(k)),(k,0,n-1)), g**n*f(n)-f(0)); print(v, v.latex(), v.record())\n"
        "try:\n    prove('thm-b', Sum(f(k),(k,0,n)), f(n)+g)\nexcept Refuted as e:\n    print(e, e.point)\n"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", script],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1
