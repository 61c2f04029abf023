"""A small planted suite in a folder of its own, and the commands run on it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner, Result

from benchmark.arguments import contestants
from benchmark.cli import bench
from benchmark.data.catalog import Places
from benchmark.running.records import Record, Status, Store
from benchmark.running.run import pending, plan, run
from benchmark.running.suite import load_suite

SUITE = """
title = "Small"
seeds = [1, 2]
methods = ["target-mean", "bias", "normal"]

[protocol]
full_ranking_users = 20

[[tasks]]
name = "small"
source = "synthetic/source"
target = "synthetic/target"
score = "both"

[tasks.planted]
users = [60, 60]
items = [30, 30]
shared_users = 10
shared_items = 5
"""


@dataclass(frozen=True)
class Small:
    """A folder with a suite file and, once run, its results."""

    folder: Path

    @property
    def suite(self) -> Path:
        return self.folder / "small.toml"

    @property
    def results(self) -> Path:
        return self.folder / "results"

    def bench(self, *arguments: object, **environment: str | None) -> Result:
        """Run a command on the suite, in this process."""
        command = [*map(str, arguments), "--suite", str(self.suite)]
        if "data" not in arguments:
            command += ["--results-dir", str(self.results)]
        quiet = {"BENCH_DATA": None, "GITHUB_ACTIONS": None, "GITHUB_STEP_SUMMARY": None}
        cache = {"BENCH_CACHE": str(self.folder / "cache")}
        return CliRunner().invoke(bench, command, env={**quiet, **cache, **environment})

    def run(self, *outside: str) -> None:
        """Run the suite's cells that have no record, and no report."""
        suite = load_suite(str(self.suite))
        planned = plan(suite, contestants(suite, outside), Places(None, self.folder))
        store = Store(self.results, suite.name)
        store.create()
        done: list[Record] = []
        run(suite, planned, pending(planned, store, ()), store, workers=1, on_done=done.append)
        assert all(record.status is Status.OK for record in done), done
