"""An exercise check tells right from wrong, and says what is wrong."""

import numpy as np
import sympy as sp
import torch

from rlcourse.book import check

CONDITIONS = {
    "doubles three": lambda f: (f(3), 6),
    "is odd": lambda f: (f(-2.5), -5.0),
}


def test_right(capsys):
    assert check("ex-double", lambda x: 2 * x, CONDITIONS)
    assert capsys.readouterr().out.splitlines()[-1] == "ex-double: right (2 of 2)"


def test_wrong_says_which_and_by_how_much(capsys):
    assert not check("ex-double", abs, CONDITIONS)
    out = capsys.readouterr().out
    assert "✗ doubles three: got 3, expected 6" in out
    assert "✗ is odd: got 2.5, expected -5." in out
    assert "not right yet (0 of 2)" in out


def test_values_that_look_the_same_are_told_apart(capsys):
    middle = np.arange(100.0)
    other = middle + 1e-3 * (middle == 50)
    close = {"rounded": lambda _: (0.618, (5**0.5 - 1) / 2), "hidden": lambda _: (other, middle)}
    close |= {"kind": lambda _: ("6", 6), "nan": lambda _: (np.nan, np.nan)}
    assert not check("ex-close", "answer", close)
    out = capsys.readouterr().out
    assert "✗ rounded: got 0.618, expected 0.61803399" in out
    assert "✗ hidden: entry [50]: got 50.001, expected 50.0" in out
    assert "✗ kind: got array('6'" in out and "✗ nan: got array(nan)" in out


def test_not_answered(capsys):
    def blank(x):
        ...
        return ...

    assert not check("ex-double", blank, CONDITIONS)
    assert not check("ex-double", ..., {"value": lambda a: (a, 1)})
    assert capsys.readouterr().out == "ex-double: not answered yet\n" * 2


def test_an_exception_is_named_and_the_other_conditions_still_run(capsys):
    def broken(x):
        if x > 0:
            raise KeyError("x")
        return 2 * x

    assert not check("ex-double", broken, CONDITIONS)
    out = capsys.readouterr().out
    assert "✗ doubles three: KeyError: 'x'" in out and "✓ is odd" in out


def test_arrays_tensors_and_exact_values(capsys):
    x = sp.Symbol("x", positive=True)
    same = {
        "array": lambda _: (np.array([1.0, 2.0]), [1, 2]),
        "tensor": lambda _: (torch.ones(2), np.ones(2)),
        "exact": lambda _: (sp.log(x**2), 2 * sp.log(x)),
        "exact and plain": lambda _: (sp.Rational(1, 3), 1 / 3),
        "plain and exact": lambda _: (2, sp.Integer(2)),
        "words": lambda _: ("a", "a"),
    }
    assert check("ex-same", "answer", same)
    different = {
        "shape": lambda _: (np.ones(2), np.ones((2, 1))),
        "nan": lambda _: (np.array([np.nan]), np.array([1.0])),
        "exact": lambda _: (sp.log(x), sp.log(2 * x)),
        "exact and plain": lambda _: (sp.Rational(1, 2), 1),
        "words": lambda _: ("a", "b"),
    }
    assert not check("ex-different", "answer", different)
    assert "0 of 5" in capsys.readouterr().out
