"""A small planted suite that has been run once, for the commands that read its records."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from small_suite import SUITE, Small


@pytest.fixture(scope="session")
def small_once(tmp_path_factory: pytest.TempPathFactory) -> Small:
    small = Small(tmp_path_factory.mktemp("small"))
    small.suite.write_text(SUITE)
    small.run()
    return small


@pytest.fixture
def small(small_once: Small, tmp_path: Path) -> Small:
    """A copy of the suite and its results that a test may change."""
    copy = Small(tmp_path / "small")
    shutil.copytree(small_once.folder, copy.folder)
    return copy
