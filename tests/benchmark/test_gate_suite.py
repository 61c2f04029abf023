"""The gate on real data, as continuous integration runs it where there is data."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from benchmark.cli import bench
from benchmark.repository import REFERENCE

pytestmark = [pytest.mark.realdata, pytest.mark.slow]


@pytest.fixture(scope="module")
def results(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The records of the gate's suite, made here."""
    folder = tmp_path_factory.mktemp("gate")
    done = gate("run", real_data, folder, "--reports-dir", str(folder / "reports"))
    assert done.exit_code == 0, done.output
    return folder


def gate(command: str, data: Path, folder: Path, *more: str) -> Result:
    common = ["--suite", "gate", "--data-dir", str(data), "--results-dir", str(folder)]
    quiet = {"GITHUB_ACTIONS": None, "GITHUB_STEP_SUMMARY": None}
    return CliRunner().invoke(bench, [command, *common, *more], env=quiet)


def test_real_results_are_the_accepted_ones(results: Path, real_data: Path) -> None:
    done = gate("check", real_data, results)
    assert done.exit_code == 0, done.output


def test_a_real_result_that_got_worse_is_named(
    results: Path, real_data: Path, tmp_path: Path
) -> None:
    values = json.loads((REFERENCE / "gate.json").read_text(encoding="utf-8"))
    task, domain = "digital-music+musical-instruments", "amazon2014-5core/musical-instruments"
    for run in values["tasks"][task]["domains"][domain]["svdpp"]["runs"].values():
        run["rmse"] *= 0.98
    better = tmp_path / "better.json"
    better.write_text(json.dumps(values), encoding="utf-8")
    done = gate("check", real_data, results, "--reference", str(better))
    assert done.exit_code == 1
    [line] = [line for line in done.output.splitlines() if "regressed" in line and "rmse" in line]
    assert "svdpp" in line
