"""What a check returns, and what it raises."""

from dataclasses import dataclass, field, replace

from rlcourse.proof import typeset

MIME = "application/vnd.rlcourse.verdict+json"
_MARKS = {"proved": "✓", "refuted": "✗", "verified exactly": "✓", "consistent": "≈"}


class Refuted(Exception):
    """The statement is false: the two sides differ at ``point``.

    Attributes:
        point: ``{symbol or function value: exact value}``.
        lhs_value: Left side there.
        rhs_value: Right side there.
    """

    def __init__(self, message: str, point=None, lhs_value=None, rhs_value=None):
        super().__init__(message)
        self.point = point or {}
        self.lhs_value = lhs_value
        self.rhs_value = rhs_value


class Undecided(Exception):
    """Neither a proof nor a counterexample was found."""


@dataclass(frozen=True)
class Verdict:
    """The outcome of a check; displays as its formula with its status.

    Attributes:
        label: Reference target of the statement.
        status: "proved", "refuted", "verified exactly" or "consistent".
        kind: The call that reached it: "prove", "refute", "agree" or "consistent".
        formula: LaTeX of the statement.
        text: The statement in plain text.
        route: What closed the check.
        covers: Ids of the statements that it covers.
        code: Qualified names of the package functions for which it stands.
        note: One short sentence.
        details: Further facts for the stored record (for a refutation its claim, point and both values).
        claim: The sympy statement and its conditions, so that a proved verdict can serve as a lemma.
    """

    label: str
    status: str
    kind: str
    formula: str
    text: str
    route: str
    covers: tuple[str, ...] = ()
    code: tuple[str, ...] = ()
    note: str = ""
    details: dict = field(default_factory=dict)
    claim: object = field(default=None, compare=False)

    def __repr__(self) -> str:
        line = f"{_MARKS[self.status]} {self.status}  {self.label}: {self.text}  [{self.route}]"
        return f"{line}\n  {self.note}" if self.note else line

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict:
        return {"text/plain": repr(self), "text/latex": self.latex(), MIME: self.record()}

    def at(self, substitution: dict) -> "Verdict":
        """Return the instance of a proved statement in which symbols are replaced by terms, to be used as a lemma.

        Args:
            substitution: ``{symbol: term}``. The terms must have the symbols' assumptions where the lemma is used.
        """
        if self.status != "proved" or self.claim is None:
            raise ValueError(f"{self.label} is {self.status}; only a proved statement has instances")
        return replace(self, claim=self.claim.at(substitution))

    def latex(self) -> str:
        """Return the statement with its status in front, for MathJax."""
        return typeset.marked(f"{_MARKS[self.status]} {self.status}", self.formula, self.note)

    def record(self) -> dict:
        """Return what a notebook stores of this verdict, from which the ledger is made."""
        record = {
            "label": self.label,
            "status": self.status,
            "kind": self.kind,
            "covers": list(self.covers),
            "formula": self.formula,
            "route": self.route,
            "code": list(self.code),
            "note": self.note,
        }
        return record | self.details
