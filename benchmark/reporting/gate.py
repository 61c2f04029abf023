"""The gate: whether results moved against the accepted ones, and whether any is too good."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence, Sized
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from scipy import stats

from benchmark.evaluation.metrics import METRICS
from benchmark.recommender import FloatArray
from benchmark.reporting.reference import Entry, Measured, Place, Snapshot

ALPHA = 0.001
"""How often each of the two tests of :func:`tolerance` rings when nothing got worse."""
FLOOR = 1e-6
"""What arithmetic alone may move. Predictions rounded to single precision, ties kept, move RMSE
and MAE by at most 7e-8 and the other metrics not at all (five methods on five tasks)."""
NOTABLE = 0.1
"""The relative change of an error that is never noise, and as an improvement suspect: over the
best baseline DML claims 0.5 to 9.8 %, RecSys-DAN 2.9 to 11.8 %, which is a paper's whole gain."""
SIGMAS = 5.0
"""How many standard errors beyond the best reachable error ring the alarm (p = 3e-7)."""

_ALL = "all metrics"
_FULL_RANKING = ("p@5-full", "r@5-full")


class State(StrEnum):
    """What the gate says of a metric; only the first two let a build pass."""

    PASS = "pass"
    IMPROVED = "improved"
    REGRESSED = "regressed"
    NOT_COMPARABLE = "not comparable"
    SUSPECT = "suspected leak"

    @property
    def ok(self) -> bool:
        """Whether a build may pass."""
        return self in (State.PASS, State.IMPROVED)


@dataclass(frozen=True)
class Finding:
    """The state of one metric in one place, means over ``runs``, and the reason in words."""

    place: Place
    metric: str
    state: State
    reason: str = ""
    reference: float | None = None
    measured: float | None = None
    tolerance: float | None = None
    runs: int = 0


def passes(findings: Sequence[Finding]) -> bool:
    """Whether a build may pass; with nothing compared it may not."""
    return bool(findings) and all(finding.state.ok for finding in findings)


def compare(reference: Snapshot | None, measured: Measured) -> list[Finding]:
    """A finding for each metric of each place that is planned here or stands in the reference."""
    entries = reference.entries if reference else {}
    alarms = {finding.place: finding for finding in beyond_best_reachable(measured)}
    findings: list[Finding] = []
    for place in dict.fromkeys((*measured.reads, *entries)):
        if place in alarms:
            findings.append(alarms[place])
        elif reason := _obstacle(place, reference, measured):
            findings += _far_better_than_all(place, reference, measured)
            findings.append(Finding(place, _ALL, State.NOT_COMPARABLE, reason))
        elif place in entries:
            findings += _moves(place, entries[place], measured.snapshot.entries[place])
    return findings


def beyond_best_reachable(measured: Measured) -> list[Finding]:
    """Where an RMSE on planted data lies below :func:`lowest_honest`."""
    findings = []
    for place, entry in measured.snapshot.entries.items():
        for run, metrics in entry.runs.items():
            floor, rmse, rows = metrics.get("rmse-floor"), metrics["rmse"], entry.test_rows
            if floor is not None and rmse < (lowest := lowest_honest(floor, rows)):
                reason = (
                    f"{run}: no method that has not seen the test ratings gets below "
                    f"{lowest:.4f} on these {rows} rows"
                )
                findings.append(Finding(place, "rmse", State.SUSPECT, reason, floor, rmse, runs=1))
                break
    return findings


def lowest_honest(floor: float, rows: int) -> float:
    r"""The RMSE below which predictions must have been made with the test ratings.

    On planted data the expected rating of each test row is known; predicting it has the error
    ``floor`` = :math:`\sigma` over these n ``rows``. Predictions off by d with
    :math:`\delta^2 = \overline{d^2}`, made without the rows' noise e, differ from it in mean
    squared error by :math:`\delta^2 - 2\,\overline{de}`, whose standard deviation is
    :math:`2\delta\sigma/\sqrt n`. Luck of z of these gets furthest down at
    :math:`\delta = z\sigma/\sqrt n`: by :math:`z^2\sigma^2/n`, whatever the method.
    """
    return floor * math.sqrt(max(0.0, 1 - SIGMAS**2 / rows))


def tolerance(then: FloatArray, now: FloatArray, *, is_error: bool) -> float:
    r"""How far the mean over runs (n,) may move; ``then`` and ``now`` are paired by seed and fold.

    Two Student t limits at level :data:`ALPHA` on n - 1 degrees of freedom, the smaller of them:

    - :math:`t\,s\sqrt{2/n}` with s the reference's own spread, which is what redrawing all seeds
      gives. New code cannot widen it by being unstable: one diverged seed of five rings.
    - :math:`t\,s_d/\sqrt n` with :math:`s_d` the spread of the paired differences, which the
      differences between folds do not widen: a shift common to all runs rings.

    At least :data:`FLOOR`, which is all that a deterministic method or a single run gets, and for
    errors at most :data:`NOTABLE` of the reference, so that few runs do not make the gate blind.
    Redrawing every seed rings falsely in 0.2 % of comparisons at 2, 3, 5 and 10 runs, and a
    worsening by 4 s is seen in 2, 9, 62 and 100 % of cases before that cap (400,000 draws).
    """
    n = len(then)
    if n < 2:
        return FLOOR
    t = float(stats.t.ppf(1 - ALPHA, n - 1))
    redrawn = t * float(then.std(ddof=1)) * math.sqrt(2 / n)
    paired = t * float((now - then).std(ddof=1)) / math.sqrt(n)
    limit = min(redrawn, paired)
    if is_error:
        limit = min(limit, NOTABLE * float(then.mean()))
    return max(FLOOR, limit)


