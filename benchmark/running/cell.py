"""One cell, start to end, in a process of its own: tune, fit, predict, score, record."""

from __future__ import annotations

import hashlib
import math
import os
import pickle
import resource
import signal
import sys
import threading
import time
import traceback
from dataclasses import asdict, dataclass, replace
from multiprocessing import parent_process
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from benchmark.data.prepared import Prepared
from benchmark.data.splits import TEST, TRAIN, VALIDATION, Split
from benchmark.data.task import Numbered, Task
from benchmark.data.views import TrainingData, missing_signals, training_data
from benchmark.errors import CannotWriteError, NotApplicableError
from benchmark.evaluation.metrics import LARGEST, full_ranking, rmse, score
from benchmark.recommender import (
    Describes,
    FloatArray,
    IntArray,
    KeepsHistory,
    Pairs,
    Recommender,
    Side,
)
from benchmark.running.artifacts import artifacts
from benchmark.running.method_code import package_hash
from benchmark.running.plan import Cell
from benchmark.running.records import Record, Status, Store
from benchmark.running.stages import StoredStages
from benchmark.running.suite import Protocol
from benchmark.running.tuning import tune

STAGES = "stages"
"""The folder of finished stages, beside the suites', which share them."""
CANNOT_WRITE = 3
"""Exit code of a cell's process when its outcome could not be stored."""
_TORCH_OUT_OF_MEMORY = "DefaultCPUAllocator: can't allocate memory"
"""What torch says in a RuntimeError where others raise a MemoryError."""


Outcome = tuple[Record, FloatArray | None, dict[str, NDArray[Any]] | None]
"""A record, and where the cell went well its predictions and what it keeps for figures."""


@dataclass(frozen=True)
class Job:
    """A cell and what its process needs to run it."""

    cell: Cell
    prepared: Path
    results: Path
    protocol: Protocol
    threads: int
    provenance: dict[str, Any]


