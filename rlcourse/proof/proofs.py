"""`prove`: an identity or an inequality is settled symbolically, or it raises."""

import mpmath
import sympy as sp
from sympy.core.function import AppliedUndef

from rlcourse.proof import clock, inequalities
from rlcourse.proof.domain import Domain, has_real_atoms
from rlcourse.proof.evaluate import Point
from rlcourse.proof.normal import Normalizer
from rlcourse.proof.rational import Kernels, tidy, vanishes
from rlcourse.proof.session import check_code, check_label, check_sequence, ledger
from rlcourse.proof.statement import Claim, check_assumptions, check_bound, check_defined, parse
from rlcourse.proof.statements import check_covers
from rlcourse.proof.typeset import short
from rlcourse.proof.values import DIGITS, Undefined, show_value, to_sympy
from rlcourse.proof.verdict import Refuted, Undecided, Verdict

_POINTS = 3  # tried before the proof
_MORE = 40  # tried when the proof fails
_SHOWN = 12
_KINKED = (sp.Abs, sp.Max, sp.Min)
_JUMPS = (sp.Piecewise, sp.KroneckerDelta, sp.floor, sp.ceiling, sp.sign, sp.Heaviside)
# sympy takes a binomial coefficient for its gamma functions, also at their poles
_NOT_SIMPLIFIED = (sp.Sum, sp.Integral, sp.Limit, sp.binomial, sp.RisingFactorial, sp.FallingFactorial)
_DEPTH = 6  # of a split into cases
_LONG = 300


def prove(
    label, lhs, rhs=None, *, covers=(), code=(), lemmas=(), assuming=(), certificate=None, formula=None, note=""
) -> Verdict:
    """Prove ``lhs == rhs``, or an inequality, for all values of the free symbols that their assumptions allow.

    The proof is symbolic. Values at random points are only used to refute, and to guard each proof against
    errors of the symbolic engine. An identity is claimed wherever both sides are defined: poles of either
    side are left out.

    Args:
        label: Reference target; letters, digits and ``- : . _``. Unique in the book.
        lhs: sympy expression, Matrix or list (compared entry by entry); or a relation such as ``a >= b``.
        rhs: The other side; leave it out after a relation.
        covers: Ids of the statements that this proves.
        code: Qualified names of the package functions for which it stands.
        lemmas: Verdicts of earlier proofs. An equation is used to replace its most complicated term;
            an inequality may justify the certificate. `Verdict.at` makes an instance with other symbols.
        assuming: What holds besides the symbols' own assumptions: strict inequalities such as ``lam < 1``, and
            equations ``Eq(...)``. An equation that mentions a summation index holds for each of its values.
        certificate: For an inequality, an expression equal to (larger side - smaller side) whose terms are
            visibly nonnegative, or are so by a lemma.
        formula: LaTeX (or a sympy expression) shown in place of the two sides, where these are too long to read.
        note: One short sentence, shown below the formula.

    Returns:
        The verdict, status "proved"; its ``route`` says what closed the proof.

    Raises:
        Refuted: A point was found at which the statement is false.
        Undecided: Neither a proof nor a counterexample was found.
        ValueError: Duplicated label, unknown id, shapes that differ, or a symbol without a needed assumption.
        TypeError: A side is not exact.
    """
    check_label(label)
    ledger.check_free(label)
    covers = check_covers(covers)
    code = check_code(code)
    statement = parse(lhs, rhs)
    if statement.sign == "!=":
        raise ValueError("lhs: an inequality a != b is not proved here; prove a > b or a < b, or refute a == b")
    domain = Domain(statement.free_symbols(), check_sequence("assuming", assuming))
    equations, bounds = [], []
    for position, lemma in enumerate(check_sequence("lemmas", lemmas)):
        _use_lemma(position, lemma, domain, equations, bounds)
    certificate = None if certificate is None else sp.sympify(certificate)
    _check_help(statement, domain, equations, bounds, certificate)
    routes = clock.within(clock.TOTAL, settle, label, statement, domain, equations, bounds, certificate)
    if routes is None:
        raise Undecided(f"{label}: neither proved nor refuted within {clock.TOTAL:.0f} s; split the step")
    verdict = Verdict(
        label,
        "proved",
        "prove",
        statement.latex(formula),
        statement.text(),
        sentence(routes, lemmas),
        covers,
        code,
        note,
        claim=Claim(statement, tuple(assuming)),
    )
    ledger.add(verdict)
    return verdict


