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


def dry_run(name: str, folder: Path, *more: str) -> str:
    """What a dry run of a suite prints where no data are at hand."""
    arguments = ["--dry-run", "--results-dir", str(folder), *more]
    environment = {"BENCH_DATA": None, "BENCH_CACHE": str(folder)}
    result = CliRunner().invoke(bench, ["run", "--suite", name, *arguments], env=environment)
    assert result.exit_code == 0, result.output
    return result.output


def is_planted(suite: Suite) -> bool:
    return any(task.source.startswith("synthetic/") for task in suite.tasks)


@pytest.mark.parametrize(
    "name", [name for name in shipped() if (suite := load_suite(name)).quick and is_planted(suite)]
)
def test_the_quick_form_of_a_suite_with_planted_pairs_needs_no_data(name: str) -> None:
    assert is_planted(load_suite(name).quickened())


def test_a_dry_run_prints_the_plan(tmp_path: Path) -> None:
    said = dry_run("dml-tuned", tmp_path, "--quick", "--methods", "dml")
    assert "dml    1 cells,    1 to run, 2 trials each" in said
    assert said.endswith("1 cells to run\n")


def test_a_dry_run_without_data_says_once_what_is_missing_and_what_runs_without(
    tmp_path: Path,
) -> None:
    said = dry_run("dml-tables3-5", tmp_path)
    assert "imhonet-book+music: imhonet/book → imhonet/music: unavailable" in said
    assert "0 cells to run" in said
    for data in ("imhonet/book is held by its owner", "douban/book: no douban/book/ratings.dat"):
        assert said.count(data) == 1
    assert said.endswith("Nothing can run without them; the suite demo needs no data.\n")


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
