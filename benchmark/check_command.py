"""``bench check``: compares this machine's records with the accepted ones, for people and CI."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from benchmark.arguments import (
    choose,
    contestants,
    data_dir_option,
    declared_suite,
    methods_option,
    only_tasks,
    outside_option,
    quick_option,
    results_dir_option,
    suite_option,
    tasks_option,
)
from benchmark.errors import BenchError
from benchmark.repository import REFERENCE, cache_dir

if TYPE_CHECKING:
    from benchmark.reporting.gate import Finding
    from benchmark.reporting.reference import Measured, Snapshot

_EPILOG = (
    "Exit codes: 0 everything passed or improved; 1 something regressed, could not be compared "
    "or looks like a leak, or nothing was compared; 2 wrong usage or bad input."
)


@click.command(epilog=_EPILOG)
@suite_option
@quick_option
@data_dir_option
@methods_option
@tasks_option
@outside_option
@click.option(
    "--reference",
    type=click.Path(path_type=Path),
    help="The accepted results.  [default: results/reference/<suite>.json]",
)
@click.option("--junit", type=click.Path(path_type=Path), help="Also write JUnit XML there.")
@click.option("--all", "everything", is_flag=True, help="Show what passed, too.")
@click.option(
    "--accept", is_flag=True, help="Show what moves, then make it the reference (exit code 0)."
)
@results_dir_option
@click.pass_context
def check(
    context: click.Context,
    suite: str,
    quick: bool,
    data_dir: Path | None,
    methods: list[str],
    tasks: list[str],
    outside: tuple[str, ...],
    reference: Path | None,
    junit: Path | None,
    everything: bool,
    accept: bool,
    results_dir: Path,
) -> None:
    """Compare a suite's records with the accepted ones. Nothing is trained.

    On GitHub Actions (GITHUB_ACTIONS, GITHUB_STEP_SUMMARY) it annotates the build and writes a
    step summary.
    """
    from benchmark.data.catalog import Places
    from benchmark.reporting import gate, gate_report
    from benchmark.reporting import reference as references
    from benchmark.running.records import Store
    from benchmark.running.run import plan

    declared = declared_suite(suite, quick=quick)
    available = contestants(declared, outside)
    path = reference or REFERENCE / f"{declared.name}.json"
    old = references.load(path)
    valid = [method.name for method in available]
    if old is not None and not methods:
        # What stands in the reference and is gone from the suite is still to be judged.
        valid += [place.method for place in old.entries if place.method not in valid]
    chosen = choose(methods, valid, "method", "--methods")
    narrowed = only_tasks(declared, tasks)
    planned = plan(narrowed, available, Places(data_dir, cache_dir()))
    store = Store(results_dir, declared.name)
    measured = references.measure(declared, planned, store, chosen)
    within = old.only(tasks or [place.task for place in old.entries], chosen) if old else None
    findings = gate.compare(within, measured)

    _show(findings, everything)
    _show_versions(within, measured)
    _tell_ci(f"bench check --suite {declared.name}", findings, junit)
    click.echo(f"{declared.name}: {gate_report.counts(findings)}")
    if accept:
        if leaks := gate.beyond_best_reachable(measured):
            raise BenchError(f"nothing accepted: {', '.join(leaks[0].place)}: {leaks[0].reason}")
        new = references.accept(old, measured, declared, {method.name for method in available})
        references.save(new, path)
        _show_accepted(old, new, path)
        return
    if old is None:
        click.echo(f"no reference at {path}; --accept writes one", err=True)
    context.exit(0 if gate.passes(findings) else 1)


def _tell_ci(title: str, findings: Sequence[Finding], junit: Path | None) -> None:
    from benchmark.reporting import gate_report
    from benchmark.running.records import write_atomically

    if junit is not None:
        write_atomically(junit, gate_report.to_junit(title, findings))
    if os.environ.get("GITHUB_ACTIONS") == "true":
        for line in gate_report.to_annotations(findings):
            click.echo(line)
    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        try:
            with open(summary, "a", encoding="utf-8") as file:
                file.write(gate_report.to_markdown(title, findings))
        except OSError as error:
            raise BenchError(
                f"cannot write GITHUB_STEP_SUMMARY {summary}: {error.strerror}"
            ) from error


def _show(findings: Sequence[Finding], everything: bool) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from benchmark.reporting.gate import State
    from benchmark.reporting.gate_report import HEADERS, NUMERIC, row
    from benchmark.terminal import PLAIN_WIDTH

    colours = {State.PASS: "", State.IMPROVED: "green", State.NOT_COMPARABLE: "yellow"}
    table = Table()
    for header in HEADERS:
        table.add_column(header, justify="right" if header in NUMERIC else "left")
    for finding in findings:
        if everything or finding.state is not State.PASS:
            cells = [escape(cell) for cell in row(finding)]
            table.add_row(*cells, style=colours.get(finding.state, "red"))
    if table.rows:
        console = Console()
        (console if console.is_terminal else Console(width=PLAIN_WIDTH)).print(table)


def _show_versions(reference: Snapshot | None, measured: Measured) -> None:
    """Say which libraries changed, the first thing to look at when numbers move."""
    then, now = reference.versions if reference else {}, measured.snapshot.versions
    changed = [
        f"{name} {then[name]} → {now[name]}"
        for name in then
        if name in now and now[name] != then[name]
    ]
    if changed:
        click.echo(f"other versions than the reference's: {', '.join(changed)}")


def _show_accepted(old: Snapshot | None, new: Snapshot, path: Path) -> None:
    before = old.entries if old else {}
    added = [place for place in new.entries if place not in before]
    dropped = [place for place in before if place not in new.entries]
    moved = [
        place for place in new.entries if place in before and before[place] != new.entries[place]
    ]
    for what, places in (("added", added), ("changed", moved), ("dropped", dropped)):
        for place in places:
            click.echo(f"{what}: {' · '.join(place)}")
    click.echo(f"accepted: {len(new.entries)} entries in {path}")
