"""The command line: bench run, report and list; the other commands have files of their own."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import click

from benchmark.arguments import (
    choose,
    contestants,
    data_dir_option,
    declared_suite,
    methods_option,
    names,
    only_tasks,
    outside_option,
    quick_option,
    results_dir_option,
    seeds_of,
    suite_option,
    tasks_option,
)
from benchmark.check_command import check
from benchmark.data_commands import data
from benchmark.docs_command import docs
from benchmark.errors import BenchError
from benchmark.repository import REPORTS, cache_dir
from benchmark.score_command import score
from benchmark.study_command import study
from benchmark.verify_command import verify

EXIT_CELLS_FAILED = 1
EXIT_BAD_INPUT = 2
EXIT_INTERRUPTED = 130
EXIT_TERMINATED = 143

_EPILOG = (
    "Exit codes: 0 all cells ended well (or were unavailable or not applicable); 1 some failed, "
    "timed out or ran out of memory, now or in an earlier run; 2 wrong usage or bad input; 130 "
    "stopped by Ctrl-C; 143 by SIGTERM."
)


class _Group(click.Group):
    """Prints a user's mistake as one line and says so with the exit code."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except BenchError as error:
            click.echo(f"bench: {error}", err=True)
            sys.exit(EXIT_BAD_INPUT)
        except KeyboardInterrupt:
            click.echo("\nbench: stopped", err=True)
            sys.exit(EXIT_INTERRUPTED)


def _statuses(
    context: click.Context, parameter: click.Parameter, values: tuple[str, ...]
) -> list[str]:
    valid = ("failed", "timeout", "out-of-memory", "not-applicable")
    wanted = names(context, parameter, values)
    for status in wanted:
        if status not in valid:
            raise click.BadParameter(f"{status!r} is none of {', '.join(valid)}")
    return wanted


_reports_dir = click.option(
    "--reports-dir",
    type=click.Path(path_type=Path),
    default=REPORTS,
    help="Where reports are written.  [default: reports/]",
)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]}, epilog=_EPILOG)
@click.version_option(package_name="cdrbench")
def bench() -> None:
    """Reproduces RecSys-DAN and DML, and judges them and their baselines under one protocol."""


@bench.command(epilog=_EPILOG)
@suite_option
@data_dir_option
@methods_option
@tasks_option
@click.option("--seeds", multiple=True, callback=seeds_of, help="Run these seeds only: 1,2,3.")
@outside_option
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=lambda: os.cpu_count() or 1,
    help="Cells at a time.  [default: one a core]",
)
@click.option(
    "--retry",
    multiple=True,
    callback=_statuses,
    metavar="STATUS,…",
    help="Run cells again that ended so: failed,timeout,out-of-memory,not-applicable.",
)
@click.option("--download", is_flag=True, help="Fetch missing files from their publishers.")
@click.option("--dry-run", is_flag=True, help="Print the plan and run nothing.")
@quick_option
@results_dir_option
@_reports_dir
def run(
    suite: str,
    data_dir: Path | None,
    methods: list[str],
    tasks: list[str],
    seeds: list[int],
    outside: tuple[str, ...],
    jobs: int,
    retry: list[str],
    download: bool,
    dry_run: bool,
    quick: bool,
    results_dir: Path,
    reports_dir: Path,
) -> None:
    """Run what a suite has no records of yet, then write its tables."""
    # Imported here, for torch and its like take seconds that --help should not.
    from benchmark.data.catalog import Places
    from benchmark.reporting import scored_rows
    from benchmark.running import manifest as manifests
    from benchmark.running.plan import Cell
    from benchmark.running.records import Status, Store, make_writable
    from benchmark.running.reuse import found_elsewhere, take_over
    from benchmark.running.run import cards, pending, plan
    from benchmark.running.run import run as run_cells
    from benchmark.terminal import RunProgress

    declared = declared_suite(suite, quick=quick)
    available = contestants(declared, outside)
    chosen = choose(methods, [m.name for m in available], "method", "--methods")
    # Seeds that are not run now stay planned: what they have brought so far is reported, too.
    every = list(dict.fromkeys([*declared.seeds, *seeds]))
    narrowed = only_tasks(declared, tasks).model_copy(update={"seeds": every})
    places = Places(data_dir, cache_dir(), download)
    store = Store(results_dir, declared.name)
    planned = plan(narrowed, available, places)

    def asked_for(cells: Iterable[Cell]) -> list[Cell]:
        return [c for c in cells if c.name in chosen and c.seed in (seeds or declared.seeds)]

    todo = asked_for(pending(planned, store, [Status(status) for status in retry]))
    wanted = asked_for(cell for task in planned for cell in task.cells)
    elsewhere = found_elsewhere(todo, store)
    to_do = {cell.key for cell in todo}
    done = [cell for cell in wanted if cell.key not in to_do]
    taken, todo = (
        [cell for cell in todo if (cell.key in elsewhere) is there] for there in (True, False)
    )
    if dry_run:
        _print_plan(planned, chosen, {cell.key for cell in todo})
        return
    store.create()
    make_writable(reports_dir / declared.name, "reports", option="--reports-dir")
    take_over(taken, elsewhere, store, narrowed, planned)
    # Measured first, so that a run of other tasks at the same time has no time to be overwritten.
    measured = cards(narrowed, planned)
    found = manifests.manifest(declared, available, planned, measured, manifests.load(store))
    manifests.save(found, store)
    scored_rows.keep(planned, store)
    shared = f", {len(taken)} taken over from other suites" if taken else ""
    without = sum(bool(task.wanting) for task in planned)
    left_out = f"; {without} of {len(planned)} tasks left out for want of data" if without else ""
    counted = f"{len(wanted)} cells, {len(done)} done before"
    click.echo(f"{declared.name}: {counted}{shared}{left_out}", err=True)
    with RunProgress(len(todo)) as progress:
        try:
            run_cells(narrowed, planned, todo, store, workers=jobs, on_done=progress.finished)
        except KeyboardInterrupt:
            left = len(todo) - progress.done.total()
            click.echo(
                f"\nstopped: {progress.done.total()} cells done and kept, {left} to go; "
                "the same command goes on",
                err=True,
            )
            sys.exit(EXIT_INTERRUPTED)
    _report(found, store, reports_dir)
    failed = sum(count for status, count in progress.done.items() if status.is_failure)
    before = sum((r := store.get(cell.key)) is not None and r.status.is_failure for cell in done)
    if failed or before:
        earlier_ones = f", {before} in earlier runs (see --retry)" if before else ""
        click.echo(f"{failed} cells failed{earlier_ones}; logs are in {store.logs}", err=True)
        sys.exit(EXIT_CELLS_FAILED)


