"""The commands as a user types them: good runs, second runs, broken runs and bad input."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

BENCH = [sys.executable, "-c", "from benchmark.cli import main; main()"]

SUITE = """
title = "Small"
seeds = [1, 2, 3]
methods = ["target-mean", "always-max", "bias", "normal"]

[[tasks]]
name = "small"
source = "synthetic/source"
target = "synthetic/target"

[tasks.planted]
users = [60, 50]
items = [30, 30]
shared_users = 10
shared_items = 5
"""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    path = tmp_path / "small.toml"
    path.write_text(SUITE)
    return path


def bench(
    *arguments: object, folder: Path, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        _command(*arguments, folder=folder),
        capture_output=True,
        text=True,
        timeout=120,
        env=_environment(folder, **environment),
        check=False,
    )


def _command(*arguments: object, folder: Path) -> list[str]:
    places = (
        []
        if {"list", "data", "--help"} & set(arguments)
        else ["--results-dir", str(folder / "results"), "--reports-dir", str(folder / "reports")]
    )
    return [*BENCH, *map(str, arguments), *places]


def _environment(folder: Path, **more: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if k != "BENCH_DATA"}
    return {**kept, "BENCH_CACHE": str(folder / "cache"), **more}


def records(folder: Path) -> dict[str, dict[str, object]]:
    return {
        path.stem: json.loads(path.read_text())
        for path in (folder / "results" / "small" / "records").glob("*.json")
    }


def predictions(folder: Path) -> dict[str, bytes]:
    return {
        path.name: path.read_bytes()
        for path in (folder / "results" / "small" / "predictions").glob("*.npy")
    }


def test_a_run_ends_with_a_table_and_a_second_run_redoes_nothing(
    suite: Path, tmp_path: Path
) -> None:
    first = bench("run", "--suite", suite, folder=tmp_path)
    assert first.returncode == 0, first.stderr
    assert "Target mean" in first.stdout
    assert len(records(tmp_path)) == 12
    before = {
        p: p.stat().st_mtime_ns
        for p in (tmp_path / "results").rglob("*.json")
        if p.name != "manifest.json"
    }
    second = bench("run", "--suite", suite, folder=tmp_path)
    assert second.returncode == 0
    assert "12 cells, 12 done before" in second.stderr
    assert before == {p: p.stat().st_mtime_ns for p in before}
    page = (tmp_path / "reports" / "small" / "report.md").read_text()
    assert "| Target mean |" in page
    assert "*Best reachable*" in page


def test_adding_a_seed_or_a_method_redoes_nothing_that_is_done(
    suite: Path, tmp_path: Path
) -> None:
    bench("run", "--suite", suite, "--methods", "bias", "--seeds", "1", folder=tmp_path)
    assert len(records(tmp_path)) == 1
    more = bench(
        "run", "--suite", suite, "--methods", "bias,normal", "--seeds", "1,2", folder=tmp_path
    )
    assert "4 cells, 1 done before" in more.stderr
    assert len(records(tmp_path)) == 4


def test_a_run_of_some_seeds_reports_what_others_have_brought(suite: Path, tmp_path: Path) -> None:
    for seed, runs in ((1, 1), (7, 2)):
        done = bench(
            "run", "--suite", suite, "--methods", "bias", "--seeds", seed, folder=tmp_path
        )
        assert done.returncode == 0, done.stderr
        page = (tmp_path / "reports" / "small" / "report.md").read_text()
        [line] = (text for text in page.splitlines() if text.startswith("| User + item bias |"))
        assert line.split(" | ")[-2] == str(runs), line


def test_the_number_of_jobs_does_not_change_a_bit(suite: Path, tmp_path: Path) -> None:
    for jobs in (1, 3):
        bench("run", "--suite", suite, "--jobs", jobs, folder=tmp_path / str(jobs))
    assert predictions(tmp_path / "1") == predictions(tmp_path / "3")
    assert len(predictions(tmp_path / "1")) == 12


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_broken_off_goes_on_to_the_same_end(
    blow: signal.Signals, suite: Path, tmp_path: Path
) -> None:
    broken, whole = tmp_path / "broken", tmp_path / "whole"
    command = _command("run", "--suite", suite, "--jobs", 1, folder=broken)
    process = subprocess.Popen(
        command,
        env={**_environment(broken), "TMPDIR": str(tmp_path)},
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
        # Whoever runs the tests in the background has them ignore it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 200
    while not 2 <= len(records(broken)) < 12 and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(blow)
    _, said = process.communicate(timeout=30)
    done = len(records(broken))
    assert 2 <= done < 12
    if blow is signal.SIGINT:
        assert process.returncode == 130
        assert "done and kept" in said
        assert "Traceback" not in said
    if blow is signal.SIGTERM:
        assert process.returncode == 143
        assert "Traceback" not in said
    if blow is not signal.SIGKILL:
        assert not list(tmp_path.glob("cdrbench-*")), "copies of the data are removed"
    time.sleep(0.5)  # A cell that had begun may still end by itself; its record counts.
    assert bench("run", "--suite", suite, folder=broken).returncode == 0
    assert bench("run", "--suite", suite, folder=whole).returncode == 0
    assert records(broken).keys() == records(whole).keys()
    assert predictions(broken) == predictions(whole)


def test_a_dry_run_counts_cells_and_writes_nothing(suite: Path, tmp_path: Path) -> None:
    plan = bench("run", "--suite", suite, "--dry-run", folder=tmp_path)
    assert plan.returncode == 0
    assert "12 cells to run" in plan.stdout
    assert not (tmp_path / "results").exists()


def test_a_report_is_made_again_without_data_or_training_to_the_same_bytes(
    suite: Path, tmp_path: Path
) -> None:
    bench("run", "--suite", suite, folder=tmp_path)
    pages = []
    for _ in range(2):
        assert bench("report", "--suite", suite, folder=tmp_path).returncode == 0
        pages.append({p.name: p.read_bytes() for p in (tmp_path / "reports").rglob("*.*")})
    assert pages[0] == pages[1]
    assert {"index.html", "records.html", "report.md"} <= set(pages[0])
    endings = {Path(name).suffix for name in pages[0]}
    assert endings == {".html", ".md", ".tex", ".csv", ".png", ".pdf"}


def test_a_method_outside_the_repository_takes_part(suite: Path, tmp_path: Path) -> None:
    there = Path(__file__).parent / "running"
    done = bench(
        "run",
        "--suite",
        suite,
        "--method",
        "misbehaving:Misbehaving",
        "--methods",
        "misbehaving",
        folder=tmp_path,
        PYTHONPATH=f"{there}{os.pathsep}{Path.cwd()}",
    )
    assert done.returncode == 0, done.stderr
    assert {record["method"] for record in records(tmp_path).values()} == {"misbehaving"}


def test_failed_cells_give_exit_code_1_and_are_tried_again_only_on_request(
    suite: Path, tmp_path: Path
) -> None:
    suite.write_text(SUITE + '\n[settings.misbehaving]\nhow = "raise"\n')
    there = Path(__file__).parent / "running"
    command = (
        "run",
        "--suite",
        suite,
        "--method",
        "misbehaving:Misbehaving",
        "--methods",
        "misbehaving",
        "--seeds",
        "1",
    )
    environment = {"PYTHONPATH": f"{there}{os.pathsep}{Path.cwd()}"}
    first = bench(*command, folder=tmp_path, **environment)
    assert first.returncode == 1
    assert "no such luck" in first.stderr
    again = bench(*command, folder=tmp_path, **environment)
    assert "1 done before" in again.stderr
    assert again.returncode == 1
    assert "0 cells failed, 1 in earlier runs (see --retry)" in again.stderr
    retried = bench(*command, "--retry", "failed", folder=tmp_path, **environment)
    assert "0 done before" in retried.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "--suite", "amazn"], "unknown suite 'amazn'; did you mean 'amazon'?"),
        (["run", "--methods", "svd"], "unknown method 'svd' in --methods; did you mean 'svdpp'?"),
        (["run", "--tasks", "plantd"], "unknown task 'plantd' in --tasks; did you mean 'planted'"),
        (["run", "--seeds", "one"], "'one' is not a list of whole numbers"),
        (["run", "--seeds", "-1"], "'-1': seeds are from 0 to 4294967295"),
        (["run", "--seeds", "4294967296"], "'4294967296': seeds are from 0 to 4294967295"),
        (["run", "--seeds", "1,1"], "each is listed once"),
        (["run", "--retry", "bad"], "'bad' is none of failed"),
        (["run", "--jobs", "0"], "--jobs"),
        (["run", "--method", "nowhere:Class"], "'nowhere:Class' cannot be imported"),
        (["run", "--method", "json"], "write it as package.module:Class"),
        (["run", "--method", "json:JSONDecoder"], "is not a subclass of"),
        (["run", "--method", "baselines.bias:Bias"], "the name 'bias' is taken"),
        (["report", "--suite", "demo"], "no records of suite 'demo'"),
        (["run", "--data-dir", __file__, "--suite", "douban"], "is not a folder"),
        (["rum"], "No such command 'rum'"),
    ],
)
def test_bad_input_is_one_clear_line_and_exit_code_2(
    arguments: list[str], message: str, tmp_path: Path
) -> None:
    refused = bench(*arguments, folder=tmp_path)
    assert refused.returncode == 2, refused.stderr
    assert message in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize("kind", ["results", "reports"])
def test_a_folder_that_cannot_be_written_to_is_refused_before_anything_runs(
    suite: Path, tmp_path: Path, kind: str
) -> None:
    (tmp_path / kind).write_text("a file where a folder should be")
    refused = bench("run", "--suite", suite, folder=tmp_path)
    assert refused.returncode == 2
    [line] = refused.stderr.splitlines()
    assert line.startswith(f"bench: cannot write {kind} to {tmp_path / kind}")
    assert line.endswith(f"choose another folder with --{kind}-dir")
    assert not list(tmp_path.glob("results/*/records/*"))


def test_a_report_of_a_file_in_place_of_results_does_not_ask_to_remove_it(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("a file where a folder should be")
    refused = bench("report", folder=tmp_path)
    assert refused.returncode == 2
    assert refused.stderr.endswith(
        "manifest.json: Not a directory; choose another folder with --results-dir\n"
    )


def test_data_that_are_generated_need_no_fetching(tmp_path: Path) -> None:
    said = bench("data", "fetch", "synthetic/source", folder=tmp_path)
    assert said.returncode == 0
    assert "synthetic/source is generated; there is nothing to fetch" in said.stderr


def test_a_list_of_data_without_a_folder_says_so(tmp_path: Path) -> None:
    assert "no data folder named" in bench("data", "list", folder=tmp_path).stderr
    named = bench("data", "list", folder=tmp_path, BENCH_DATA=str(tmp_path))
    assert (named.returncode, named.stderr) == (0, "")
    assert len({line.find(" ratings") for line in named.stdout.splitlines()} - {-1}) == 1


def test_missing_data_is_said_with_the_files_and_the_rest_runs(tmp_path: Path) -> None:
    path = tmp_path / "small.toml"
    path.write_text(
        SUITE
        + """
