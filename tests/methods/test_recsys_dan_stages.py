"""RecSys-DAN: stages that instances share are the same, found again or computed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from dan_cases import planted, training_of
from numpy.testing import assert_array_equal

from benchmark.data.task import Task
from benchmark.recommender import Pairs
from benchmark.running.stages import StoredStages
from methods import METHODS
from methods.recsys_dan.dan import RecSysDAN
from methods.recsys_dan.ui_dan import UIDAN, MultimodalUIDAN

ROWS = [method for method in METHODS if issubclass(method, RecSysDAN)]


@pytest.fixture(scope="module")
def task() -> Task:
    return planted()


@pytest.fixture(scope="module")
def folder(task: Task, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stages of UI-DAN in both modalities."""
    folder = tmp_path_factory.mktemp("stages")
    for method in (UIDAN, MultimodalUIDAN):
        data = replace(training_of(task, method), stages=StoredStages(folder, {}))
        method(**method.smoke).fit(data, seed=3)
    return folder


@pytest.mark.parametrize("method", ROWS, ids=[row.name for row in ROWS])
def test_every_row_begins_as_ui_dan_does_and_no_bit_tells(
    method: type[RecSysDAN], task: Task, folder: Path
) -> None:
    stages, before = StoredStages(folder, {}), {*folder.iterdir()}
    data = training_of(task, method)
    recalled = method(**method.smoke).fit(replace(data, stages=stages), seed=3)
    assert {*stages.recalled} == {"pre-training"} | (
        {"adaptation"} if "dan" in method.name else set()
    )
    assert {*folder.iterdir()} == before
    computed = method(**method.smoke).fit(data, seed=3)
    pairs = Pairs(task.target.users, task.target.items)
    assert_array_equal(recalled.predict(pairs), computed.predict(pairs))
    assert {*recalled.history_} == {*computed.history_}
    for name, weights in computed.weights_.items():
        assert_array_equal(recalled.weights_[name], weights)
    if "dan" in method.name:
        assert_array_equal(
            recalled.snapshots_[0].embed(pairs), computed.snapshots_[0].embed(pairs)
        )


def test_another_seed_or_setting_is_another_stage(task: Task, folder: Path) -> None:
    stages = StoredStages(folder, {})
    data = replace(training_of(task, UIDAN), stages=stages)
    UIDAN(**UIDAN.smoke).fit(data, seed=4)
    assert stages.recalled == {}
    UIDAN(**{**UIDAN.smoke, "loss": "saturating"}).fit(data, seed=3)
    assert {*stages.recalled} == {"pre-training"}
