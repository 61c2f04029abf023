"""Hyperparameter search on validation rows: a grid where it fits the budget, else TPE."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import optuna

from benchmark.recommender import Recommender
from benchmark.space import Choice, Integer, Real, Space


def tune(
    method: type[Recommender],
    settings: dict[str, Any],
    loss: Callable[[Recommender], float],
    *,
    trials: int,
    seed: int,
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The settings with the lowest validation ``loss``, and every trial with its loss and seconds.

    A space of choices with at most ``trials`` combinations is searched whole, as the papers'
    grids are; any other by TPE, which includes the defaults as the first trial.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    grid = _grid(method.space)
    whole = grid is not None and math.prod(len(values) for values in grid.values()) <= trials
    sampler = (
        optuna.samplers.GridSampler(grid, seed=seed)
        if whole and grid is not None
        else optuna.samplers.TPESampler(seed=seed)
    )
    study = optuna.create_study(sampler=sampler, direction="minimize")
    if not whole:
        defaults = method(**settings)
        study.enqueue_trial({name: getattr(defaults, name) for name in method.space})
    done: list[dict[str, Any]] = []

    def objective(trial: optuna.Trial) -> float:
        started = time.perf_counter()
        chosen = {name: _suggest(trial, name, space) for name, space in method.space.items()}
        value = loss(method(**{**settings, **chosen}))
        done.append({**chosen, "loss": value, "seconds": time.perf_counter() - started})
        return value

    study.optimize(objective, n_trials=trials)
    best = min(done, key=lambda trial: trial["loss"])
    return {**settings, **{name: best[name] for name in method.space}}, done


def _grid(space: Space) -> dict[str, tuple[Any, ...]] | None:
    if all(isinstance(range_, Choice) for range_ in space.values()):
        return {name: range_.values for name, range_ in space.items()}  # type: ignore[union-attr]
    return None


def _suggest(trial: optuna.Trial, name: str, range_: Choice | Real | Integer) -> Any:
    if isinstance(range_, Choice):
        return trial.suggest_categorical(name, range_.values)
    if isinstance(range_, Real):
        return trial.suggest_float(name, range_.low, range_.high, log=range_.log)
    return trial.suggest_int(name, range_.low, range_.high, log=range_.log)
