"""Verdicts on the papers' claims from measured runs, with the numbers that decide them.

A part of a claim is a number and a range. Measured, it is inside the range, outside it, or open,
by its jackknife interval over the runs, whose pairing by seed is kept. A claim holds if all its
parts are inside: an intersection of tests needs no correction (Berger, "Multiparameter hypothesis
testing and acceptance sampling", Technometrics 24(4), 1982). It fails if any part is outside, with
Bonferroni's correction over the parts that are measured, whose verdict is Holm's. Otherwise it is
inconclusive.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from benchmark.evaluation.intervals import jackknife
from benchmark.recommender import FloatArray
from benchmark.reporting.claim_kinds import Claim
from benchmark.reporting.claim_parts import Part
from benchmark.reporting.claims import Ledger
from benchmark.reporting.printed import Cell

_ROUNDING = 1e-12
"""What arithmetic alone may make of equal numbers, relative to them."""
_TESTED_RUNS = 5
"""The folds of DML's significance tests: a test over fewer misses what those find."""
Lookup = Callable[[str, str, str, str], FloatArray | None]
"""Table, row, domain and metric to the values (n,) of its runs, or None where nothing measured it.

Errors are in the paper's unit. All arrays are in one order of seeds or folds, so that equal places
are pairs; a run that has failed is NaN.
"""


class Verdict(StrEnum):
    """What measured numbers say of a claim."""

    HOLDS = "holds"
    FAILS = "fails"
    INCONCLUSIVE = "inconclusive"
    NOT_TESTABLE = "not testable here"


def plural(verdict: str) -> str:
    """What several claims do of which each has this verdict: "2 hold"."""
    first, *rest = verdict.split(" ")
    several = {"holds": "hold", "fails": "fail", "differs": "differ"}
    return " ".join([several.get(first, first), *rest])


class State(StrEnum):
    """Where a part lies: inside its range, outside it, open, or nothing has measured it."""

    INSIDE = "inside"
    OUTSIDE = "outside"
    OPEN = "open"
    MISSING = "missing"


@dataclass(frozen=True)
class Finding:
    """A part as measured over ``runs`` runs, and in ``reason`` why it is open or missing."""

    label: str
    state: State
    low: float
    """The range that is claimed, up to ``high``."""
    high: float
    strict: bool = False
    """Whether the ends of the range are outside it."""
    runs: int = 0
    value: float | None = None
    interval: tuple[float, float] | None = None
    p_outside: float = 1.0
    """Two-sided p of the nearest end of the range, for a value beyond it."""
    clearance: float = 0.0
    """Standard errors between the value and the nearest end of the range, negative outside."""
    reason: str = ""
    absent: tuple[Cell, ...] = ()
    """The cells that nothing has measured."""


@dataclass(frozen=True)
class Judgement:
    """The verdict on a claim, and its findings, those that decide it first."""

    claim: str
    verdict: Verdict
    reason: str
    findings: tuple[Finding, ...]

    @property
    def deciding(self) -> tuple[Finding, ...]:
        """The findings outside if it fails, the open ones if they leave it so, or the closest."""
        for state in (State.OUTSIDE, State.OPEN):
            if found := tuple(f for f in self.findings if f.state is state):
                return found
        return self.findings[:1]


def judge(
    claim: Claim,
    ledger: Ledger,
    lookup: Lookup,
    *,
    test_train: float = 0.0,
    confidence: float = 0.95,
    why: Mapping[Cell, str] | None = None,
) -> Judgement:
    """The verdict of the runs that ``lookup`` gives.

    ``test_train`` is the ratio of test to training rows where runs are folds, whose training rows
    overlap, and 0 where they are seeds on one split. ``why`` says of cells that nothing has
    measured what stood in the way, where something is known to.
    """
    findings = [
        _find(part, lookup, ledger.is_exact(part.cells), test_train, confidence)
        for part in claim.parts(ledger.terms)
    ]
    findings = _corrected(findings, 1 - confidence)
    order = [State.OUTSIDE, State.OPEN, State.INSIDE, State.MISSING]
    findings.sort(key=lambda finding: (order.index(finding.state), finding.clearance))
    verdict, reason = _verdict(findings, ledger, why or {})
    return Judgement(claim.id, verdict, reason, tuple(findings))


