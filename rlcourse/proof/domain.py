"""What is known about the symbols of a statement: their assumptions, and what `assuming` adds."""

import sympy as sp
from sympy.core.function import AppliedUndef
from sympy.core.relational import Equality, Relational, StrictGreaterThan, StrictLessThan

from rlcourse.proof.rational import Kernels


class Share(sp.Symbol):
    """A probability out of a simplex: positive, and the shares of one family sum to less than one.

    ``family`` holds the names of all shares of the simplex but the last, which is one minus their sum.
    """

    __slots__ = ("family",)

    def __new__(cls, name: str, family: tuple[str, ...]):
        share = sp.Symbol.__xnew__(cls, name, positive=True)
        share.family = family
        return share

    def __getnewargs_ex__(self):
        return (self.name, self.family), {}

    def _hashable_content(self):
        return (*super()._hashable_content(), self.family)


class Domain:
    """The set of points on which a statement is claimed.

    Strict linear inequalities such as ``lam < 1`` or ``x + y < 1`` of positive symbols are solved: each symbol
    becomes a fraction in new positive symbols that are free (``lam = u/(1 + u)``). An expression whose sign is
    asked is written in those, where the sign is often plain.

    Attributes:
        symbols: The free symbols.
        solved: ``{symbol: expression in free positive symbols}``.
        conditions: Expressions that are > 0 by assumption.
        equations: Expressions that are zero by assumption.
        stated: The assumptions as they were given.
    """

    def __init__(self, symbols, assuming=()):
        self.symbols = frozenset(symbols)
        self.solved = {}
        self.conditions = []
        self.equations = []
        self.stated = tuple(assuming)
        self._signs = {}
        self._last = {}
        for fact in sorted({s.family for s in symbols if isinstance(s, Share)}):
            self._add(1 - sp.Add(*[Share(name, fact) for name in fact]))
        for position, fact in enumerate(assuming):
            if isinstance(fact, Equality):
                self.equations.append(fact.lhs - fact.rhs)
            elif isinstance(fact, (StrictLessThan, StrictGreaterThan)):
                self._add(fact.gts - fact.lts)
            else:
                raise ValueError(_cannot_assume(position, fact))

    def _add(self, positive) -> None:
        """Record that ``positive`` is > 0 and solve it for free symbols where it is linear."""
        self.conditions.append(positive)
        gap = sp.expand(positive.xreplace(self.solved))
        solution = _parametrize(gap) or _parametrize(_core(gap))
        if solution:
            self.solved = {s: e.subs(solution) for s, e in self.solved.items()} | solution

    def split(self, gap) -> list["Domain"]:
        """Return the parts of the domain on which ``gap`` is positive and negative."""
        cases = [sp.Gt(sign * gap, 0, evaluate=False) for sign in (1, -1)]
        return [Domain(self.symbols, [*self.stated, case]) for case in cases]

    def is_positive(self, expr) -> bool:
        """Return True if ``expr`` is known to be > 0 everywhere."""
        return self._sign(expr) == "positive"

    def is_nonnegative(self, expr) -> bool:
        """Return True if ``expr`` is known to be >= 0 everywhere; an integer is if it is > -1."""
        if self._sign(expr) in ("positive", "nonnegative") or (expr.is_integer and self.is_positive(expr + 1)):
            return True
        return any(self._is_below(expr, i, last) for i, last in self._last.items() if expr.has(i))

    def _is_below(self, expr, i, last) -> bool:
        """Return whether ``expr`` is linear and falling in the index i, and not negative at its last value."""
        slope = sp.expand(expr).coeff(i)
        rest = sp.expand(expr - slope * i)
        return not rest.has(i) and slope.is_negative is True and self.is_nonnegative(sp.expand(rest + slope * last))

    def bound(self, i, last) -> None:
        """Remember that the nonnegative index i is at most ``last``."""
        self._last[i] = last

    def learn(self, expr) -> None:
        """Remember that ``expr`` is > 0."""
        self._signs[expr] = "positive"

    def truth(self, condition):
        """Return True or False if the condition holds everywhere or nowhere, else None."""
        if isinstance(condition, (bool, sp.logic.boolalg.BooleanAtom)):
            return bool(condition)
        if isinstance(condition, (sp.And, sp.Or)):
            parts = [self.truth(a) for a in condition.args]
            decisive = isinstance(condition, sp.Or)
            if decisive in parts:
                return decisive
            return None if None in parts else not decisive
        if isinstance(condition, sp.Not):
            inner = self.truth(condition.args[0])
            return None if inner is None else not inner
        if not isinstance(condition, Relational):
            return None
        gap = condition.lhs - condition.rhs
        if isinstance(condition, (sp.Eq, sp.Ne)):
            if self.is_positive(gap) or self.is_positive(-gap):
                return isinstance(condition, sp.Ne)
            return isinstance(condition, sp.Eq) if sp.expand(gap) == 0 else None
        gap = condition.gts - condition.lts
        size = next(iter(gap.atoms(sp.Abs)), None)
        if size is not None and gap.coeff(size) == -1:
            return all(self.is_positive(gap.subs(size, s * size.args[0])) for s in (1, -1)) or None
        strict = isinstance(condition, (StrictLessThan, StrictGreaterThan))
        if self.is_positive(gap) or (not strict and self.is_nonnegative(gap)):
            return True
        if self.is_positive(-gap) or (strict and self.is_nonnegative(-gap)):
            return False
        return None

    def _sign(self, expr):
        if expr not in self._signs:
            self._signs[expr] = self._find_sign(expr)
        return self._signs[expr]

    def _find_sign(self, expr):
        if expr.is_positive:
            return "positive"
        if any(_same_sign(expr, known) for known in self.conditions):
            return "positive"
        if isinstance(expr, sp.Sum):
            return self._sign_of_sum(expr)
        if expr.is_Pow and expr.exp.is_real and self.is_positive(expr.base):
            return "positive"
        free = expr.xreplace(self.solved)
        sign = "positive"
        content, factors = Kernels([free]).factors(free)
        if content <= 0:
            content, factors = -content, flip(factors)
            if not factors:
                return None
        for factor, times in factors:
            known = _plain_sign(factor**times)
            if known is None:
                return "nonnegative" if expr.is_nonnegative else None
            if known == "nonnegative":
                sign = known
        return sign

    def _sign_of_sum(self, expr):
        """A sum over at least one index has the sign of its terms; over at least none it is not negative."""
        (_, low, high), *inner = reversed(expr.limits)
        body = sp.Sum(expr.function, *reversed(inner)) if inner else expr.function
        terms, length = self._sign(body), high - low + 1
        if terms is None or not self.is_nonnegative(length):
            return None
        return terms if self.is_positive(length) else "nonnegative"


