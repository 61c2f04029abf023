"""The paper's system against every other row of a table, over runs and over users.

A difference is marked only if it is significant over runs and over users, at the larger of both p,
adjusted by Holm within the column: another seed or fold, and other users, would both have to show
it. Rejecting only where both tests reject needs no further correction (Berger, "Multiparameter
hypothesis testing and acceptance sampling", Technometrics 24(4), 1982).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from benchmark.evaluation.effect_sizes import cliffs_delta, cohens_d
from benchmark.evaluation.power import Power, study_power
from benchmark.evaluation.significance import (
    Evidence,
    corrected_resampled_t,
    equivalence,
    gains,
    holm,
    paired_bootstrap,
    paired_t,
    permutation_test,
    wilcoxon,
)
from benchmark.evaluation.user_errors import UserErrors, user_errors
from benchmark.recommender import FloatArray
from benchmark.reporting.published import system_names
from benchmark.reporting.scored_rows import ScoredRows, load, scored_ratings
from benchmark.reporting.summary import Results, Row
from benchmark.running.manifest import MethodEntry
from benchmark.running.records import Record, Store

METRICS_TESTED = ("rmse", "mae")
MARGIN = 0.005
"""Of the other row's error: half a percent, the smallest gain over the best baseline that either
paper claims. Less than that is called equivalent."""
RESAMPLES = 1_999
SYSTEM_BETTER, OTHER_BETTER = "†", "‡"
_NO_PREDICTIONS = "no predictions of the same test rows are kept"


@dataclass(frozen=True)
class Contrast:
    """The system against one other row in one metric; estimates are gains of the system."""

    method: MethodEntry
    metric: str
    papers: Evidence
    """The papers' own test."""
    runs: Evidence
    """Corrected for folds, or the paired t over seeds."""
    permutation: Evidence
    users: Evidence
    ranks: Evidence
    """Wilcoxon's over users."""
    d: Evidence
    delta: Evidence
    equivalent: Evidence
    power: Power
    p: float | None = None
    """The larger p of ``runs`` and ``users``, adjusted within the column."""

    @property
    def gain(self) -> float:
        """Of the system over the other row, mean over runs, in the table's unit."""
        assert self.papers.estimate is not None
        return self.papers.estimate

    @property
    def mark(self) -> str:
        """What stands beside the other row's number."""
        if self.p is None or self.p >= 0.05:
            return ""
        return SYSTEM_BETTER if self.gain > 0 else OTHER_BETTER


@dataclass(frozen=True)
class Contrasts:
    """A scored domain's contrasts by metric, all of them against ``system``."""

    system: MethodEntry
    of: Mapping[str, Sequence[Contrast]]

    @property
    def signs(self) -> dict[tuple[str, str], str]:
        """The mark by method and metric."""
        return {(c.method.name, c.metric): c.mark for all_ in self.of.values() for c in all_}


def contrasts(results: Results, store: Store, *, test_train: float) -> Contrasts | None:
    """The best of the paper's systems against each other row, or None where none was measured.

    Where no paper prints the table, the systems of both papers count. ``test_train`` is the ratio
    of test to training rows where runs are folds, 0 where they are seeds on one split.
    """
    system = _system(results)
    if system is None:
        return None
    others = [row for row in results.measured if row is not system]
    by_user = _UserErrorsOf(results, store)
    found = {}
    for metric in METRICS_TESTED:
        family = [
            contrast
            for row in others
            if (contrast := _contrast(results, system, row, metric, by_user, test_train))
        ]
        found[metric] = _adjusted(family)
    return Contrasts(system.method, found)


def signed(results: Results, found: Contrasts | None) -> Results:
    """The results with the signs of the tests."""
    if found is None:
        return results
    return replace(results, system=found.system.title, signs=found.signs)


def _system(results: Results) -> Row | None:
    names = system_names(results.published)
    rows = [row for row in results.measured if row.method.name in names]
    return min(rows, key=lambda row: row.metrics["rmse"].mean, default=None)