@bench.command()
@suite_option
@quick_option
@results_dir_option
@_reports_dir
def report(suite: str, quick: bool, results_dir: Path, reports_dir: Path) -> None:
    """Write a suite's tables again from its records. Nothing is trained, no data is read."""
    from benchmark.running import manifest as manifests
    from benchmark.running.records import Store

    declared = declared_suite(suite, quick=quick)
    store = Store(results_dir, declared.name)
    found = manifests.load(store)
    if found is None:
        raise BenchError(
            f"no records of suite {declared.name!r} in {store.folder}; "
            f"run it first: bench run --suite {suite}{' --quick' if quick else ''}"
        )
    _report(found, store, reports_dir)


@bench.command("list")
def list_() -> None:
    """List suites, tasks, methods and studies."""
    from benchmark.registry import METHODS, STUDIES
    from benchmark.running.suite import load_suite, shipped

    click.echo("Suites")
    width = max(map(len, shipped()))
    for name in shipped():
        declared = load_suite(name)
        click.echo(f"  {name:{width}} {declared.title}")
        for task in declared.tasks:
            click.echo(f"    {task.name}: {task.source} → {task.target}")
    click.echo("\nMethods (source data → target data; shared identities)")
    width, title = (max(len(getattr(m, what)) for m in METHODS) for what in ("name", "title"))
    for method in METHODS:
        click.echo(
            f"  {method.name:{width}} {method.title:{title}} {_signals(method.source_data)} → "
            f"{_signals(method.target_data)}; {_signals(method.overlap)}\n"
            f"  {'':{width}} {method.paper}"
        )
    click.echo("\nStudies (bench study)")
    for found in STUDIES:
        click.echo(f"  {found.name:24} {found.title}\n  {'':24} {found.paper}")


def _signals(flags: Any) -> str:
    return " ".join(str(flag.name).lower() for flag in flags) or "none"


def _print_plan(planned: Sequence[Any], chosen: list[str], todo: set[str]) -> None:
    width = max(map(len, chosen), default=0)
    for task in planned:
        without = ": unavailable" if task.wanting else ""
        click.echo(f"{task.spec.name}: {task.spec.source} → {task.spec.target}{without}")
        if task.wanting:
            continue
        for method in chosen:
            cells = [cell for cell in task.cells if cell.name == method]
            new = sum(cell.key in todo for cell in cells)
            trials = max((cell.trials for cell in cells), default=0)
            tuned = f", {trials} trials each" if trials else ""
            click.echo(f"  {method:{width}} {len(cells):4} cells, {new:4} to run{tuned}")
    click.echo(f"{len(todo)} cells to run")
    if wanting := dict.fromkeys(line for task in planned for line in task.wanting):
        click.echo("Data that are not here:")
        for line in wanting:
            click.echo(f"  {line}")
    if all(task.wanting for task in planned):
        click.echo("Nothing can run without them; the suite demo needs no data.")


def _report(found: Any, store: Any, reports_dir: Path) -> None:
    from benchmark.reporting.report import write_report
    from benchmark.reporting.summary import summarise
    from benchmark.terminal import show_results

    page = write_report(found, store, reports_dir)
    show_results(found, summarise(found, store))
    click.echo(f"report: {page}")


bench.add_command(check)
bench.add_command(data)
bench.add_command(docs)
bench.add_command(score)
bench.add_command(study)
bench.add_command(verify)


def main() -> None:
    """The entry point."""
    _use_utf8()
    # Leaves by way of what clears up: cells are ended, and their copies of the data removed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(EXIT_TERMINATED))
    bench()


def _use_utf8() -> None:
    """Make the streams take the signs that tables use, whatever the system's encoding."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")


if __name__ == "__main__":
    main()