def has_real_atoms(expr) -> bool:
    """Return whether every symbol, function value and entry in ``expr`` is real, so that it is wherever defined."""
    entries = expr.atoms(AppliedUndef, sp.Indexed)
    plain = expr.xreplace({e: sp.Dummy(real=True) if e.is_real else sp.Dummy() for e in entries})
    return all(s.is_extended_real for s in plain.free_symbols) and not plain.has(sp.I)


def flip(factors):
    """Return the factors with a minus sign moved into one of odd exponent, or None if there is none."""
    order = sorted(range(len(factors)), key=lambda i: not factors[i][0].is_Add)
    for i in order:
        factor, times = factors[i]
        if times % 2:
            return [*factors[:i], (sp.expand(-factor), times), *factors[i + 1 :]]
    return None


def _cannot_assume(position, fact) -> str:
    if fact in (True, False, sp.true, sp.false):
        return f"assuming[{position}]: became {fact}, because the symbols' assumptions decide it already"
    if isinstance(fact, Relational):
        return (
            f"assuming[{position}]: {fact} is not strict; assume the strict inequality, "
            "and prove the boundary as a statement of its own"
        )
    return f"assuming[{position}]: expected an inequality such as lam < 1, or Eq(...), got {fact!r}"


def _same_sign(expr, known) -> bool:
    ratio = sp.cancel(expr / known) if expr.free_symbols == known.free_symbols else None
    return ratio is not None and ratio.is_positive is True


def _core(gap):
    """Return an expression of the same sign without the factors that are visibly positive."""
    content, factors = Kernels([gap]).factors(gap)
    rest = [f**times for f, times in factors if _plain_sign(f) != "positive"]
    return sp.expand(sp.sign(content) * sp.Mul(*rest))


def _parametrize(gap):
    """Return ``{symbol: expression}`` that solves ``gap > 0`` for positive symbols, or None.

    ``gap`` must be ``c x + rest`` with a real x and a number c, ``x + rest`` with a positive x and -rest, or
    ``bound - c_1 x_1 - ... - c_m x_m`` with a positive bound, positive coefficients and positive symbols x_i.
    """
    taken, bound = {}, gap
    for x in sorted(gap.free_symbols, key=str):
        slope = gap.coeff(x)
        if (
            (x.is_positive or x.is_nonnegative)
            and not x.is_integer
            and gap.is_polynomial(x)
            and (-slope).is_positive
            and sp.degree(gap, x) == 1
            and not slope.free_symbols & set(taken)
        ):
            taken[x] = -slope
            bound = bound + -slope * x
    bound = sp.expand(bound)
    if taken and bound.is_positive and not bound.free_symbols & set(taken):
        free = {x: sp.Dummy(f"u_{x.name}", positive=x.is_positive, nonnegative=True) for x in taken}
        total = 1 + sp.Add(*free.values())
        return {x: bound / taken[x] * free[x] / total for x in taken}
    for x in sorted(gap.free_symbols, key=str):
        slope = gap.coeff(x)
        rest = sp.expand(gap - slope * x)
        free = x.is_positive is None and x.is_nonnegative is None and slope.is_number
        if not x.is_real or x.is_integer or rest.has(x) or not (free or (slope == 1 and (-rest).is_positive)):
            continue
        return {x: (sp.Dummy(f"u_{x.name}", positive=True) - rest) / slope}
    return None


def _plain_sign(part):
    """Return the sign of a factor whose terms are all of one sign, else None."""
    if part.is_positive:
        return "positive"
    base, exponent = part.as_base_exp()
    if exponent.is_even and base.is_real:
        return "positive" if base.is_nonzero else "nonnegative"
    if exponent.is_integer and exponent.is_negative:
        return "positive" if _plain_sign(base) == "positive" else None
    if exponent.is_integer and exponent.is_positive and exponent != 1:
        return _plain_sign(base)
    terms = sp.Add.make_args(sp.expand(part))
    if all(t.is_positive for t in terms):
        return "positive"
    if all(t.is_nonnegative for t in terms):
        return "positive" if any(t.is_positive for t in terms) else "nonnegative"
    return "nonnegative" if part.is_nonnegative else None