def _check_help(statement, domain, equations, bounds, certificate) -> None:
    """Raise unless lemmas and certificate are defined wherever the statement is."""
    sides = [side for _, *both in statement.pairs for side in both]
    given = [*(("lemmas", e) for e in equations), *((f"lemma {name}", bound) for name, bound, _ in bounds)]
    for name, expr in [*given, *([("certificate", certificate)] if certificate is not None else [])]:
        check_defined(name, expr, sides, domain)


def settle(label, statement, domain, equations=(), bounds=(), certificate=None) -> list[str]:
    """Return the routes by which every entry of a statement holds, or raise as `prove` does.

    Args:
        label: Names the statement in messages, and seeds its random points.
        statement: What is claimed.
        domain: Where it is claimed.
        equations: Expressions that lemmas prove to be zero.
        bounds: What lemmas prove to be nonnegative: (name, expression, whether it is positive).
        certificate: As in `prove`.
    """
    for _, left, right in statement.pairs:
        for side in (left, right):
            check_assumptions(side, domain)
            check_bound(side, domain)
    normal = Normalizer(domain, equations)
    series = [s for _, *sides in statement.pairs for side in sides for s in side.atoms(sp.Sum) if s.has(sp.oo)]
    nested = any(s.function.has(sp.Sum) or len(s.limits) > 1 for s in series)
    points = random_points(label, statement, domain, range(_POINTS), summable=nested)
    if not points and series and not nested:
        points = random_points(label, statement, domain, range(_POINTS), summable=True)
    if not points:
        points = random_points(label, statement, domain, range(_POINTS, _MORE))
    if not points:
        raise Undecided(f"{label}: found no point at which both sides are real; are the symbols' assumptions complete?")
    if any(s.is_integer for s in statement.free_symbols()):
        points += random_points(label, statement, domain, range(1), least=True)
    routes = {}
    for number, (place, left, right) in enumerate(statement.pairs):
        _try_points(statement, number, points)

        def attempt(normal, left=left, right=right):
            if statement.sign == "==":
                return _identity(normal, left, right)
            if certificate is not None:
                return inequalities.by_certificate(normal, statement.sign, left, right, certificate, bounds)
            return inequalities.prove_sign(normal, statement.sign, left, right, bounds)

        route = attempt(normal)
        if route is None and statement.sign not in (">", "<"):  # the boundary between two cases is in neither
            route = _by_cases(normal, equations, left - right, attempt, _DEPTH)
        if route is None:
            _try_points(statement, number, random_points(label, statement, domain, range(_POINTS, _MORE)))
            raise Undecided(_report(label, place, normal, left, right, points[0], number))
        routes.update(dict.fromkeys(route))
    return list(routes)


def _by_cases(normal, equations, difference, attempt, depth):
    """Split the domain by the sign of what stands in a Max, Min or Abs, and attempt each part.

    Without jumps all is continuous, so what holds on both open parts holds on the boundary too; but not if the
    sign depends on integers, whose boundary no open part comes near, or on a bound index.
    """
    kinks = normal.form(difference).atoms(*_KINKED)
    if not kinks or depth == 0 or difference.has(*_JUMPS):
        return None
    innermost = [kink for kink in kinks if not any(a.has(*_KINKED) for a in kink.args)]
    arguments = min(innermost, key=sp.default_sort_key).args
    gap = _core(normal.domain, arguments[0] if len(arguments) == 1 else arguments[0] - arguments[1])
    if not _splits(normal.domain, gap):
        return None
    routes = ["by cases"]
    for part in normal.domain.split(gap):
        inside = Normalizer(part, equations)
        route = attempt(inside) or _by_cases(inside, equations, difference, attempt, depth - 1)
        if route is None:
            return None
        routes += route
    return list(dict.fromkeys(routes))


def _core(domain, gap):
    """Return the one irreducible factor on which the sign of ``gap`` depends, or ``gap`` if there are more."""
    _, factors = Kernels([gap]).factors(gap)
    odd = [f for f, times in factors if times % 2]
    unknown = [f for f in odd if not (domain.is_positive(f) or domain.is_positive(-f))]
    return unknown[0] if len(unknown) == 1 else gap


def _splits(domain, gap) -> bool:
    """Return whether the sign of ``gap`` splits the domain into two parts that touch."""
    entries = gap.atoms(AppliedUndef, sp.Indexed)
    inner = {s for entry in entries for s in entry.free_symbols if isinstance(s, sp.Symbol)}
    labels = {entry.base.label for entry in entries if isinstance(entry, sp.Indexed)}
    free = gap.xreplace({entry: sp.Dummy() for entry in entries if not entry.is_integer}).free_symbols
    bound = {s for s in inner | gap.free_symbols if isinstance(s, sp.Symbol)} - labels - domain.symbols
    return not bound and not any(s.is_integer for s in free) and has_real_atoms(gap)


