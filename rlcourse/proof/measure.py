"""`agree` and `consistent`: numbers that the package computed against exact values."""

from rlcourse.proof import typeset
from rlcourse.proof.session import check_code, check_label, ledger
from rlcourse.proof.statements import check_covers
from rlcourse.proof.verdict import Refuted, Undecided, Verdict

_FEWEST = 30


def agree(label, computed, exact, *, atol=1e-10, covers=(), code=(), formula=None, note="") -> Verdict:
    """Check that computed numbers equal exact ones.

    Args:
        label: Reference target, as in `prove`.
        computed: Array, tensor, number or sympy number, or a dict, list or tuple of them.
        exact: What they must equal, of the same structure and the same shapes (nothing is broadcast).
        atol: Largest absolute difference allowed.
        covers: Statement ids.
        code: Qualified names of the package functions whose values these are.
        formula: What is shown, LaTeX or a sympy expression; by default the label.
        note: One short sentence.

    Returns:
        The verdict, status "verified exactly".

    Raises:
        Refuted: Two numbers differ by more than ``atol``; the message names the worst index.
        ValueError: Shapes or keys differ, something is empty, NaN or infinite where the other side is not.
        TypeError: An entry is not a number.
    """
    check_label(label)
    ledger.check_free(label)
    covers = check_covers(covers)
    if not 0 < atol <= 1e-2:
        raise ValueError(f"atol: expected a small positive number, got {atol!r}")
    count = _compare("", computed, exact, atol)
    route = f"{count} number{'s' * (count != 1)} within {atol:.0e}"
    verdict = Verdict(
        label,
        "verified exactly",
        "agree",
        _shown(formula, label),
        str(label if formula is None else formula),
        route,
        covers,
        check_code(code),
        note,
    )
    ledger.add(verdict)
    return verdict


def _shown(formula, label: str) -> str:
    if formula is None:
        return rf"\text{{{label}}}"
    return formula if isinstance(formula, str) else typeset.tex(formula)


def _array(name, value):
    """Return ``value`` as a float64 or complex128 array, whatever holds it.

    Raises:
        TypeError: It has entries that are not numbers.
        ValueError: It is empty, ragged, or has NaN.
    """
    import numpy as np

    if hasattr(value, "detach"):  # a torch tensor
        value = value.detach().cpu().numpy()
    if isinstance(value, (list, tuple)):
        value = [x.detach().cpu().numpy() if hasattr(x, "detach") else x for x in value]
        if any(np.ma.is_masked(x) for x in value):
            raise ValueError(f"{name}: has masked entries; compare only the entries that count")
    if np.ma.is_masked(value):
        raise ValueError(f"{name}: has masked entries; compare only the entries that count")
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name}: expected one array, got sequences of different lengths") from error
    if array.dtype == object:  # sympy numbers
        for x in array.flat:
            if isinstance(x, (str, bytes)) or x is None:
                raise TypeError(f"{name}: expected numbers, got {x!r}")
        try:
            array = array.astype(np.float64)
        except (TypeError, ValueError) as error:
            raise TypeError(f"{name}: expected numbers, got {value!r}") from error
    if array.dtype.kind not in "biufc":
        raise TypeError(f"{name}: expected numbers, got dtype {array.dtype}")
    if array.size == 0:
        raise ValueError(f"{name}: an empty array of shape {array.shape} checks nothing")
    if array.dtype.kind in "iu" and max(abs(int(array.min())), abs(int(array.max()))) > 2**53:
        raise ValueError(f"{name}: has integers beyond 2**53, which floats do not tell apart")
    bad = np.argwhere(np.isnan(array))
    if len(bad):
        raise ValueError(f"{name}{_place(bad[0])} is NaN")
    return array.astype(np.complex128 if array.dtype.kind == "c" else np.float64)


def _place(index) -> str:
    """Return an index as it is written after an array's name."""
    return str([int(i) for i in index]) if len(index) else ""


def _compare(path, computed, exact, atol) -> int:
    """Return the number of entries compared, or raise."""
    import numpy as np

    if isinstance(computed, dict) or isinstance(exact, dict):
        keys = [sorted(map(str, x)) if isinstance(x, dict) else type(x).__name__ for x in (computed, exact)]
        if keys[0] != keys[1] or set(computed) != set(exact):
            raise ValueError(f"agree: computed{path} has keys {keys[0]}, exact{path} has {keys[1]}")
        if not computed:
            raise ValueError(f"agree: computed{path} is an empty dict, which checks nothing")
        return sum(_compare(f"{path}[{key!r}]", computed[key], exact[key], atol) for key in computed)
    got, want = _array(f"computed{path}", computed), _array(f"exact{path}", exact)
    if got.shape != want.shape:
        shapes = f"computed{path} has shape {got.shape}, exact{path} has shape {want.shape}"
        raise ValueError(f"agree: {shapes}; nothing is broadcast")
    with np.errstate(invalid="ignore"):
        difference = np.where(got == want, 0.0, np.abs(got - want))  # equal infinities agree
    wrong = ~(difference <= atol)
    if wrong.any():
        worst = np.unravel_index(np.argmax(difference), difference.shape)
        where = f"{path}{_place(worst)}"
        raise Refuted(
            f"agree: computed{where} = {got[worst]!s}, exact{where} = {want[worst]!s}, "
            f"difference {difference[worst]:.3e} (allowed {atol:.0e}); {wrong.sum()} of {wrong.size} entries differ",
            {"index": where},
            got[worst],
            want[worst],
        )
    return difference.size


