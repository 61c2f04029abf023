"""Hyperparameter search on validation rows: a grid where it fits the budget, else TPE.

Every trial stands in a journal once it is done. A search that was stopped goes on from there, with
the outcome that it would have had anyway: each trial follows from the seed, its number and the
trials before it, never from the state of a sampler.
"""

from __future__ import annotations

import fcntl
import itertools
import json
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.storages import BaseStorage, InMemoryStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.trial import FrozenTrial, TrialState

from benchmark.recommender import Recommender
from benchmark.running.records import writing
from benchmark.space import Choice, Integer, Real, Space

_STUDY = "search"
_SECONDS = "seconds"


def tune(
    method: type[Recommender],
    settings: dict[str, Any],
    loss: Callable[[Recommender], float],
    *,
    trials: int,
    seed: int,
    journal: Path | None = None,
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The settings with the lowest validation ``loss``, and every trial with its loss and seconds.

    A space of choices with at most ``trials`` combinations is searched whole, as the papers'
    grids are; any other by TPE, which includes the defaults as the first trial. A loss that is
    not finite is None in the list. ``journal`` is of one search: a file that another has written
    must not be handed over.

    Raises:
        FloatingPointError: no trial had a finite loss.
        CannotWriteError: the journal cannot be written.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    grid = _grid(method.space, trials)
    given, budget = grid or [_defaults(method, settings)], len(grid) or trials
    with _storage(journal) as storage:
        study = _study(storage)
        for number in range(len(_done(study)), budget):
            study.sampler = optuna.samplers.TPESampler(
                # Most of a small budget would otherwise go into the default's ten random trials.
                n_startup_trials=max(1, trials // 3),
                seed=int(np.random.SeedSequence([seed, number]).generate_state(1)[0]),
            )
            if number < len(given):
                study.enqueue_trial(given[number])
            trial = study.ask()
            started = time.perf_counter()
            chosen = {name: _suggest(trial, name, space) for name, space in method.space.items()}
            value = loss(method(**{**settings, **chosen}))
            trial.set_user_attr(_SECONDS, round(time.perf_counter() - started, 3))
            # A diverged trial is a bad one, not one to leave out.
            study.tell(trial, value if math.isfinite(value) else math.inf)
        done = [_told(trial, method.space) for trial in _done(study)]
    finite = [trial for trial in done if trial["loss"] is not None]
    if not finite:
        raise FloatingPointError(f"none of {len(done)} trials had a finite validation loss")
    best = min(finite, key=lambda trial: trial["loss"])
    return {**settings, **{name: best[name] for name in method.space}}, done


@contextmanager
def _storage(journal: Path | None) -> Iterator[BaseStorage]:
    """The journal's storage while nobody else holds it, otherwise one in memory."""
    if journal is None:
        yield InMemoryStorage()
        return
    with writing(journal):
        journal.parent.mkdir(parents=True, exist_ok=True)
        opened = journal.open("a+b")
    with opened as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            # Another process makes the same search at the same time; both find the same.
            yield InMemoryStorage()
            return
        # Whoever left a lock behind is gone, or would hold the journal.
        Path(f"{journal}.lock").unlink(missing_ok=True)
        file.truncate(_readable(journal))
        try:
            storage = _replayed(journal)
        except Exception:  # Whatever Optuna makes of lines that it has not written.
            file.truncate(0)
            storage = _replayed(journal)
        yield storage


def _readable(journal: Path) -> int:
    """The bytes of a journal before a last line cut short; none if it is damaged before that.

    A search begun afresh has the outcome that the damaged one would have had.
    """
    content = journal.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    try:
        for line in whole.splitlines():
            json.loads(line)
    except ValueError:
        return 0
    return len(whole)


def _replayed(journal: Path) -> JournalStorage:
    lock = JournalFileOpenLock(str(journal))
    return JournalStorage(_Backend(str(journal), lock_obj=lock))


class _Backend(JournalFileBackend):
    """Tells a journal that cannot be written apart from whatever goes wrong in a trial."""

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        with writing(self._file_path):
            super().append_logs(logs)


def _study(storage: BaseStorage) -> optuna.Study:
    """The search, with trials that were stopped half-way set aside."""
    study = optuna.create_study(
        storage=storage, study_name=_STUDY, load_if_exists=True, direction="minimize"
    )
    for trial in study.get_trials(deepcopy=False):
        if not trial.state.is_finished():
            storage.set_trial_state_values(trial._trial_id, TrialState.FAIL)
    return study


def _done(study: optuna.Study) -> list[FrozenTrial]:
    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))


def _told(trial: FrozenTrial, space: Space) -> dict[str, Any]:
    assert trial.value is not None, "a complete trial has a value"
    return {
        **{name: trial.params[name] for name in space},
        "loss": trial.value if math.isfinite(trial.value) else None,
        "seconds": trial.user_attrs[_SECONDS],
    }


def _defaults(method: type[Recommender], settings: dict[str, Any]) -> dict[str, Any]:
    """What the first trial takes as it is: a paper's grid may leave a library's default out."""
    defaults = method(**settings)
    return {
        name: value
        for name, range_ in method.space.items()
        if _contains(range_, value := getattr(defaults, name))
    }


def _contains(range_: Choice | Real | Integer, value: Any) -> bool:
    if isinstance(range_, Choice):
        return value in range_.values
    return bool(range_.low <= value <= range_.high)


def _grid(space: Space, trials: int) -> list[dict[str, Any]]:
    """Every combination, if there are but choices and no more combinations than trials."""
    choices = {name: r.values for name, r in space.items() if isinstance(r, Choice)}
    if len(choices) < len(space) or math.prod(map(len, choices.values())) > trials:
        return []
    return [
        dict(zip(choices, point, strict=True)) for point in itertools.product(*choices.values())
    ]


def _suggest(trial: optuna.Trial, name: str, range_: Choice | Real | Integer) -> Any:
    if isinstance(range_, Choice):
        return trial.suggest_categorical(name, range_.values)
    if isinstance(range_, Real):
        return trial.suggest_float(name, range_.low, range_.high, log=range_.log)
    return trial.suggest_int(name, range_.low, range_.high, log=range_.log)
