"""One cell, start to end: tune, fit, predict, score, record."""

from __future__ import annotations

import math
import pickle
import resource
import sys
import time
import traceback
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from benchmark.data.prepared import Prepared
from benchmark.data.splits import TEST, VALIDATION, Split
from benchmark.data.task import Task
from benchmark.data.views import TrainingData, missing_signals, training_data
from benchmark.errors import CannotWriteError, NotApplicableError
from benchmark.evaluation.metrics import LARGEST, rmse
from benchmark.recommender import (
    Describes,
    FloatArray,
    KeepsHistory,
    Pairs,
    Recommender,
    Side,
)
from benchmark.running.artifacts import artifacts
from benchmark.running.method_code import package_hash
from benchmark.running.plan import Cell
from benchmark.running.records import Record, Status, Store, fingerprint_of
from benchmark.running.scoring import check_finite, clipped, counts, metrics_of_cell
from benchmark.running.stages import StoredStages
from benchmark.running.suite import Protocol
from benchmark.running.tuning import tune

STAGES = "stages"
"""The folder of finished stages, beside the suites', which share them."""
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


def outcome(job: Job) -> Outcome:
    """Whatever happens becomes a record.

    Raises:
        CannotWriteError: a stage or a journal cannot be written down.
    """
    try:
        prepared = job.prepared.read_bytes()
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
    check_finite(cell, task, final, predicted)

    names = [task.side(side).domain.name for side in cell.scored]
    metrics = {
        name: metrics_of_cell(cell, model, task, final, side, ratings, protocol)
        for name, side, ratings in zip(names, cell.scored, predicted, strict=True)
    }
    predictions = np.concatenate(predicted)
    record = unfinished(
        job,
        Status.OK,
        "",
        metrics=metrics,
        counts={
            name: counts(task, final, side) for name, side in zip(names, cell.scored, strict=True)
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
            "sha256": fingerprint_of(predictions),
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
        # Users and items are numbered by their domain's name, and a stage may keep numbers.
        "domains": [prepared.task.side(side).domain.name for side in Side],
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
            ratings = clipped(
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