def consistent(label, samples, exact, *, wrong, sigmas=5, covers=(), code=(), formula=None, note="") -> Verdict:
    """Check that the mean of seeded samples agrees with an exact value, by a test that can fail.

    Passes if ``|mean - exact| <= sigmas * SE``, and only if a stated wrong value is at least ``2 * sigmas`` standard
    errors away from the exact one, so that the same samples would have noticed it.

    Args:
        label: Reference target, as in `prove`.
        samples: Independent draws along the first axis; further axes are components.
        exact: Exact mean, of the components' shape.
        wrong: The wrong value that the test must be able to notice, of the same shape.
        sigmas: Width of the acceptance interval in standard errors.
        covers: Statement ids.
        code: Qualified names of the package functions that produced the samples.
        formula: What is shown, LaTeX or a sympy expression; by default the label.
        note: One short sentence.

    Returns:
        The verdict, status "consistent".

    Raises:
        Refuted: The mean is too far from the exact value.
        Undecided: Too few samples to tell the exact value from the wrong one.
        ValueError: Shapes differ, NaN, fewer than 30 samples, or ``wrong`` equals ``exact``.
    """
    import numpy as np

    check_label(label)
    ledger.check_free(label)
    covers = check_covers(covers)
    if not 2 <= sigmas <= 10:
        raise ValueError(f"sigmas: expected a number from 2 to 10, got {sigmas!r}")
    draws = _array("samples", samples)
    if draws.ndim == 0 or len(draws) < _FEWEST:
        raise ValueError(f"samples: expected at least {_FEWEST} draws along the first axis, got shape {draws.shape}")
    target, other = _array("exact", exact), _array("wrong", wrong)
    for name, array in (("exact", target), ("wrong", other)):
        if array.shape != draws.shape[1:]:
            raise ValueError(f"{name}: expected shape {draws.shape[1:]} (one draw), got {array.shape}")
    for name, array in (("samples", draws), ("exact", target), ("wrong", other)):
        if not np.isfinite(array).all():
            raise ValueError(f"{name}: has infinite entries")
    mean, error = draws.mean(axis=0), draws.std(axis=0, ddof=1) / np.sqrt(len(draws))
    _refute_far(mean, target, error, sigmas)
    gap = np.abs(other - target)
    still = (error == 0) & (gap > 0)
    if still.any():
        where = _place(np.argwhere(still)[0])
        raise ValueError(f"samples: every draw{where} is the same, so its error is not known; use agree")
    if not gap.any():
        raise ValueError("wrong: equals exact, so no number of samples could tell them apart")
    if not (gap > 2 * sigmas * error).any():
        need = int(len(draws) * np.min((2 * sigmas * error[gap > 0] / gap[gap > 0]) ** 2)) + 1
        raise Undecided(
            f"consistent: {len(draws)} samples cannot tell the exact value from the wrong one; about {need} can"
        )
    verdict = Verdict(
        label,
        "consistent",
        "consistent",
        _shown(formula, label),
        str(label if formula is None else formula),
        f"mean of {len(draws)} samples within {sigmas} standard errors, wrong value excluded",
        covers,
        check_code(code),
        note,
    )
    ledger.add(verdict)
    return verdict


def _refute_far(mean, target, error, sigmas) -> None:
    """Raise ``Refuted`` if a component of the mean is too many standard errors away from its target."""
    import numpy as np

    off = np.abs(mean - target)
    far = off > sigmas * error
    if far.any():
        worst = np.unravel_index(np.argmax(np.where(far, off / np.maximum(error, 1e-300), 0)), far.shape)
        raise Refuted(
            f"consistent: mean{_place(worst)} = {mean[worst]:.6g} is {off[worst] / error[worst]:.1f} standard errors "
            f"from {target[worst]:.6g} (allowed {sigmas})"
            if error[worst]
            else f"consistent: every sample{_place(worst)} is {mean[worst]:.6g}, not {target[worst]:.6g}",
            {"index": _place(worst)},
            mean[worst],
            target[worst],
        )
