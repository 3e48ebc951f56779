"""Values of a statement at random points: exact fractions where possible, 40 digits otherwise.

Nothing is ever proved here. Values refute, and they guard against errors of the symbolic engine.
"""

import operator
import random
from fractions import Fraction

import mpmath
import sympy as sp
from sympy.core.function import AppliedUndef

from rlcourse.proof import infinite
from rlcourse.proof.values import DIGITS, Undefined, combine, compare, fits, real_part, to_mpf, to_number, to_sympy

_POOL = [Fraction(x) for x in "1/2 1/3 2/5 3/4 1/5 3/7 2/3 5/4 7/5 5/3 7/3".split()]
_LARGEST = 7
_INTEGERS = [Fraction(n) for n in (3, 2, 4, 1, 5, 6, 7, 0)]


class Point:
    """A random point: values of the symbols, and of every function value and indexed entry that is met.

    Args:
        domain: Where the point must lie.
        symbols: Free symbols of the statement.
        seed: Any string; the same seed gives the same point on every machine.
        given: Values that are fixed.
        small: Draw fractions of at most 1/2, for which power series converge fast.
        least: Draw the least integers, at which sums are empty and factors vanish.
        summable: Let free functions fall fast in their integer arguments, so that their series converge.
    """

    def __init__(self, domain, symbols, seed, given=None, *, small=False, least=False, summable=False):
        self.seed = seed
        self.summable = summable
        self._least = least
        self._fractions = [x for x in _POOL if x <= Fraction(1, 2)] if small else _POOL
        self.values = {}
        self.table = {}
        self.approximate = False
        self.error = mpmath.mpf(0)
        self._touched = {}
        each = [equation for equation in domain.equations if _indices(equation) - set(symbols)]
        self._satisfied = {head for equation in each for head in _heads(equation)}
        given = {entry: to_number(sp.sympify(value)) for entry, value in (given or {}).items()}
        self.table |= {entry: value for entry, value in given.items() if not entry.is_Symbol}
        free = {v for s in symbols if s in domain.solved for v in domain.solved[s].free_symbols}
        for symbol in sorted(set(symbols) | free, key=_order):
            if symbol in given:
                self.values[symbol] = given[symbol]
            elif symbol not in domain.solved:
                self.values[symbol] = self._draw(symbol.name, symbol)
        for symbol in sorted(set(symbols), key=_order):
            if symbol in domain.solved and symbol not in self.values:
                self.values[symbol] = self.value(domain.solved[symbol])
                if not fits(to_sympy(self.values[symbol]), symbol):
                    raise Undefined(f"{symbol} would break its assumptions")
        self.symbols = sorted((s for s in symbols), key=_order)
        self._fixed = set(given)
        for equation in domain.equations:
            self._satisfy(equation, sorted((s for s in _indices(equation) if s not in symbols), key=_order))
        self._fixed |= {*self.values, *self.table}
        for equation in domain.equations:  # a later one may have moved what an earlier one needs
            self._satisfy(equation, sorted((s for s in _indices(equation) if s not in symbols), key=_order))
        for condition in domain.conditions:
            if not self.value(condition) > 0:
                raise Undefined(f"{condition} > 0 fails")

    def shown(self) -> dict:
        """Return ``{sympy expression: exact value}`` of everything that the point fixes."""
        symbols = {s: to_sympy(self.values[s]) for s in self.symbols}
        return symbols | {entry: to_sympy(v) for entry, v in self.table.items()}

    def holds(self, sign: str, lhs, rhs) -> bool:
        """Return whether ``lhs sign rhs`` holds for two values at this point, up to the error of evaluation."""
        with mpmath.workdps(DIGITS):
            if self.approximate:
                return compare(sign, to_mpf(lhs), to_mpf(rhs), mpmath.mpf(10) ** -8)
            return compare(sign, lhs, rhs, max(mpmath.mpf(10) ** -25, self.error))

    def _satisfy(self, equation, indices, bound=None) -> None:
        """Change drawn values until the equation holds, for each value of its free indices."""
        if indices:
            for k in range(_LARGEST + 1):
                self._satisfy(equation, indices[1:], {**(bound or {}), indices[0]: Fraction(k)})
            return
        self._touched = {}
        if compare("==", self.value(equation, bound), Fraction(0), mpmath.mpf(10) ** -30):
            return
        free = [e for e in self._touched if e not in self._fixed]
        entries, symbols = ([e for e in free if (e in self.table) == among] for among in (True, False))
        for group in (entries, symbols, *([e] for e in reversed(entries + symbols))):
            if group and self._scale(equation, bound, group):
                self._fixed.update(group)
                return
        raise Undefined(f"could not satisfy {equation} = 0")

    def _scale(self, equation, bound, group) -> bool:
        """Multiply the values in ``group`` by the one factor for which an affine equation holds."""
        old = {e: self._store(e)[e] for e in group}
        before = set(self.table)

        def at(factor):
            for e, v in old.items():
                self._store(e)[e] = combine(factor, v, operator.mul)
            return self.value(equation, bound)

        try:
            start, end = at(Fraction(0)), at(Fraction(1))
            factor = combine(start, combine(start, end, operator.sub), operator.truediv)
            if factor and compare("==", at(factor), Fraction(0), mpmath.mpf(10) ** -35):
                if all(fits(to_sympy(combine(factor, v, operator.mul)), e) for e, v in old.items()):
                    return True
        except (Undefined, ZeroDivisionError):
            pass
        for e in [e for e in self.table if e not in before]:
            del self.table[e]
        for e, v in old.items():
            self._store(e)[e] = v
        return False

    def _store(self, entry) -> dict:
        return self.values if isinstance(entry, sp.Symbol) and entry in self.values else self.table

    def _draw(self, name, wanted):
        rng = random.Random(f"{self.seed}|{name}")
        pool = _INTEGERS if wanted.is_integer else self._fractions
        pool = sorted(pool) if wanted.is_integer and self._least else rng.sample(pool, len(pool))
        unsigned = wanted.is_positive is None and wanted.is_nonnegative is None
        if unsigned and not (wanted.is_integer and rng.random() < 0.5):
            pool = [x if rng.random() < 0.5 else -x for x in pool]
        if wanted.is_negative or wanted.is_nonpositive:
            pool = [-x for x in pool]
        for x in pool:
            if fits(sp.Rational(x.numerator, x.denominator), wanted):
                return x
        raise Undefined(f"found no value for {name} with its assumptions")

    def value(self, expr, bound=None):
        """Return the value of ``expr``; ``bound`` holds the values of summation indices."""
        bound = bound or {}
        method = next((m for kind, m in _METHODS if isinstance(expr, kind)), None)
        try:
            if method:
                return method(self, expr, bound)
            arguments = [to_sympy(self.value(a, bound)) for a in expr.args]
            result = expr.func(*arguments)
            return to_number(result if result.is_Rational else sp.N(result, DIGITS))
        except (ZeroDivisionError, OverflowError, ValueError) as error:
            raise Undefined(str(error)) from error

    def _symbol(self, expr, bound):
        if expr in bound:
            return bound[expr]
        if expr not in self.values:
            self.values[expr] = self._draw(expr.name, expr)
        if not expr.is_integer:
            self._touched[expr] = None
        return self.values[expr]

    def _number(self, expr, bound):
        return to_number(expr if expr.is_Rational or expr.is_infinite else sp.N(expr, DIGITS))

    def _add(self, expr, bound):
        total = Fraction(0)
        for a in expr.args:
            part = self.value(a, bound)
            if not isinstance(part, Fraction):  # large parts that cancel leave the error of the largest
                self.error = max(self.error, abs(part) * mpmath.mpf(10) ** (4 - DIGITS))
            total = combine(total, part, operator.add)
        return total

    def _mul(self, expr, bound):
        total = Fraction(1)
        for a in expr.args:
            total = combine(total, self.value(a, bound), operator.mul)
        return total

    def _pow(self, expr, bound):
        base, exponent = self.value(expr.base, bound), self.value(expr.exp, bound)
        if isinstance(exponent, Fraction) and exponent.denominator == 1 and abs(exponent) < 1000:
            return base ** int(exponent)
        return real_part(mpmath.power(to_mpf(base), to_mpf(exponent)))

    def _exp(self, expr, bound):
        return real_part(mpmath.exp(to_mpf(self.value(expr.args[0], bound))))

    def _log(self, expr, bound):
        argument = self.value(expr.args[0], bound)
        if argument <= 0:
            raise Undefined(f"log of {argument}")
        return Fraction(0) if argument == 1 else real_part(mpmath.log(to_mpf(argument)))

    def _entry(self, expr, bound):
        """Value of f(args), x[index] or a derivative of f: one random number for each argument tuple."""
        if isinstance(expr, sp.Indexed):
            arguments, remake = expr.indices, lambda new: expr.base[tuple(new)]
        elif isinstance(expr, AppliedUndef):
            arguments, remake = expr.args, lambda new: expr.func(*new)
        else:
            return self._derivative(expr, bound)
        entry = remake([to_sympy(self.value(a, bound)) for a in arguments])
        if entry not in self.table:
            if _heads(expr) & self._satisfied and any(a.is_Integer and a > _LARGEST for a in entry.args):
                raise Undefined(f"what is assumed of {entry} is not arranged beyond {_LARGEST}")
            size = sum(abs(int(a)) for a in (getattr(entry, "indices", None) or entry.args) if a.is_Integer)
            scale = Fraction(1, 8**size) if self.summable and entry.is_integer is None else 1
            self.table[entry] = scale * self._draw(str(entry), entry)
        self._touched[entry] = None
        return self.table[entry]

    def _derivative(self, expr, bound):
        if isinstance(expr, sp.Subs):
            inner = expr.expr
            at = {v: to_sympy(self.value(x, bound)) for v, x in zip(expr.variables, expr.point, strict=True)}
        else:
            inner, at = expr, {}
        if not isinstance(inner, sp.Derivative):
            return self.value(inner.doit().subs(at), bound)
        function = inner.expr
        if not isinstance(function, (AppliedUndef, sp.Indexed)):
            done = sp.diff(function, *inner.variable_count)
            if isinstance(done, sp.Derivative) and done.expr == function:
                raise Undefined(f"cannot differentiate {function}")
            return self.value(done.subs(at), bound)
        parts = [to_sympy(self.value(a.subs(at), bound)) for a in function.args]
        slots = [str(function.args.index(v) + 1) * int(n) for v, n in inner.variable_count if v in function.args]
        name = function.base.label if isinstance(function, sp.Indexed) else function.func
        entry = sp.Symbol(f"D{''.join(slots)}_{name}({', '.join(map(str, parts))})", real=True)
        if entry not in self.table:
            self.table[entry] = self._draw(entry.name, entry)
        self._touched[entry] = None
        return self.table[entry]

    def _piecewise(self, expr, bound):
        for value, condition in expr.args:
            if self.truth(condition, bound):
                return self.value(value, bound)
        raise Undefined(f"no case of {expr} applies")

    def truth(self, condition, bound=None) -> bool:
        """Return whether a condition holds at the point."""
        bound = bound or {}
        if condition in (sp.true, sp.false):
            return bool(condition)
        if isinstance(condition, sp.core.relational.Relational):
            lhs, rhs = self.value(condition.lhs, bound), self.value(condition.rhs, bound)
            return compare(condition.rel_op, lhs, rhs, 0)
        parts = [self.truth(a, bound) for a in condition.args]
        if isinstance(condition, sp.And):
            return all(parts)
        if isinstance(condition, sp.Or):
            return any(parts)
        if isinstance(condition, sp.Not):
            return not parts[0]
        raise Undefined(f"cannot decide {condition}")

    def _extreme(self, expr, bound):
        pick = max if isinstance(expr, sp.Max) else min
        return pick(self.value(a, bound) for a in expr.args)

    def _abs(self, expr, bound):
        return abs(self.value(expr.args[0], bound))

    def _delta(self, expr, bound):
        i, j = (self.value(a, bound) for a in expr.args)
        return Fraction(i == j)


