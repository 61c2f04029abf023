"""What a record counts of the rows that were scored."""

from __future__ import annotations

import pickle
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from misbehaving import Misbehaving

from benchmark.data.catalog import Places
from benchmark.data.splits import TEST, Split
from benchmark.data.task import Numbered, Task
from benchmark.recommender import Side
from benchmark.running.cell import Job, _counts, _full_ranking, _outcome
from benchmark.running.records import Status
from benchmark.running.run import plan
from benchmark.running.suite import Protocol, Suite, TaskSpec, Tuning
from benchmark.running.variants import variants_of
from benchmark.space import Choice, Space


def test_a_record_counts_the_users_whom_a_list_of_five_can_order(task: Task, split: Split) -> None:
    counts = _counts(task, split, Side.SOURCE)
    rows = split.source.rows(TEST)
    items_of = Counter(task.source.users[rows].tolist())
    assert counts["test"] == len(rows) == sum(items_of.values())
    assert counts["test_users"] == len(items_of)
    over = sum(count > 5 for count in items_of.values())
    assert 0 < over < len(items_of)
    assert counts["test_users_with_over_5_rows"] == over


def test_a_full_ranking_without_a_relevant_item_is_undefined_and_no_failure(
    task: Task, split: Split
) -> None:
    protocol = Protocol(full_ranking_users=5, relevance=5)
    model = Misbehaving()
    assert set(_full_ranking(model, task, split, Side.TARGET, protocol)) == {
        "p@5-full",
        "r@5-full",
    }
    rows = task.target.domain.rows
    disliked = rows.assign(rating=rows["rating"].clip(upper=4))
    numbered: Numbered = replace(task.target, domain=replace(task.target.domain, rows=disliked))
    nobody = replace(task, target=numbered)
    assert _full_ranking(model, nobody, split, Side.TARGET, protocol) == {}


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
    record, predictions, _ = _outcome(job)
    assert record.status is Status.OK, record.reason
    assert [(trial["how"], trial["loss"] is None) for trial in record.trials] == [
        ("nan", True),
        ("well", False),
    ]
    assert predictions is not None