def _contrast(
    results: Results,
    system: Row,
    other: Row,
    metric: str,
    by_user: _UserErrorsOf,
    test_train: float,
) -> Contrast | None:
    pairs = _paired(system, other)
    if not pairs:
        return None
    ours, theirs = (
        np.array([pair[side].metrics[results.domain][metric] for pair in pairs]) / results.divisor
        for side in (0, 1)
    )
    gained = gains(metric, ours, theirs)
    papers = paired_t(gained)
    half_a_percent = MARGIN * float(theirs.mean())
    users, ranks = _over_users(metric, by_user.of(pairs, 0), by_user.of(pairs, 1))
    return Contrast(
        other.method,
        metric,
        papers,
        corrected_resampled_t(gained, test_train=test_train) if test_train else papers,
        permutation_test(gained, seed=1),
        users,
        ranks,
        cohens_d(gained, test_train=test_train),
        cliffs_delta(metric, ours, theirs, test_train=test_train),
        equivalence(gained, margin=half_a_percent, test_train=test_train),
        study_power(gained, effect=half_a_percent, test_train=test_train),
    )


def _adjusted(family: Sequence[Contrast]) -> list[Contrast]:
    larger = {
        contrast.method.name: replace(contrast.users, p=_larger(contrast.runs, contrast.users))
        for contrast in family
    }
    adjusted = holm(larger)
    return [replace(contrast, p=adjusted[contrast.method.name].p) for contrast in family]


def _larger(one: Evidence, other: Evidence) -> float | None:
    """The p of both tests rejecting for the same side; those of opposite sides show nothing."""
    if one.p is None or other.p is None or one.estimate is None or other.estimate is None:
        return None
    return max(one.p, other.p) if one.estimate * other.estimate > 0 else 1.0


def _paired(one: Row, other: Row) -> list[tuple[Record, Record]]:
    """The records of both rows of the same seed and fold."""
    theirs = {(record.fold, record.seed): record for record in other.done}
    return [
        (record, theirs[record.fold, record.seed])
        for record in one.done
        if (record.fold, record.seed) in theirs
    ]


def _over_users(
    metric: str, ours: UserErrors | None, theirs: UserErrors | None
) -> tuple[Evidence, Evidence]:
    if ours is None or theirs is None:
        missing = Evidence("over users", 0, None, undecided=_NO_PREDICTIONS)
        return missing, missing
    first, second = (
        errors.squared if metric == "rmse" else errors.absolute for errors in (ours, theirs)
    )
    return (
        paired_bootstrap(metric, first, second, weights=ours.rows, seed=1, resamples=RESAMPLES),
        wilcoxon(gains(metric, first, second)),
    )


class _UserErrorsOf:
    """Users' mean errors over runs, each record read once; in the table's unit."""

    def __init__(self, results: Results, store: Store) -> None:
        self.results = results
        self.store = store
        self._rows: dict[int, ScoredRows | None] = {}
        self._errors: dict[str, UserErrors | None] = {}

    def of(self, pairs: Sequence[tuple[Record, Record]], side: int) -> UserErrors | None:
        """Of one side of the pairs: each user's mean over all its test rows and all runs."""
        found = [self._of_record(pair[side]) for pair in pairs]
        known = [errors for errors in found if errors is not None]
        if len(known) < len(found):
            return None
        users, place = np.unique(
            np.concatenate([errors.users for errors in known]), return_inverse=True
        )
        rows = np.concatenate([errors.rows for errors in known])
        totals = np.bincount(place, rows)

        def mean(values: list[FloatArray]) -> FloatArray:
            weighted = np.bincount(place, rows * np.concatenate(values))
            return np.asarray(weighted / totals, dtype=np.float64)

        return UserErrors(
            users,
            totals.astype(np.int64),
            mean([errors.squared for errors in known]),
            mean([errors.absolute for errors in known]),
        )

    def _of_record(self, record: Record) -> UserErrors | None:
        if record.key not in self._errors:
            self._errors[record.key] = self._computed(record)
        return self._errors[record.key]

    def _computed(self, record: Record) -> UserErrors | None:
        domain, fold = self.results.domain, record.fold
        if fold not in self._rows:
            self._rows[fold] = load(self.store, self.results.task.name, domain, fold)
        rows = self._rows[fold]
        if rows is None:
            return None
        ratings = scored_ratings(self.store, record, domain, rows)
        if ratings is None:
            return None
        unit = self.results.divisor
        return user_errors(rows.users, rows.truth / unit, ratings / unit)