_METHODS = [
    (sp.Symbol, Point._symbol),
    ((sp.Number, sp.NumberSymbol), Point._number),
    (sp.Add, Point._add),
    (sp.Mul, Point._mul),
    (sp.exp, Point._exp),
    (sp.Pow, Point._pow),
    (sp.log, Point._log),
    ((AppliedUndef, sp.Indexed, sp.Derivative, sp.Subs), Point._entry),
    ((sp.Sum, sp.Product), infinite.series),
    (sp.Integral, infinite.integral),
    (sp.Limit, infinite.limit),
    (sp.Piecewise, Point._piecewise),
    ((sp.Max, sp.Min), Point._extreme),
    (sp.Abs, Point._abs),
    (sp.KroneckerDelta, Point._delta),
]


def _order(symbol):
    return symbol.name, str(symbol.assumptions0)


def _heads(expr) -> set:
    """Return the functions and bases of the entries in an expression."""
    return {e.func if isinstance(e, AppliedUndef) else e.base for e in expr.atoms(AppliedUndef, sp.Indexed)}


def _indices(equation) -> set:
    """Return the free symbols of an equation that are integers and no base of an indexed entry."""
    labels = {i.base.label for i in equation.atoms(sp.Indexed)}
    return {s for s in equation.free_symbols - labels if s.is_Symbol and s.is_integer}
