"""LaTeX of statements as a textbook prints them."""

import re

from sympy import Matrix, Rational, Symbol, sympify
from sympy.printing.latex import LatexPrinter, translate

_WORDS = {"lam": "lambda", "eps": "epsilon"}
_WIDE = 80  # printed characters on one line
_LONG = 500  # characters of LaTeX of one side


class _Dots(Symbol):
    """Stands for the terms of a long sum that are not shown."""

    def _latex(self, printer):
        return r"\cdots"


class _Printer(LatexPrinter):
    """sympy's printer, with names such as ``lambda_`` and ``lam`` set as Greek letters.

    With ``most_terms``, longer sums end in dots.
    """

    most_terms = None

    def _as_ordered_terms(self, expr, order=None):
        terms = super()._as_ordered_terms(expr, order=order)
        plus = next((i for i, term in enumerate(terms) if not term.could_extract_minus_sign()), 0)
        terms = [terms[plus], *terms[:plus], *terms[plus + 1 :]]  # 1 - p before -p + 1
        if self.most_terms is None or len(terms) <= self.most_terms + 1:
            return terms
        return [*terms[: self.most_terms], _Dots("dots")]

    def _deal_with_super_sub(self, string, style="plain"):
        name, *rest = string.rstrip("_").split("_", 1)
        return super()._deal_with_super_sub("_".join([_WORDS.get(name, name), *rest]), style)

    def _hprint_Function(self, func):
        name = func.rstrip("_")
        return super()._hprint_Function(translate(_WORDS.get(name, name)) if name != func else name)


def tex(expr) -> str:
    """Return LaTeX of a number, sympy expression, Matrix or list; long sums end in dots."""
    expr = Matrix(expr) if isinstance(expr, (list, tuple)) else sympify(expr)
    for most_terms in (None, 6, 3, 2):
        printer = _Printer({"mat_delim": "(", "mat_str": "matrix"})
        printer.most_terms = most_terms
        text = printer.doprint(expr)
        if len(text) <= _LONG:
            break
    return text


def width(text: str) -> int:
    """Return roughly how many characters wide a formula is printed (the widest row of a matrix)."""
    text = re.sub(r"\\(begin|end)\{\w+\}|\\(left|right|displaystyle|text|small|frac)\b", "", text)
    rows = (re.sub(r"\\[a-zA-Z]+|\\.", "x", row) for row in text.split(r"\\"))
    return max(len(re.sub(r"[{}_^\s]", "", row)) for row in rows)


def relation(lhs: str, sign: str, rhs: str) -> str:
    """Return ``lhs sign rhs``, broken before the sign where one line would be too wide."""
    if width(lhs) + width(rhs) <= _WIDE:
        return f"{lhs} {sign} {rhs}"
    return lines([lhs, rf"\quad {sign} {rhs}"])


def lines(rows) -> str:
    """Return formulas below each other, left-aligned."""
    # no [t]: KaTeX, which some editors show notebooks with, would print it
    return r"\begin{aligned}& " + r" \\ & ".join(rows) + r"\end{aligned}"


def listing(head: str, formulas) -> str:
    """Return formulas after a heading: on one line, or below each other if that would be too wide."""
    one_line = head + r"\ " + r",\ ".join(formulas)
    return one_line if width(one_line) <= _WIDE else lines([head, *formulas])


def marked(mark: str, formula: str, note: str = "") -> str:
    """Return a displayed formula with a small mark in front and a note below."""
    head = rf"{{\small\textsf{{{mark}}}}}\quad "
    if not note:
        return rf"$\displaystyle {head}{formula}$"
    words = re.sub(r"\$([^$]*)\$", r"\\(\1\\)", note)  # dollars would end the formula
    return rf"$\displaystyle \begin{{aligned}}& {head}{formula} \\[2pt] & {{\small\text{{{words}}}}}\end{{aligned}}$"


def short(expr, limit: int = 200) -> str:
    """Return an expression as plain text, cut in the middle if it is longer than ``limit``."""
    text = str(expr)
    return text if len(text) <= limit else f"{text[: limit // 2]} ... {text[-limit // 2 :]}"


def point_text(at) -> str:
    """Return ``x = 1, y = 2`` in the order of the names."""
    return ", ".join(f"{s} = {at[s]}" for s in sorted(at, key=str))


def counterexample(formula: str, at, left, right, place: str = "") -> str:
    """Return a refuted formula with the point and both values below."""
    point = r",\ ".join(f"{tex(s)} = {tex(at[s])}" for s in sorted(at, key=str))
    where = rf"\text{{entry }}{place}\text{{ at }}" if place else r"\text{at }"
    values = rf"\text{{{'' if not at else ': '}left }} {value(left)},\ \text{{ right }} {value(right)}"
    return lines([formula, rf"{{\small {where if at else ''}{point}{values}}}"])


def value(number) -> str:
    """Return LaTeX of an exact number: its decimals if they are few, else four significant digits of it."""
    if number.is_Integer:
        return tex(number)
    digits = f"{float(number):.4g}"
    if number.is_Rational and Rational(digits) == number:
        return digits
    if number.is_Float or (number.is_Rational and max(abs(number.p), number.q) > 99999):
        return rf"\approx {digits}"
    return rf"{tex(number)} \approx {digits}"