def run(job: Job) -> None:
    """The body of a cell's process: whatever happens becomes a record, if it can be written."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle.
    threading.Thread(target=_die_with_parent, daemon=True).start()
    store = Store(job.results, job.cell.suite)
    try:
        _log_to(store.logs / f"{job.cell.key}.log")
        record, predictions, kept = _outcome(job)
        if not store.put(record, predictions, kept):
            print(f"{record.status}: {record.reason}", file=sys.stderr, flush=True)
            os._exit(1)
    except (OSError, CannotWriteError) as error:
        said = error.strerror if isinstance(error, OSError) else error
        print(said, file=sys.stderr, flush=True)
        os._exit(CANNOT_WRITE)
    sys.stdout.flush()
    sys.stderr.flush()
    # Leaving at once skips the slow teardown of libraries, after all has been written.
    os._exit(0)


def unfinished(job: Job, status: Status, reason: str, **more: Any) -> Record:
    """The record of a cell that has no predictions."""
    cell = job.cell
    return Record(
        key=cell.key,
        suite=cell.suite,
        task=cell.task,
        source=cell.source,
        target=cell.target,
        method=cell.name,
        seed=cell.seed,
        fold=cell.fold,
        status=status,
        reason=reason,
        hyperparameters=asdict(cell.method(**cell.variant.settings)),
        protocol=job.protocol.model_dump(),
        provenance=job.provenance,
        **more,
    )


def _outcome(job: Job) -> Outcome:
    prepared = job.prepared.read_bytes()
    try:
        with threadpool_limits(job.threads):
            if "torch" in sys.modules:
                sys.modules["torch"].set_num_threads(job.threads)
            return _fitted(job, prepared)
    except NotApplicableError as error:
        return unfinished(job, Status.NOT_APPLICABLE, str(error)), None, None
    except MemoryError as error:
        reason = str(error) or "the process could not get the memory it asked for"
        return unfinished(job, Status.OUT_OF_MEMORY, reason), None, None
    except CannotWriteError:
        raise
    except Exception as error:
        if _TORCH_OUT_OF_MEMORY in str(error):
            return unfinished(job, Status.OUT_OF_MEMORY, str(error)), None, None
        reason = f"{type(error).__name__}: {error}"
        record = unfinished(job, Status.FAILED, reason, traceback=traceback.format_exc())
        return record, None, None


def _fitted(job: Job, pickled: bytes) -> Outcome:
    cell, protocol = job.cell, job.protocol
    prepared: Prepared = pickle.loads(pickled)
    if cell.reverse:
        prepared = prepared.reversed()
    task, split = prepared.task, prepared.splits[cell.fold]
    if reason := missing_signals(cell.method, task, protocol.withhold):
        return unfinished(job, Status.NOT_APPLICABLE, reason), None, None

    started = time.perf_counter()
    settings, trials = _tuned(job, task, split)
    tuned_at = time.perf_counter()
    final = split.refitted() if protocol.refit else split
    stages = StoredStages(job.results / STAGES, _context(job, prepared, final))
    data = training_data(cell.method, task, final, text=protocol.text, withheld=protocol.withhold)
    model = cell.method(**settings).fit(replace(data, stages=stages), seed=cell.seed)
    fitted_at = time.perf_counter()
    # Whatever a method computes in, what is stored is what its fingerprint is of.
    predicted = [
        np.asarray(model.predict(_pairs(task, final, side, TEST)), dtype=np.float64)
        for side in cell.scored
    ]
    seconds = {
        "tuning": tuned_at - started,
        # What a fit costs, whoever has paid for its stages.
        "fit": fitted_at - tuned_at + sum(stages.recalled.values()),
        "predict": time.perf_counter() - fitted_at,
    }
    _check_finite(cell, task, final, predicted)

    names = [task.side(side).domain.name for side in cell.scored]
    metrics = {
        name: _metrics(cell, model, task, final, side, ratings, protocol)
        for name, side, ratings in zip(names, cell.scored, predicted, strict=True)
    }
    predictions = np.concatenate(predicted)
    record = unfinished(
        job,
        Status.OK,
        "",
        metrics=metrics,
        counts={
            name: _counts(task, final, side) for name, side in zip(names, cell.scored, strict=True)
        },
        budget={
            "trials": max(len(trials), 1),
            **{f"seconds_{stage}": round(value, 3) for stage, value in seconds.items()},
            "peak_gigabytes": round(
                resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9, 3
            ),
        },
        trials=trials,
        facts=_facts(model, stages),
        history={k: [float(v) for v in curve] for k, curve in model.history_.items()}
        if isinstance(model, KeepsHistory)
        else {},
        fingerprints={
            f"{side} {what}": print
            for side in Side
            for what, print in (
                ("split", split.side(side).fingerprint),
                *prepared.contents[side].items(),
            )
        },
        predictions={
            "rows": {name: len(ratings) for name, ratings in zip(names, predicted, strict=True)},
            "sha256": hashlib.sha256(predictions.tobytes()).hexdigest(),
        },
    )
    kept = artifacts(model, task, final) if cell.artifacts else None
    record = replace(record, hyperparameters=asdict(model))
    # A curve of NaN, say, would leave a record that nothing reads.
    Record.from_json(record.to_json())
    return record, predictions, kept


def _context(job: Job, prepared: Prepared, split: Split) -> dict[str, Any]:
    """What the harness knows that a stage of a fit depends on."""
    method = job.cell.method
    return {
        "code": package_hash(method),
        "protocol": job.protocol.of_fits,
        "split": [split.source.fingerprint, split.target.fingerprint],
        "data": [prepared.contents[side] for side in Side],
        "declared": [str(method.source_data), str(method.target_data)],
        "threads": job.threads,
        "versions": job.provenance.get("versions"),
    }


def _facts(model: Recommender, stages: StoredStages) -> dict[str, float | int | str]:
    facts = dict(model.facts_) if isinstance(model, Describes) else {}
    if stages.recalled:
        facts["stages recalled"] = ", ".join(stages.recalled)
    return facts


def _tuned(job: Job, task: Task, split: Split) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    cell, protocol = job.cell, job.protocol
    if not cell.trials:
        return cell.variant.settings, []
    data: TrainingData = training_data(
        cell.method, task, split, text=protocol.text, withheld=protocol.withhold
    )

    def loss(model: Recommender) -> float:
        model.fit(data, seed=cell.seed)
        errors = []
        for side in cell.scored:
            rows = split.side(side).rows(VALIDATION)
            truth = task.side(side).ratings[rows]
            ratings = _clipped(
                model, model.predict(_pairs(task, split, side, VALIDATION)), task, side, protocol
            )
            if not (np.abs(ratings) <= LARGEST).all():
                return math.inf
            errors.append(rmse(truth, ratings) / task.side(side).domain.scale[1])
        return float(np.mean(errors))

    return tune(
        cell.method,
        cell.variant.settings,
        loss,
        trials=cell.trials,
        seed=cell.seed,
        journal=Store(job.results, cell.suite).journal(cell.key),
    )


def _pairs(task: Task, split: Split, side: Side, part: int) -> Pairs:
    rows = split.side(side).rows(part)
    numbered = task.side(side)
    return Pairs(numbered.users[rows], numbered.items[rows], side)


def _check_finite(cell: Cell, task: Task, split: Split, predicted: list[FloatArray]) -> None:
    for side, ratings in zip(cell.scored, predicted, strict=True):
        expected = len(split.side(side).rows(TEST))
        if ratings.shape != (expected,):
            raise ValueError(
                f"{cell.method.name} predicted shape {ratings.shape} for {expected} test rows "
                f"of {task.side(side).domain.name}"
            )
        if bad := int((~np.isfinite(ratings)).sum()):
            raise FloatingPointError(
                f"{cell.method.name} predicted {bad} of {expected} test rows of "
                f"{task.side(side).domain.name} as NaN or infinite"
            )


def _clipped(
    model: Recommender, ratings: FloatArray, task: Task, side: Side, protocol: Protocol
) -> FloatArray:
    if protocol.clip == "all" or (protocol.clip == "paper" and model.clips):
        return np.clip(ratings, *task.side(side).domain.scale)
    return ratings


def _metrics(
    cell: Cell,
    model: Recommender,
    task: Task,
    split: Split,
    side: Side,
    ratings: FloatArray,
    protocol: Protocol,
) -> dict[str, float]:
    metrics = metrics_of_rows(
        task.side(side),
        split.side(side).rows(TEST),
        _clipped(model, ratings, task, side, protocol),
        protocol,
        is_first=(side is Side.SOURCE) != cell.reverse,
    )
    if protocol.full_ranking_users:
        metrics |= _full_ranking(model, task, split, side, protocol)
    return metrics


def metrics_of_rows(
    numbered: Numbered, rows: IntArray, ratings: FloatArray, protocol: Protocol, *, is_first: bool
) -> dict[str, float]:
    """The metrics of one domain's test rows (n,), ratings clipped before or not.

    ``is_first`` says whether it is the first domain of the suite's pair, which the code of DML's
    authors treats differently from the second.
    """
    truth = numbered.ratings[rows]
    metrics = score(
        numbered.users[rows],
        truth,
        ratings,
        scale=numbered.domain.scale,
        relevance=protocol.relevance,
        undefined_precision=1.0 if is_first else 0.0,
    )
    if numbered.domain.ideal is not None:
        metrics["rmse-floor"] = rmse(truth, numbered.domain.ideal[rows])
    return metrics


def _full_ranking(
    model: Recommender, task: Task, split: Split, side: Side, protocol: Protocol
) -> dict[str, float]:
    """P@5 and R@5 when a user's every unseen item is ranked, for the first users by number.

    Numbers follow a hash of the id, so the first ones are a random sample that never changes.
    """
    numbered = task.side(side)
    test, train = split.side(side).rows(TEST), split.side(side).rows(TRAIN)
    liked = test[numbered.ratings[test] >= protocol.relevance]
    users = np.unique(numbered.users[liked])[: protocol.full_ranking_users]
    n_items = len(numbered.item_ids)
    if not len(users):
        return {}  # Undefined, as the metrics over rated items are then.
    every = Pairs(np.repeat(users, n_items), np.tile(np.arange(n_items), len(users)), side)
    per_user = full_ranking(
        model.predict(every).reshape(len(users), n_items),
        seen=_mask(users, n_items, numbered.users[train], numbered.items[train]),
        relevant=_mask(users, n_items, numbered.users[liked], numbered.items[liked]),
        k=5,
    )
    if not len(per_user):
        return {}  # What they like in the test they have all rated in training as well.
    result = per_user.mean()
    return {"p@5-full": result.precision, "r@5-full": result.recall}


def _mask(users: IntArray, n_items: int, row_users: IntArray, row_items: IntArray) -> Any:
    mask = np.zeros((len(users), n_items), dtype=bool)
    position = np.searchsorted(users, row_users).clip(max=len(users) - 1)
    inside = users[position] == row_users
    mask[position[inside], row_items[inside]] = True
    return mask


def _counts(task: Task, split: Split, side: Side) -> dict[str, int]:
    numbered = task.side(side)
    train, test = (split.side(side).rows(part) for part in (TRAIN, TEST))
    test_rows_of_user = np.bincount(numbered.users[test])
    return {
        "train": len(train),
        "test": len(test),
        "test_users": int((test_rows_of_user > 0).sum()),
        # With k items or fewer, every order of them has the same precision and recall at k.
        "test_users_with_over_5_rows": int((test_rows_of_user > 5).sum()),
        "test_rows_of_unseen_users": int(
            (~np.isin(numbered.users[test], numbered.users[train])).sum()
        ),
        "test_rows_of_unseen_items": int(
            (~np.isin(numbered.items[test], numbered.items[train])).sum()
        ),
    }


def _die_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _log_to(path: Path) -> None:
    """Send what libraries print, even from C, to a file of the cell."""
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(log, stream)
    os.close(log)