[[tasks]]
name = "absent"
source = "amazon2014-5core/home-and-kitchen"
target = "amazon2014-5core/office-products"
"""
    )
    done = bench("run", "--suite", path, "--seeds", "1", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "reviews_Home_and_Kitchen_5.json.gz" in done.stdout
    statuses = [record["status"] for record in records(tmp_path).values()]
    assert sorted(statuses) == ["ok"] * 4 + ["unavailable"]
    everything = [path for path in (tmp_path / "reports").rglob("*.*") if path.suffix != ".png"]
    for path in [*everything, *(tmp_path / "results").rglob("*.json")]:
        assert str(tmp_path).encode() not in path.read_bytes(), path


def test_list_names_every_suite_and_method(tmp_path: Path) -> None:
    listed = bench("list", folder=tmp_path)
    assert listed.returncode == 0
    for word in ("demo", "amazon", "douban", "svdpp", "musical-instruments-early+late"):
        assert word in listed.stdout


@pytest.mark.parametrize("group", [(), ("data",)])
def test_help_says_of_each_command_in_a_whole_sentence_what_it_does(
    tmp_path: Path, group: tuple[str, ...]
) -> None:
    commands = bench(*group, "--help", folder=tmp_path).stdout.partition("Commands:")[2]
    lines = commands.strip().partition("\n\n")[0].splitlines()
    assert len(lines) > 5
    assert [line for line in lines if not re.search(r"\w\.$", line)] == []


def test_help_comes_at_once_and_names_the_exit_codes(tmp_path: Path) -> None:
    said = bench("run", "--help", folder=tmp_path)
    assert "130 stopped by Ctrl-C" in " ".join(said.stdout.split())
