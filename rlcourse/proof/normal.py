"""Normal form of expressions: what the identity prover does before it compares polynomials.

Sums of symbolic length, integrals, products and derivatives are worked out as far as they can be. Powers and
exponentials are split over their exponents, logarithms over the irreducible factors of their arguments; a
logarithm or a root is split only where the factors are known to be positive.
"""

import sympy as sp
from sympy.core.function import AppliedUndef
from sympy.functions.elementary.hyperbolic import HyperbolicFunction

from rlcourse.proof import antidifferences, factorials, integrals, limits, products, sums
from rlcourse.proof.domain import flip, has_real_atoms
from rlcourse.proof.rational import Kernels, distribute, tidy


class Normalizer:
    """Brings expressions to normal form on a domain.

    Attributes:
        domain: What is known about the symbols.
        used: Names of the rules that did something, in order of use.
    """

    def __init__(self, domain, equations=()):
        self.domain = domain
        self.used = {}
        self._memo = {}
        self._inner = {}
        self._rules = {}
        for equation in [*domain.equations, *equations]:
            self._add_rule(self.form(equation))
        self.used = {}

    def note(self, rule: str) -> None:
        """Remember that a rule was used."""
        self.used.setdefault(rule, None)

    def form(self, expr):
        """Return the normal form of ``expr``."""
        if expr not in self._memo:
            result = self._dispatch(expr)
            self._memo[expr] = self._rules.get(result, result)
        return self._memo[expr]

    def form_atom(self, atom):
        """Return what the equations of the domain make of something that has no other normal form."""
        return self._rules.get(atom, atom)

    def partial_sum(self, f, k, high):
        """Return the normal form of the sum of f(k) over 0 <= k <= high, for a term that vanishes below 0."""
        return antidifferences.partial_sum(self, f, k, high)

    def inner_index(self, depth: int, last):
        """Return the index 0, ..., last of a sum around ``depth`` levels of sums."""
        if (depth, last) not in self._inner:
            self._inner[depth, last] = sp.Dummy(f"i{depth}", integer=True, nonnegative=True)
            if last is not sp.oo:
                self.domain.bound(self._inner[depth, last], last)
        return self._inner[depth, last]

    def argument(self, expr):
        """Return the normal form of something that stands inside a function, where equal must look equal."""
        return tidy(self.form(expr))

    def _dispatch(self, expr):
        if expr.is_Atom or isinstance(expr, sp.logic.boolalg.Boolean):
            return expr
        if expr.is_Add or expr.is_Mul:
            return expr.func(*[self.form(a) for a in expr.args])
        if isinstance(expr, sp.exp):
            self.note("laws of exp and log")
            return self._exponential(self.argument(expr.args[0]))
        if expr.is_Pow:
            base = self.form(expr.base)
            self._learn_sign(expr.base, base)
            return self._power(base, self.argument(expr.exp))
        if isinstance(expr, sp.Indexed):
            return expr.base[tuple(self.argument(i) for i in expr.indices)]
        for kind, rule in _RULES:
            if isinstance(expr, kind):
                return rule(self, expr)
        return expr.func(*[self.argument(a) for a in expr.args])

    def _exponential(self, exponent):
        result = []
        for term in sp.Add.make_args(distribute(exponent)):
            logs = [a for a in sp.Mul.make_args(term) if isinstance(a, sp.log)]
            if len(logs) == 1 and self.domain.is_positive(logs[0].args[0]):
                result.append(self._power(logs[0].args[0], term / logs[0]))
            else:
                result.append(sp.exp(term))
        return sp.Mul(*result)

    def _power(self, base, exponent):
        if isinstance(base, sp.factorial) and exponent.is_negative and self.domain.is_positive(-base.args[0]):
            return sp.S.Zero  # one over the factorial of a negative integer
        if exponent.is_Integer or base.is_zero:
            return base**exponent
        self.note("laws of powers")
        content, factors = Kernels([base]).factors(base)
        if not exponent.is_integer:
            factors = [self._root_of_square(*f) for f in factors]
        if content < 0 and not exponent.is_integer and flip(factors):
            content, factors = -content, flip(factors)
        splits = content > 0 and all(self.domain.is_nonnegative(f) for f, _ in factors)
        if not (exponent.is_integer or splits):
            return base**exponent
        numbers = sp.factorrat(content) if content != 1 else {}
        result = [p ** (k * t) for p, k in numbers.items() for t in sp.Add.make_args(exponent)]
        for factor, times in factors:
            for term in sp.Add.make_args(distribute(exponent * times)):
                inner, power = factor.as_base_exp()
                positive = self.domain.is_positive(inner)
                result.append(inner ** (power * term) if positive or isinstance(factor, sp.exp) else factor**term)
        return sp.Mul(*result)

    def _root_of_square(self, factor, times):
        """Return |factor| for a real factor of even exponent: sqrt(x**2) is |x|."""
        if times % 2 or self.domain.is_nonnegative(factor) or not has_real_atoms(factor):
            return factor, times
        return self._cases(sp.Abs(factor)), times

    def _learn_sign(self, raw, form) -> None:
        """Keep the sign of a sum, which its normal form no longer shows."""
        if not raw.has(sp.Sum) or form.is_Atom or not self.domain.is_positive(raw):
            return
        content, factors = Kernels([form]).factors(form)
        unknown = [f for f, times in factors if times % 2 and not self.domain.is_positive(f)]
        if len(unknown) == 1 and not any(self.domain.is_positive(-f) for f in unknown):
            self.domain.learn(unknown[0] if content > 0 else sp.expand(-unknown[0]))

    def _logarithm(self, expr):
        self.note("laws of exp and log")
        argument = self.form(expr.args[0])
        self._learn_sign(expr.args[0], argument)
        if argument.is_Symbol or argument.is_infinite or argument.is_zero:
            return sp.log(argument)
        content, factors = Kernels([argument]).factors(argument)
        total, rest = [], []
        if content < 0:
            if not flip(factors):
                return sp.log(argument)
            content, factors = -content, flip(factors)
        for factor, times in factors:
            if self.domain.is_positive(factor):
                total.append(times * self._split_log(factor))
            elif factor.is_Add and self.domain.is_positive(-factor):
                rest.append((-1) ** times)
                total.append(times * sp.log(sp.expand(-factor)))
            elif factor.is_real:
                total.append(times * sp.log(sp.Abs(factor)))  # the argument as a whole is positive
            else:
                rest.append(factor**times)
        rest = sp.Mul(*rest)
        if rest not in (1, -1):
            total.append(sp.log(rest))
        elif rest == -1:
            return sp.log(argument)
        total += [k * sp.log(p) for p, k in sp.factorrat(content).items()] if content != 1 else []
        return sp.Add(*total)

    def _split_log(self, factor):
        """Return log(factor) of a positive irreducible factor; a power or exponential opens."""
        if isinstance(factor, sp.exp):
            return factor.args[0]
        base, power = factor.as_base_exp()
        if power != 1 and self.domain.is_positive(base):
            return power * sp.log(base)
        return sp.log(factor)

    def _derivative(self, expr):
        """Differentiate; the derivative of a free function at a point (a ``Subs``) stays."""
        inner = expr.expr.expr if isinstance(expr, sp.Subs) and isinstance(expr.expr, sp.Derivative) else expr.expr
        if isinstance(inner, (AppliedUndef, sp.Indexed)):
            return expr
        done = expr.doit() if isinstance(expr, sp.Subs) else sp.diff(inner, *expr.variable_count)
        if isinstance(done, sp.Derivative):
            return expr
        self.note("derivatives")
        return self.form(done)

    def _cases(self, expr):
        """Piecewise, Max, Min and Abs where the domain decides."""
        if isinstance(expr, sp.Abs):
            argument = self.form(expr.args[0])
            if self.domain.is_nonnegative(argument):
                return argument
            return -argument if self.domain.is_nonnegative(-argument) else sp.Abs(tidy(argument))
        if isinstance(expr, sp.Piecewise):
            for value, condition in expr.args:
                truth = self.domain.truth(condition)
                if truth is None:
                    return expr.func(*[(self.argument(v), c) for v, c in expr.args])
                if truth:
                    return self.form(value)
        kept, larger = [], isinstance(expr, sp.Max)
        for a in (self.argument(a) for a in expr.args):
            gaps = [(a - b if larger else b - a) for b in kept]
            if any(self.domain.is_nonnegative(-g) for g in gaps):
                continue
            kept = [b for b, g in zip(kept, gaps, strict=True) if not self.domain.is_nonnegative(g)] + [a]
        return expr.func(*kept)

    def _kronecker(self, expr):
        gap = sp.expand(expr.args[0] - expr.args[1])
        return sp.KroneckerDelta(gap, 0) if not gap.is_Integer else sp.Integer(gap == 0)

    def _hyperbolic(self, expr):
        return self.form(expr.rewrite(sp.exp))

    def _add_rule(self, equation):
        """Solve ``equation == 0`` for its most complicated kernel that occurs linearly."""
        kernels = Kernels([equation])
        numerator, _ = kernels.fraction(equation)
        if kernels.is_zero(numerator):
            return  # holds anyway
        candidates = []
        for i, generator in enumerate(kernels.ring.gens[: len(kernels)]):
            kernel = kernels.kernel(i)
            nested = any(kernels.kernel(j).has(kernel) for j in range(len(kernels)) if j != i)
            if nested or {m[i] for m in numerator.monoms()} != {0, 1}:
                continue
            slope = kernels.expression(numerator.diff(generator))
            if slope.is_nonzero or self.domain.is_positive(slope) or self.domain.is_positive(-slope):
                candidates.append((kernel.count_ops(), sp.default_sort_key(kernel), kernel, slope))
        if not candidates:
            raise ValueError(f"assuming: cannot use {equation} = 0, which determines no term")
        _, _, kernel, slope = max(candidates, key=lambda c: (c[0], c[1]))
        whole = kernels.expression(numerator)
        rest = sp.expand(whole - sp.expand(slope * kernel))
        self._rules[kernel] = tidy(-rest / slope)
        self._memo.clear()


_RULES = [
    (sp.log, Normalizer._logarithm),
    (sp.Sum, lambda self, expr: sums.normal_sum(self, expr)),
    (sp.Product, lambda self, expr: products.normal_product(self, expr)),
    (sp.Limit, lambda self, expr: limits.normal_limit(self, expr)),
    (sp.Integral, lambda self, expr: integrals.integrate(self, expr)),
    ((sp.Derivative, sp.Subs), Normalizer._derivative),
    ((sp.Piecewise, sp.Max, sp.Min, sp.Abs), Normalizer._cases),
    (sp.KroneckerDelta, Normalizer._kronecker),
    (factorials.FUNCTIONS, lambda self, expr: factorials.normal_factorial(self, expr)),
    (HyperbolicFunction, Normalizer._hyperbolic),
]