def _find(
    part: Part, lookup: Lookup, exact: bool, test_train: float, confidence: float
) -> Finding:
    """A part as measured; what is beyond it is open until Bonferroni's correction."""
    found = Finding(
        part.label, State.OPEN, part.low - part.leeway, part.high + part.leeway, part.strict
    )
    arrays = {cell: lookup(*cell) for cell in part.cells}
    if absent := tuple(cell for cell, values in arrays.items() if values is None):
        return replace(found, state=State.MISSING, absent=absent)
    lengths = {len(values) for values in arrays.values() if values is not None}
    if len(lengths) > 1:
        shown = " and ".join(map(str, sorted(lengths)))
        return replace(found, reason=f"{shown} runs are no pairs")
    runs = np.array([arrays[cell] for cell in part.cells], dtype=np.float64)
    runs = runs[:, np.isfinite(runs).all(axis=0)]
    n = runs.shape[1]
    if not n:
        return replace(found, reason="no run of all its rows has succeeded")
    try:
        return _place(replace(found, runs=n), part, runs, exact, test_train, confidence)
    except ZeroDivisionError:
        return replace(found, runs=n, reason="a percentage of zero is undefined")


def _place(
    found: Finding,
    part: Part,
    runs: FloatArray,
    exact: bool,
    test_train: float,
    confidence: float,
) -> Finding:
    def statistic(some: FloatArray) -> float:
        return part.statistic(some.mean(axis=1))

    value = statistic(runs)
    found = replace(found, value=value)
    inside = found.low < value < found.high if part.strict else found.low <= value <= found.high
    varies = np.ptp(runs, axis=1) > 0
    if exact and not varies.any():
        return _certain(found, inside)
    if runs.shape[1] == 1:
        return replace(found, reason="one run decides nothing; run more seeds or folds")
    # The papers' own paired t-test knows no correction for folds.
    overlap = 0.0 if part.significantly else test_train
    estimate = jackknife(statistic, runs, test_train=overlap)
    if estimate.se <= _ROUNDING * float(np.abs(runs).max()):
        if varies.all() and not np.ptp(runs, axis=0).any():
            # That rows are the same in runs that differ is all that equality can ask for.
            if inside:
                return _certain(found, inside)
            return replace(found, reason=f"the rows are the same in each of {found.runs} runs")
        reason = f"all {found.runs} runs give the same number, as one run, repeated, would"
        return replace(found, reason=reason)
    low, high = estimate.interval(confidence)
    found = replace(
        found,
        interval=(low, high),
        clearance=min(value - found.low, found.high - value) / estimate.se,
    )
    if found.low < low and high < found.high:
        return replace(found, state=State.INSIDE)
    if part.significantly and found.runs >= _TESTED_RUNS:
        return replace(found, state=State.OUTSIDE, p_outside=0.0)
    if inside:
        return found
    return replace(found, p_outside=estimate.p_beyond(min(max(value, found.low), found.high)))


def _certain(found: Finding, inside: bool) -> Finding:
    """A finding without sampling error."""
    if inside:
        return replace(found, state=State.INSIDE, clearance=math.inf)
    return replace(found, state=State.OUTSIDE, clearance=-math.inf, p_outside=0.0)


def _corrected(findings: Sequence[Finding], alpha: float) -> list[Finding]:
    """The findings, outside where that stays significant among all parts that are measured."""
    measured = sum(finding.state is not State.MISSING for finding in findings)
    return [
        replace(finding, state=State.OUTSIDE)
        if finding.p_outside < alpha / max(measured, 1)
        else finding
        for finding in findings
    ]


def _verdict(
    findings: Sequence[Finding], ledger: Ledger, why: Mapping[Cell, str]
) -> tuple[Verdict, str]:
    states = [finding.state for finding in findings]
    n, missing, inside = len(states), states.count(State.MISSING), states.count(State.INSIDE)
    if missing == n:
        return Verdict.NOT_TESTABLE, _missing(findings, ledger, why)
    if outside := states.count(State.OUTSIDE):
        return Verdict.FAILS, f"{outside} of {n - missing} numbers outside the claimed range"
    if inside == n:
        return Verdict.HOLDS, f"{n} of {n} numbers inside the claimed range"
    reasons = [f"{inside} of {n} numbers shown to be inside the claimed range"]
    reasons += dict.fromkeys(finding.reason for finding in findings if finding.reason)
    if missing:
        reasons.append(_missing(findings, ledger, why))
    return Verdict.INCONCLUSIVE, "; ".join(reasons)


def _missing(findings: Sequence[Finding], ledger: Ledger, why: Mapping[Cell, str]) -> str:
    """Which rows of which tables nothing has measured, and why, or what would have to be."""
    rows: dict[tuple[str, str, str], dict[str, None]] = {}
    for cell in (cell for finding in findings for cell in finding.absent):
        needed = ledger.experiments.get(cell.table, "")
        because = f": {why[cell]}" if cell in why else f" ({needed})" if needed else ""
        rows.setdefault((cell.table, cell.domain, because), {})[cell.row] = None
    return "; ".join(
        f"nothing measured for {', '.join(names)} on {domain} of {table}{because}"
        for (table, domain, because), names in rows.items()
    )