def _identity(normal, left, right):
    """Return the route by which the difference is zero, or None."""
    if left == right:
        return ["identical sides"]
    difference = normal.form(left - right)
    if vanishes(difference):
        return [*normal.used, "rational normal form"]
    easy = difference.count_ops() <= _LONG and not difference.has(*_NOT_SIMPLIFIED)
    if easy and clock.within(clock.STEP, sp.simplify, difference) == 0:
        return [*normal.used, "sympy's simplify"]
    return None


def _use_lemma(position, lemma, domain, equations, bounds):
    """Add a proved statement to the equations, or to the expressions known to be nonnegative."""
    if not isinstance(lemma, Verdict):
        raise TypeError(f"lemmas[{position}]: expected the verdict of a prove(...), got {type(lemma).__name__}")
    if lemma.status != "proved":
        raise ValueError(f"lemmas[{position}]: {lemma.label} is {lemma.status}; only a proved statement is a lemma")
    if lemma.claim is None:
        raise ValueError(f"lemmas[{position}]: {lemma.label} states an extremum, which replaces nothing")
    claim = lemma.claim
    broken = claim.broken_conditions(domain)
    if broken:
        raise ValueError(f"lemmas[{position}]: {lemma.label} holds for {broken[0]}, which is not known here")
    for left, right in claim.pairs():
        if claim.statement.sign == "==":
            equations.append(left - right)
        else:
            up = claim.statement.sign in (">=", ">")
            bounds.append((lemma.label, left - right if up else right - left, claim.statement.sign in (">", "<")))


def random_points(label, statement, domain, attempts, **kind) -> list:
    """Return random points at which both sides have real values, each with the values of all entries."""
    found = []
    entries = (AppliedUndef, sp.Indexed, sp.Derivative)
    if not statement.free_symbols() and not any(side.has(*entries) for _, *sides in statement.pairs for side in sides):
        attempts = attempts[:1]  # there is one point only
    small = any(side.has(sp.oo) for _, *sides in statement.pairs for side in sides)
    for attempt in attempts:
        try:
            with mpmath.workdps(DIGITS):
                point = Point(domain, statement.free_symbols(), f"{label}|{attempt}", small=small, **kind)
                values = [(point.value(left), point.value(right)) for _, left, right in statement.pairs]
        except Undefined:
            continue
        found.append((point, values))
    return found


def _try_points(statement, number, points):
    """Raise `Refuted` at a point where entry ``number`` is false."""
    place, left, right = statement.pairs[number]
    for point, values in points:
        a, b = values[number]
        if not point.holds(statement.sign, a, b):
            shown = point.shown()
            raise Refuted(
                f"{'entry ' + place + ': ' if place else ''}false at {_point_text(shown)}:\n"
                f"  left side  {short(left)} = {show_value(a)}\n"
                f"  right side {short(right)} = {show_value(b)}\n"
                f"  difference {_simplified(left, right)}",
                shown,
                to_sympy(a),
                to_sympy(b),
            )


def _simplified(left, right) -> str:
    """Return the difference as text; sympy evaluates constant series to put terms in order."""
    return clock.within(clock.STEP / 2, lambda: short(_simple(left - right))) or "(not simplified)"


def _simple(difference):
    easy = difference.count_ops() <= 60 and not difference.has(sp.Sum, sp.Integral, sp.Limit)
    simple = clock.within(clock.STEP, sp.simplify, difference) if easy else None
    return difference if simple is None else simple


def _point_text(shown) -> str:
    parts = [f"{s} = {v}" for s, v in shown.items()]
    text = ", ".join(parts[:_SHOWN]) + (f", and {len(parts) - _SHOWN} more" if len(parts) > _SHOWN else "")
    return text or "every point (there are no free symbols)"


def _report(label, place, normal, left, right, point_and_values, number) -> str:
    point, values = point_and_values
    a, b = values[number]
    return (
        f"{label}{' entry ' + place if place else ''}: neither proved nor refuted.\n"
        f"  difference {short(tidy(normal.form(left - right)), 400)}\n"
        f"  tried {_point_text(point.shown())}:\n"
        f"  left side  {show_value(a)}\n"
        f"  right side {show_value(b)}\n"
        f"  Split the step, or give a lemma, an assumption or a certificate."
    )


def sentence(routes, lemmas=()) -> str:
    """Return the routes as one line, the general one last."""
    names = [f"lemma {lemma.label}" for lemma in lemmas if lemma.claim.statement.sign == "=="]
    parts = list(routes)
    if "rational normal form" in parts and len(parts) > 1:
        parts.remove("rational normal form")
        parts.append("rational normal form")
    return ", ".join([*names, *parts])
