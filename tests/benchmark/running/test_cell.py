"""One cell, from its search to its record."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import ClassVar

from misbehaving import Misbehaving

from benchmark.data.catalog import Places
from benchmark.running.cell import Job, outcome
from benchmark.running.records import Status
from benchmark.running.run import plan
from benchmark.running.suite import Suite, TaskSpec, Tuning
from benchmark.running.variants import variants_of
from benchmark.space import Choice, Space


class Searched(Misbehaving):
    name: ClassVar[str] = "searched"
    space: ClassVar[Space] = {"how": Choice(("nan", "well"))}


def test_a_trial_whose_predictions_diverge_is_a_bad_one_and_not_the_end_of_the_search(
    tmp_path: Path,
) -> None:
    small = {"users": [40, 30], "items": [20, 20], "shared_users": 5, "shared_items": 2}
    spec = TaskSpec(name="t", source="synthetic/source", target="synthetic/target", planted=small)
    tuning = Tuning(methods=["searched"], trials=2)
    suite = Suite(name="s", title="S", seeds=[1], tasks=[spec], tuning=tuning)
    [planned] = plan(suite, variants_of(suite, [Searched], [Searched]), Places(None, tmp_path))
    prepared = tmp_path / "task.pickle"
    prepared.write_bytes(pickle.dumps(planned.prepared))
    made = {"python": "3", "versions": {}}
    job = Job(planned.cells[0], prepared, tmp_path, suite.protocol, 1, made)
    record, predictions, _ = outcome(job)
    assert record.status is Status.OK, record.reason
    assert [(trial["how"], trial["loss"] is None) for trial in record.trials] == [
        ("nan", True),
        ("well", False),
    ]
    assert predictions is not None
