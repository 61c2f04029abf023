"""The search tries what the budget allows and keeps what validation likes best."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from benchmark.recommender import Pairs, Recommender
from benchmark.running.tuning import tune
from benchmark.space import Choice, Integer, Real, Space


@dataclass
class Tuned(Recommender):
    name = "tuned"
    space: ClassVar[Space] = {"a": Choice((1, 2, 3)), "b": Choice((10, 20))}
    a: int = 2
    b: int = 10
    c: float = 0.5

    def fit(self, data: Any, *, seed: int) -> Tuned:
        return self

    def predict(self, pairs: Pairs) -> Any:
        return None


class Continuous(Tuned):
    space: ClassVar[Space] = {"c": Real(0.01, 1, log=True), "a": Integer(1, 9)}


def test_a_grid_within_the_budget_is_searched_whole_and_no_more() -> None:
    best, trials = tune(Tuned, {}, lambda m: abs(m.a - 3) + abs(m.b - 20), trials=12, seed=1)
    assert best == {"a": 3, "b": 20}
    assert sorted((t["a"], t["b"]) for t in trials) == [
        (a, b) for a in (1, 2, 3) for b in (10, 20)
    ]


def test_a_space_that_is_no_grid_gets_exactly_its_trials_and_starts_with_the_defaults() -> None:
    best, trials = tune(Continuous, {"b": 20}, lambda m: abs(m.c - 0.2), trials=7, seed=1)
    assert len(trials) == 7
    assert (trials[0]["c"], trials[0]["a"]) == (0.5, 2)
    assert best["b"] == 20
    assert abs(best["c"] - 0.2) == min(t["loss"] for t in trials)


def test_a_grid_over_the_budget_gets_the_budget() -> None:
    _, trials = tune(Tuned, {}, lambda m: m.a, trials=4, seed=1)
    assert len(trials) == 4


def test_the_same_seed_searches_the_same() -> None:
    runs = [tune(Continuous, {}, lambda m: m.c, trials=5, seed=9)[1] for _ in range(2)]
    assert [t["c"] for t in runs[0]] == [t["c"] for t in runs[1]]


def test_a_trial_that_fails_is_no_silent_success() -> None:
    def loss(model: Recommender) -> float:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        tune(Tuned, {}, loss, trials=2, seed=1)
