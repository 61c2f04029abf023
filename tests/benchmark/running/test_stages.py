"""Finished stages: computed once, found again, never mistaken for each other."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from staged import Staged

from benchmark.data.catalog import Places
from benchmark.data.views import NoStages
from benchmark.running.records import Record, Store
from benchmark.running.run import plan, run
from benchmark.running.stages import StoredStages
from benchmark.running.suite import Protocol, Suite, TaskSpec
from benchmark.running.variants import variants_of


class Counted:
    """A stage that counts how often it is computed."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> int:
        self.times += 1
        time.sleep(0.01)
        return self.times


def test_a_stage_is_computed_once_for_all_who_begin_alike(tmp_path: Path) -> None:
    stage = Counted()
    first = StoredStages(tmp_path, {"code": "a"})
    assert first.recall("learning", {"width": 3}, stage) == 1
    assert first.recalled == {}
    second = StoredStages(tmp_path, {"code": "a"})
    assert second.recall("learning", {"width": 3}, stage) == 1
    assert second.recalled["learning"] >= 0.01
    assert stage.times == 1


@pytest.mark.parametrize(
    ("name", "width", "code"), [("other", 3, "a"), ("learning", 4, "a"), ("learning", 3, "b")]
)
def test_whatever_differs_makes_another_stage(
    name: str, width: int, code: str, tmp_path: Path
) -> None:
    stage = Counted()
    StoredStages(tmp_path, {"code": "a"}).recall("learning", {"width": 3}, stage)
    assert StoredStages(tmp_path, {"code": code}).recall(name, {"width": width}, stage) == 2


@pytest.mark.parametrize("content", [b"", b"\x80\x05", b"no pickle", b"cnowhere\nNothing\n."])
def test_a_file_that_cannot_be_read_is_computed_again(content: bytes, tmp_path: Path) -> None:
    stage, stages = Counted(), StoredStages(tmp_path, {})
    stages.recall("learning", {}, stage)
    (file,) = tmp_path.glob("*.pickle")
    file.write_bytes(content)
    assert stages.recall("learning", {}, stage) == 2
    assert stages.recall("learning", {}, stage) == 2


def test_without_a_store_every_stage_is_computed() -> None:
    stage = Counted()
    assert [NoStages().recall("learning", {}, stage) for _ in range(2)] == [1, 2]


def records_of(folder: Path, name: str, seeds: list[int], **protocol: Any) -> list[Record]:
    """What a suite of the staged method alone records, run with these switches."""
    planted = {"users": [40, 30], "items": [20, 20], "shared_users": 5, "shared_items": 2}
    task = TaskSpec(
        name="t", source="synthetic/source", target="synthetic/target", planted=planted
    )
    suite = Suite(name=name, title="S", seeds=seeds, tasks=[task], protocol=Protocol(**protocol))
    planned = plan(suite, variants_of(suite, [Staged], [Staged]), Places(None, folder, False))
    store = Store(folder, name)
    store.create()
    records: list[Record] = []
    run(suite, planned, planned[0].cells, store, workers=1, on_done=records.append)
    return records


def test_a_record_reports_the_time_of_a_stage_that_another_cell_has_paid_for(
    tmp_path: Path,
) -> None:
    records = records_of(tmp_path, "s", [1, 2])
    assert [record.facts for record in records] == [{}, {"stages recalled": "sleeping"}]
    assert all(record.budget["seconds_fit"] >= 0.2 for record in records)


def test_suites_that_only_score_otherwise_share_stages(tmp_path: Path) -> None:
    first = records_of(tmp_path, "first", [1])
    scored = records_of(tmp_path, "scored", [1], relevance=3.0, clip="none")
    read = records_of(tmp_path, "read", [1], text="reviewText")
    facts = [record.facts for record in (*first, *scored, *read)]
    assert facts == [{}, {"stages recalled": "sleeping"}, {}]
