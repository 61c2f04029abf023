"""The search tries what the budget allows and keeps what validation likes best."""

from __future__ import annotations

import fcntl
import math
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest
from small_suite import SUITE, Small

from benchmark.recommender import Pairs, Recommender
from benchmark.running.records import Store
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


def test_a_default_outside_its_range_is_no_first_trial() -> None:
    _, trials = tune(Continuous, {"a": 12, "c": 0.3}, bumpy, trials=2, seed=1)
    assert trials[0]["c"] == 0.3
    assert 1 <= trials[0]["a"] <= 9


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


def bumpy(model: Any) -> float:
    """A loss with one lowest point, from which TPE has something to learn."""
    return float((math.log10(model.c) + 1) ** 2 + 0.1 * abs(model.a - 4))


def stripped(trials: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{k: v for k, v in trial.items() if k != "seconds"} for trial in trials]


class Stopped(BaseException):
    """As Ctrl-C or a kill: nothing of the search may handle it."""


def search(
    journal: Path | None, *, stop_at: int | None = None, method: type[Tuned] = Continuous
) -> tuple[dict[str, Any], list[dict[str, Any]], int]:
    """A search of 9 trials, stopped within its trial number ``stop_at``, and the fits it took."""
    fits = 0

    def loss(model: Any) -> float:
        nonlocal fits
        if fits == stop_at:
            raise Stopped
        fits += 1
        return bumpy(model)

    best, trials = tune(method, {}, loss, trials=9, seed=4, journal=journal)
    return best, stripped(trials), fits


@pytest.mark.parametrize("method", [Tuned, Continuous])
@pytest.mark.parametrize("stop_at", [0, 1, 3, 5])
def test_a_search_stopped_within_a_trial_ends_as_if_it_had_not_been(
    stop_at: int, method: type[Tuned], tmp_path: Path
) -> None:
    journal = tmp_path / "tuning" / "key.journal"
    with pytest.raises(Stopped):
        search(journal, stop_at=stop_at, method=method)
    best, trials, fits = search(journal, method=method)
    assert (best, trials) == search(None, method=method)[:2]
    assert fits == len(trials) - stop_at


def test_a_search_stopped_again_and_again_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    journal = tmp_path / "key.journal"
    for _ in range(8):
        with pytest.raises(Stopped):
            search(journal, stop_at=1)
    assert search(journal)[:2] == search(None)[:2]


def test_a_finished_search_is_read_from_its_journal(tmp_path: Path) -> None:
    journal = tmp_path / "key.journal"
    first = search(journal)
    assert search(journal) == (*first[:2], 0)


KILLED = """
import os, signal, sys
from pathlib import Path
from test_tuning import Continuous, bumpy
from benchmark.running.tuning import tune
fits = 0
def loss(model):
    global fits
    fits += 1
    if fits == 4:
        os.kill(os.getpid(), signal.SIGKILL)
    return bumpy(model)
tune(Continuous, {}, loss, trials=9, seed=4, journal=Path(sys.argv[1]))
"""


def test_a_killed_search_goes_on(tmp_path: Path) -> None:
    journal = tmp_path / "key.journal"
    path = os.pathsep.join(path for path in sys.path if path)
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(journal)],
        env={**os.environ, "PYTHONPATH": path},
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    best, trials, fits = search(journal)
    assert (best, trials, fits) == (*search(None)[:2], 6)


def test_a_last_line_cut_short_costs_one_trial_at_most(tmp_path: Path) -> None:
    journal = tmp_path / "key.journal"
    with pytest.raises(Stopped):
        search(journal, stop_at=5)
    journal.write_bytes(journal.read_bytes()[:-7])
    best, trials, fits = search(journal)
    assert (best, trials) == search(None)[:2]
    assert fits <= 5


@pytest.mark.parametrize("damage", [b"\x00\xff{", b"no json\n", b"[1, 2\n"])
def test_a_damaged_journal_is_begun_afresh(damage: bytes, tmp_path: Path) -> None:
    journal = tmp_path / "key.journal"
    with pytest.raises(Stopped):
        search(journal, stop_at=5)
    content = journal.read_bytes()
    journal.write_bytes(content[:40] + damage + content[60:])
    best, trials, fits = search(journal)
    assert (best, trials, fits) == (*search(None)[:2], 9)
    assert search(journal)[2] == 0


@pytest.mark.parametrize("line", [b"1\n", b"{}\n", b'{"op_code": 4, "worker_id": "a"}\n'])
def test_a_journal_of_something_else_is_begun_afresh(line: bytes, tmp_path: Path) -> None:
    journal = tmp_path / "key.journal"
    journal.write_bytes(line)
    assert search(journal) == search(None)


def test_a_journal_that_another_process_holds_is_left_alone(tmp_path: Path) -> None:
    journal = tmp_path / "key.journal"
    with journal.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert search(journal) == search(None)
    assert journal.stat().st_size == 0


def test_a_lock_left_behind_does_not_hold_up_the_search(tmp_path: Path) -> None:
    journal = tmp_path / "key.journal"
    (tmp_path / "key.journal.lock").touch()
    assert search(journal) == search(None)


def test_a_diverged_trial_counts_and_is_never_chosen() -> None:
    best, trials = tune(Tuned, {}, lambda m: math.nan if m.a == 1 else m.a, trials=6, seed=1)
    assert best["a"] == 2
    assert [t["loss"] for t in trials] == [None, None, 2, 2, 3, 3]


def test_a_search_without_any_finite_loss_says_so() -> None:
    with pytest.raises(FloatingPointError, match="none of 3 trials had a finite validation loss"):
        tune(Continuous, {}, lambda m: math.inf, trials=3, seed=1)


def test_the_search_learns_from_its_trials() -> None:
    _, trials = tune(Continuous, {}, bumpy, trials=30, seed=2)
    losses = [trial["loss"] for trial in trials]
    assert sum(losses[-10:]) < sum(losses[:10])


def test_a_cell_keeps_the_journal_of_its_search(tmp_path: Path) -> None:
    small = Small(tmp_path)
    small.suite.write_text(
        SUITE.replace("[1, 2]", "[1]").replace('"bias", ', "").replace('"normal"', '"nmf"')
        + '\n[tuning]\nmethods = ["nmf"]\ntrials = 3\n'
    )
    small.run()
    store = Store(small.results, "small")
    tuned = [
        r for path in store.records.glob("*.json") if (r := store.get(path.stem)) and r.trials
    ]
    assert [len(record.trials) for record in tuned] == [3, 3]
    for record in tuned:
        assert store.journal(record.key).stat().st_size > 0