def _moves(place: Place, then: Entry, now: Entry) -> list[Finding]:
    found = []
    # What the reference has and nobody computes any more is lost, not passed.
    known = dict.fromkeys((*METRICS, *(name for run in then.runs.values() for name in run)))
    for metric in known:
        pairs = [(then.runs[run].get(metric), now.runs[run].get(metric)) for run in then.runs]
        before = [first for first, _ in pairs if first is not None]
        after = [second for first, second in pairs if second is not None and first is not None]
        lost = len(before) - len(after)
        gained = sum(first is None and second is not None for first, second in pairs)
        if lost or gained:
            where = "here" if lost else "in the reference"
            reason = f"{lost or gained} of {len(pairs)} runs lack it {where}"
            found.append(Finding(place, metric, State.NOT_COMPARABLE, reason, runs=len(after)))
        elif before and metric in METRICS:
            found.append(_move(place, metric, np.array(before), np.array(after)))
    return found


def _move(place: Place, metric: str, then: FloatArray, now: FloatArray) -> Finding:
    about = METRICS[metric]
    is_error = not about.higher_is_better
    allowed = tolerance(then, now, is_error=is_error)
    before, after = float(then.mean()), float(now.mean())
    better = before - after if is_error else after - before
    state, reason = State.PASS, ""
    if abs(better) > allowed:
        state = State.IMPROVED if better > 0 else State.REGRESSED
        if _is_suspect(metric, before, after):
            state = State.SUSPECT
            reason = "far better than its reference: look for test ratings in what it reads"
        elif len(then) == 1:
            reason = "one run has no spread, so any move counts"
    return Finding(place, metric, state, reason, before, after, allowed, len(then))


def _is_suspect(metric: str, before: float, after: float) -> bool:
    """Whether an improvement is larger than an honest change gives.

    Errors fall by a tenth. Among all items, precision or recall doubles and gains 0.1: a method
    that knows the test pairs but not their ratings shows there only. The other metrics rank a
    few test items and hardly move even for a method that has seen all of them.
    """
    if not METRICS[metric].higher_is_better:
        return after < (1 - NOTABLE) * before
    return metric in _FULL_RANKING and after > max(2 * before, before + 0.1)


def _far_better_than_all(
    place: Place, reference: Snapshot | None, measured: Measured
) -> list[Finding]:
    """The alarm for a method that has no reference of its own: the best of the others."""
    now = measured.snapshot.entries.get(place)
    if reference is None or now is None or place in reference.entries:
        return []
    if place.task not in reference.data or _other_conditions(place, reference, measured):
        return []
    found = []
    for metric, about in METRICS.items():
        after = _mean(now, metric)
        others = [
            value
            for other, entry in reference.entries.items()
            if other[:2] == place[:2] and (value := _mean(entry, metric)) is not None
        ]
        if about.higher_is_better or after is None or not others:
            continue
        if _is_suspect(metric, best := min(others), after):
            reason = "far better than every method of the reference"
            found.append(
                Finding(place, metric, State.SUSPECT, reason, best, after, runs=len(now.runs))
            )
    return found


def _obstacle(place: Place, reference: Snapshot | None, measured: Measured) -> str:
    """Why a place cannot be compared, or nothing where it can or need not be."""
    then = reference.entries.get(place) if reference else None
    if place.task in measured.unavailable:
        return measured.unavailable[place.task]
    if place in measured.inapplicable and then is None:
        return ""
    missing = dict(measured.missing.get(place, {}))
    now = measured.snapshot.entries.get(place)
    for run in then.runs if then else ():
        if now is None or run not in now.runs:
            missing.setdefault(run, "not in the suite any more; --accept drops it")
    if missing:
        run, why = next(iter(missing.items()))
        return f"{run}: {why}{_and_more(missing)}"
    unknown = "not in the reference; bench check --accept adds it"
    if reference is None or then is None:
        return unknown
    if new := [run for run in (now.runs if now else ()) if run not in then.runs]:
        return f"{new[0]}: {unknown}{_and_more(new)}"
    if now is not None and now.trials != then.trials:
        return f"other tuning budget: {now.trials} trials, {then.trials} in the reference"
    return _other_conditions(place, reference, measured)


def _and_more(found: Sized) -> str:
    return f" (and {len(found) - 1} more)" if len(found) > 1 else ""


def _other_conditions(place: Place, reference: Snapshot, measured: Measured) -> str:
    new = measured.snapshot
    protocol = _differing(reference.protocol, new.protocol, {*reference.protocol, *new.protocol})
    if protocol:
        key = protocol[0]
        now, then = new.protocol.get(key), reference.protocol.get(key)
        return f"other protocol: {key} = {now}, {then} in the reference"
    then_data, now_data = reference.data[place.task], new.data[place.task]
    read = measured.reads[place] & {*then_data, *now_data}
    data = _differing(then_data, now_data, read)
    return f"other data: {', '.join(data)}" if data else ""


def _differing(then: dict[str, Any], now: dict[str, Any], keys: Iterable[str]) -> list[str]:
    return sorted(key for key in keys if then.get(key) != now.get(key))


def _mean(entry: Entry, metric: str) -> float | None:
    values = [metrics[metric] for metrics in entry.runs.values() if metric in metrics]
    return float(np.mean(values)) if values else None
