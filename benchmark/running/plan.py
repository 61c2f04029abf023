"""The cells of a suite: what is to be fitted, each with a key that says all that determines it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from benchmark.data.prepared import Prepared, Rules
from benchmark.data.splits import is_symmetric
from benchmark.errors import BenchError, suggestion
from benchmark.recommender import Recommender, Scores, Side, Signal
from benchmark.running.method_code import code_hash
from benchmark.running.suite import Suite, TaskSpec


@dataclass(frozen=True)
class Cell:
    """One fit: a method with its settings on one split of one task, in one direction."""

    key: str
    suite: str
    task: str
    source: str
    target: str
    reverse: bool
    fold: int
    method: type[Recommender]
    settings: dict[str, Any]
    trials: int
    seed: int
    scored: tuple[Side, ...]


def rules(suite: Suite) -> Rules:
    """What a suite's protocol does to rows."""
    protocol = suite.protocol
    return Rules(protocol.split, protocol.split_seed, protocol.duplicates, protocol.k_core)


def check_settings(suite: Suite, methods: Iterable[type[Recommender]]) -> None:
    """Refuse settings of a method or a field that does not exist.

    Raises:
        BenchError: naming the key and the nearest that exists.
    """
    known = {method.name: {field.name for field in fields(method)} for method in methods}
    place = f"suite {suite.name!r}"
    tuned = [] if suite.tuning.methods == "all" else suite.tuning.methods
    for name in (*suite.settings, *tuned):
        if name not in known:
            raise BenchError(f"unknown method {name!r} in {place}{suggestion(name, known)}")
    for name, settings in suite.settings.items():
        for key in settings:
            if key not in known[name]:
                raise BenchError(
                    f"unknown key 'settings.{name}.{key}' in {place}{suggestion(key, known[name])}"
                )


def cells_of_task(
    suite: Suite,
    spec: TaskSpec,
    prepared: Prepared,
    methods: Sequence[type[Recommender]],
    seeds: Sequence[int],
) -> list[Cell]:
    """Every cell of one task, by fold, method and seed.

    A method that scores both domains runs once for both; one that scores its target runs once for
    each domain that the task scores.
    """
    cells = []
    for fold in range(len(prepared.splits)):
        for method in methods:
            for reverse, scored in _directions(suite, spec, method):
                oriented = prepared.reversed() if reverse else prepared
                cells += [
                    _cell(suite, spec, oriented, method, seed, fold, reverse, scored)
                    for seed in seeds
                ]
    return cells


def _directions(
    suite: Suite, spec: TaskSpec, method: type[Recommender]
) -> list[tuple[bool, tuple[Side, ...]]]:
    if spec.score == "target":
        return [(False, (Side.TARGET,))]
    if method.scores is Scores.BOTH and is_symmetric(suite.protocol.split):
        return [(False, Scores.BOTH.value)]
    return [(False, (Side.TARGET,)), (True, (Side.TARGET,))]


def _cell(
    suite: Suite,
    spec: TaskSpec,
    prepared: Prepared,
    method: type[Recommender],
    seed: int,
    fold: int,
    reverse: bool,
    scored: tuple[Side, ...],
) -> Cell:
    settings = suite.settings.get(method.name, {})
    tuned = suite.tuning.methods == "all" or method.name in suite.tuning.methods
    trials = suite.tuning.trials if tuned and method.space else 0
    split = prepared.splits[fold]
    determinants = {
        "method": method.name,
        "code": code_hash(method),
        "hyperparameters": asdict(method(**settings)),
        "trials": trials,
        "space": repr(sorted(method.space.items())) if trials else "",
        "seed": seed,
        "scored": scored,
        "threads": suite.limits.threads,
        "protocol": suite.protocol.model_dump(),
        "split": [split.source.fingerprint, split.target.fingerprint],
        "data": [
            _read(prepared.contents[Side.SOURCE], method.source_data),
            _read(prepared.contents[Side.TARGET], method.target_data),
        ],
    }
    text = json.dumps(determinants, sort_keys=True, default=str)
    return Cell(
        key=hashlib.sha256(text.encode()).hexdigest()[:24],
        suite=suite.name,
        task=spec.name,
        source=prepared.task.source.domain.name,
        target=prepared.task.target.domain.name,
        reverse=reverse,
        fold=fold,
        method=method,
        settings=settings,
        trials=trials,
        seed=seed,
        scored=scored,
    )


def _read(contents: dict[str, str], declared: Signal) -> dict[str, str]:
    """The fingerprints of the signals that a method reads; a split's stands for its ratings."""
    names = {str(signal.name).lower() for signal in declared}
    return {name: print for name, print in contents.items() if name in names}
