"""Agreement of rankings, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from benchmark.reporting.agreement import ranking_agreement

PRINTED = {name: 1.0 + i / 10 for i, name in enumerate("abcdefg")}


def test_orderings_are_counted_over_all_pairs_and_the_changed_ones_named() -> None:
    measured = {name: [value, value + 0.01] for name, value in PRINTED.items()}
    measured["g"] = [1.25, 1.26]  # between c (1.2) and d (1.3), before d, e and f
    measured["b"] = [0.95, 0.96]  # before a
    found = ranking_agreement("rmse", PRINTED, measured, seed=0)
    assert found.sentence == "17 of 21 orderings hold"
    assert set(found.changed) == {("a", "b"), ("d", "g"), ("e", "g"), ("f", "g")}
    assert found.tau == pytest.approx((17 - 4) / 21)
    assert found.methods == tuple("abcdefg")


def test_the_papers_best_is_first_whatever_the_metric() -> None:
    measured = {name: [value, value] for name, value in PRINTED.items()}
    found = ranking_agreement("p@5", PRINTED, measured, seed=0)
    assert found.methods == tuple("gfedcba")
    assert found.held == 21
    assert found.changed == ()


def test_a_measured_tie_does_not_hold_and_a_printed_one_is_no_ordering() -> None:
    found = ranking_agreement(
        "rmse",
        {"a": 1.0, "b": 1.0, "c": 2.0},
        {"a": [1.0, 1.1], "b": [2.0, 2.1], "c": [2.0, 2.1]},
        seed=0,
    )
    assert (found.held, found.orderings, found.changed) == (1, 2, (("b", "c"),))


def test_tau_and_its_p_are_scipys_and_the_interval_surrounds_it() -> None:
    rng = np.random.default_rng(0)
    measured = {name: value + rng.normal(0, 0.1, 5) for name, value in PRINTED.items()}
    found = ranking_agreement("rmse", PRINTED, measured, seed=0)
    means = [measured[name].mean() for name in PRINTED]
    expected = stats.kendalltau(list(PRINTED.values()), means)
    assert (found.tau, found.p) == pytest.approx((expected.statistic, expected.pvalue))
    assert found.interval is not None
    assert -1 <= found.interval[0] <= expected.statistic <= found.interval[1] <= 1
    assert found.interval[0] < found.interval[1]
    assert found == ranking_agreement("rmse", PRINTED, measured, seed=0)


def test_one_run_gives_tau_no_interval() -> None:
    found = ranking_agreement("rmse", PRINTED, {n: [v] for n, v in PRINTED.items()}, seed=0)
    assert found.tau == pytest.approx(1)
    assert found.interval is None
    assert "one run" in found.undecided


def test_methods_without_measurements_and_failed_seeds_are_left_out() -> None:
    measured = {name: [value, value, 9.0] for name, value in PRINTED.items() if name != "c"}
    measured["d"] = [1.3, 1.3, math.nan]
    found = ranking_agreement("rmse", PRINTED, measured, seed=0)
    assert found.left_out == ("c",)
    assert (found.runs, found.held, found.orderings) == (2, 15, 15)


def test_runs_that_no_two_methods_share_order_nothing_and_that_is_said() -> None:
    found = ranking_agreement(
        "rmse", {"a": 1.0, "b": 2.0}, {"a": [1.0, math.nan], "b": [math.nan, 2.0]}, seed=0
    )
    assert found.undecided == "no run of all the methods measured has succeeded"


@pytest.mark.parametrize(
    "measured", [{}, {"a": [1.0, 2.0]}, {"a": [math.nan], "b": [1.0]}, {"a": [1, 1], "b": [1, 1]}]
)
def test_nothing_to_order_gives_no_tau(measured: dict[str, list[float]]) -> None:
    found = ranking_agreement("rmse", PRINTED, measured, seed=0)
    assert found.tau is None
    assert found.undecided


def test_methods_must_have_the_same_runs() -> None:
    with pytest.raises(ValueError, match="a 1, b 2"):
        ranking_agreement("rmse", PRINTED, {"a": [1.0], "b": [1.0, 2.0]}, seed=0)
