"""Every shipped suite can be planned as it stands: names, settings, quick forms and splits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmark.arguments import contestants
from benchmark.cli import bench
from benchmark.data.catalog import Places
from benchmark.data.fingerprints import committed
from benchmark.data.prepared import split_names
from benchmark.running.plan import rules
from benchmark.running.run import plan
from benchmark.running.suite import Suite, load_suite, shipped


def forms(name: str) -> Iterator[Suite]:
    """The suite and its quick form, if it has one."""
    suite = load_suite(name)
    yield suite
    if suite.quick is not None:
        yield suite.quickened()


@pytest.mark.parametrize("name", shipped())
def test_its_settings_are_ones_that_its_methods_accept(name: str) -> None:
    for suite in forms(name):
        variants = contestants(suite, ())
        for variant in variants:
            variant.method(**variant.settings)
        rows = [variant.name for variant in variants]
        assert len(set(rows)) == len(rows)
        assert len({variant.title for variant in variants}) == len(rows)


@pytest.mark.parametrize("name", shipped())
def test_its_quick_form_does_less(name: str) -> None:
    suite, *quick = forms(name)
    for little in quick:
        assert len(little.seeds) <= len(suite.seeds)
        assert 0 < len(little.tasks) <= len(suite.tasks)
        assert little.tuning.trials <= suite.tuning.trials
        assert little != suite


@pytest.mark.parametrize("name", [name for name in shipped() if name.startswith("dml-")])
def test_a_suite_of_dml_has_a_quick_form_and_the_trivial_rows(name: str) -> None:
    suite = load_suite(name)
    assert suite.quick is not None
    assert "target-mean" in suite.methods


@pytest.mark.parametrize("name", ["dml-tables3-5", "dml-tuned"])
def test_a_dry_run_prints_the_plan(name: str, tmp_path: Path) -> None:
    arguments = ["--quick", "--dry-run", "--results-dir", str(tmp_path)]
    result = CliRunner().invoke(
        bench,
        ["run", "--suite", name, *arguments],
        env={"BENCH_DATA": None, "BENCH_CACHE": str(tmp_path)},
    )
    assert result.exit_code == 0, result.output
    assert "cells to run" in result.output
    assert ("imhonet/book is held by its owner" in result.output) == (name == "dml-tables3-5")


@pytest.mark.slow
@pytest.mark.realdata
@pytest.mark.parametrize("name", [name for name in shipped() if name.startswith("dml-")])
def test_the_splits_of_a_suite_of_dml_are_committed(
    name: str, real_data: Path, tmp_path: Path
) -> None:
    suite = load_suite(name).quickened()
    for task in plan(suite, [], Places(real_data, tmp_path)):
        if task.prepared is not None:
            names = split_names(task.prepared, rules(suite, task.spec), task.spec.planted)
            assert set(names) <= set(committed())


def test_the_overlap_of_figure_3_grows_to_all() -> None:
    suite = load_suite("dml-fig3")
    for pair in ("planted", "douban"):
        users = [task.overlap_users for task in suite.tasks if task.name.startswith(pair)]
        assert users == [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, None]
