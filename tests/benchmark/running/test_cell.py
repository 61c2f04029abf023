"""One cell, from its search to its record."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from misbehaving import Misbehaving

from benchmark.data.catalog import Places
from benchmark.data.prepared import Prepared
from benchmark.running.cell import Job, _context, outcome
from benchmark.running.records import Status
from benchmark.running.run import plan
from benchmark.running.suite import Suite, TaskSpec, Tuning
from benchmark.running.variants import variants_of
from benchmark.space import Choice, Space


class Searched(Misbehaving):
    name: ClassVar[str] = "searched"
    space: ClassVar[Space] = {"how": Choice(("nan", "well"))}


def a_job(folder: Path) -> tuple[Job, Prepared]:
    """A cell whose method is searched for two trials, and its data."""
    small = {"users": [40, 30], "items": [20, 20], "shared_users": 5, "shared_items": 2}
    spec = TaskSpec(name="t", source="synthetic/source", target="synthetic/target", planted=small)
    tuning = Tuning(methods=["searched"], trials=2)
    suite = Suite(name="s", title="S", seeds=[1], tasks=[spec], tuning=tuning)
    [planned] = plan(suite, variants_of(suite, [Searched], [Searched]), Places(None, folder))
    assert planned.prepared is not None
    path = folder / "task.pickle"
    path.write_bytes(pickle.dumps(planned.prepared))
    made = {"python": "3", "versions": {}}
    return Job(planned.cells[0], path, folder, suite.protocol, 1, made), planned.prepared


def test_a_trial_whose_predictions_diverge_is_a_bad_one_and_not_the_end_of_the_search(
    tmp_path: Path,
) -> None:
    record, predictions, _ = outcome(a_job(tmp_path)[0])
    assert record.status is Status.OK, record.reason
    assert [(trial["how"], trial["loss"] is None) for trial in record.trials] == [
        ("nan", True),
        ("well", False),
    ]
    assert predictions is not None


def test_a_stage_is_another_s_where_users_and_items_are_numbered_otherwise(
    tmp_path: Path,
) -> None:
    job, prepared = a_job(tmp_path)
    target = prepared.task.target
    renamed = replace(target, domain=replace(target.domain, name="another/name"))
    other = replace(prepared, task=replace(prepared.task, target=renamed))
    [split] = prepared.splits
    one, two = (_context(job, found, split) for found in (prepared, other))
    assert {name for name in one if one[name] != two[name]} == {"domains"}
