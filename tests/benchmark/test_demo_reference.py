"""The gate of the demo, for which no data are needed."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner, Result

from benchmark.cli import bench

# Of every kind that is quick: trivial rows, classics, sharing and text.
METHODS = "target-mean,bias,normal,knn,svdpp,cmf,cdfm,conet,tfidf-ridge-source"


def on_the_demo(command: str, results: Path, *more: str) -> Result:
    chosen = [command, "--suite", "demo", "--methods", METHODS, "--results-dir", str(results)]
    quiet = {"GITHUB_ACTIONS": None, "GITHUB_STEP_SUMMARY": None}
    return CliRunner().invoke(bench, [*chosen, *more], env=quiet)


def test_the_demo_gives_what_was_accepted(tmp_path: Path) -> None:
    done = on_the_demo("run", tmp_path, "--reports-dir", str(tmp_path / "reports"), "--jobs", "1")
    assert done.exit_code == 0, done.output
    checked = on_the_demo("check", tmp_path)
    assert checked.exit_code == 0, checked.output
    assert "demo: 90 pass" in checked.output
