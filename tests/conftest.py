"""Fixtures that every part of the tests uses: the planted pair and the folder of real data."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from benchmark.data.splits import Split, split_task
from benchmark.data.synthetic import Planted, PlantedPair, planted_pair
from benchmark.data.task import Task, make_task

# As the harness does in a cell: more threads than cores make small networks slower, not faster.
torch.set_num_threads(1)

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def pair() -> PlantedPair:
    """The planted pair of the default parameters."""
    return planted_pair(Planted())


@pytest.fixture(scope="session")
def task(pair: PlantedPair) -> Task:
    """The planted pair as a task."""
    return make_task("planted", pair.source, pair.target)


@pytest.fixture(scope="session")
def split(task: Task) -> Split:
    """The task's 80/10/10 split."""
    return split_task(task.source.domain, task.target.domain, "80/10/10", seed=1)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data, or a skip that says how to get it."""
    folder = Path(os.environ.get("BENCH_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("no real data: set BENCH_DATA to a folder that holds amazon2014/, douban/, …")
    return folder
