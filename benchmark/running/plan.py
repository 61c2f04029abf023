"""The cells of a suite: what is to be fitted, each with a key that says all that determines it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from benchmark.data.prepared import Prepared, Rules
from benchmark.recommender import Recommender, Scores, Side, Signal
from benchmark.running.keys import key_of
from benchmark.running.method_code import code_hash
from benchmark.running.suite import Suite, TaskSpec
from benchmark.running.variants import Variant


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
    variant: Variant
    trials: int
    seed: int
    scored: tuple[Side, ...]
    twin: str
    """The key that the same fit has under its method's own name; its own, if that is its name."""
    artifacts: bool = False
    """Whether it keeps what figures need beside its predictions."""

    @property
    def method(self) -> type[Recommender]:
        """What is fitted."""
        return self.variant.method

    @property
    def name(self) -> str:
        """The table row that it belongs to."""
        return self.variant.name


def rules(suite: Suite, spec: TaskSpec) -> Rules:
    """What a task's protocol does to rows."""
    protocol = suite.protocol_of(spec)
    return Rules(
        protocol.split,
        protocol.split_seed,
        protocol.duplicates,
        protocol.k_core,
        spec.overlap_users,
    )


def cells_of_task(
    suite: Suite,
    spec: TaskSpec,
    prepared: Prepared,
    variants: Sequence[Variant],
    seeds: Sequence[int],
) -> list[Cell]:
    """Every cell of one task, by fold, variant and seed.

    A method that scores both domains runs once for both; one that scores its target runs once for
    each domain that the task scores.
    """
    cells = []
    for fold in range(min(len(prepared.splits), suite.folds or len(prepared.splits))):
        for variant in variants:
            if variant.name in spec.without:
                continue
            for reverse, scored in _directions(spec, variant.method):
                oriented = prepared.reversed() if reverse else prepared
                cells += [
                    _cell(suite, spec, oriented, variant, seed, fold, reverse, scored)
                    for seed in seeds
                ]
    return cells


def _directions(spec: TaskSpec, method: type[Recommender]) -> list[tuple[bool, tuple[Side, ...]]]:
    if spec.score == "target":
        return [(False, (Side.TARGET,))]
    if method.scores is Scores.BOTH:
        return [(False, Scores.BOTH.value)]
    return [(False, (Side.TARGET,)), (True, (Side.TARGET,))]


def _cell(
    suite: Suite,
    spec: TaskSpec,
    prepared: Prepared,
    variant: Variant,
    seed: int,
    fold: int,
    reverse: bool,
    scored: tuple[Side, ...],
) -> Cell:
    method, protocol = variant.method, suite.protocol_of(spec)
    tuned = suite.tuning.methods == "all" or variant.name in suite.tuning.methods
    # A search reads the target's validation ratings.
    tuned &= "target ratings" not in protocol.withhold
    trials = suite.tuning.trials if tuned and method.space else 0
    split = prepared.splits[fold]
    determinants = {
        "method": method.name,
        "code": code_hash(method),
        "hyperparameters": asdict(method(**variant.settings)),
        "trials": trials,
        "space": repr(sorted(method.space.items())) if trials else "",
        "seed": seed,
        "scored": scored,
        "threads": suite.limits.threads,
        # Where nothing is withheld, keys are those from before anything could be.
        "protocol": protocol.model_dump(exclude=None if protocol.withhold else {"withhold"}),
        "split": [split.source.fingerprint, split.target.fingerprint],
        "data": [
            _read(prepared.contents[Side.SOURCE], method.source_data),
            _read(prepared.contents[Side.TARGET], method.target_data),
        ],
    }
    # Of equal settings under two names, each has a record of its own.
    name = {} if variant.name == method.name else {"variant": variant.name}
    return Cell(
        key=key_of({**determinants, **name}),
        suite=suite.name,
        task=spec.name,
        source=prepared.task.source.domain.name,
        target=prepared.task.target.domain.name,
        reverse=reverse,
        fold=fold,
        variant=variant,
        trials=trials,
        seed=seed,
        scored=scored,
        twin=key_of(determinants),
        artifacts=variant.name in suite.artifacts and fold == 0,
    )


def _read(contents: dict[str, str], declared: Signal) -> dict[str, str]:
    """The fingerprints of the signals that a method reads; a split's stands for its ratings."""
    names = {str(signal.name).lower() for signal in declared}
    return {name: print for name, print in contents.items() if name in names}
