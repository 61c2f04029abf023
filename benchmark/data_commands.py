"""The commands under ``bench data``: list, fetch, verify, card, export, fingerprints."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from benchmark.arguments import data_dir_option, one_task
from benchmark.repository import cache_dir

if TYPE_CHECKING:
    from benchmark.data.export import Format


@click.group()
def data() -> None:
    """List, fetch, verify and describe the data."""


@data.command("list")
@data_dir_option
def list_(data_dir: Path | None) -> None:
    """List all domains with their published sizes.

    Of each it says whether any file of it is at hand.
    """
    from benchmark.data.catalog import Places, at_hand, entries

    places = Places(data_dir, cache_dir())
    if data_dir is None:
        click.echo("no data folder named (--data-dir or BENCH_DATA): only the cache", err=True)
    for entry in entries():
        status = entry.status
        if entry.files and not entry.held:
            status = "at hand" if at_hand(entry, places) else "not here"
        rows = f"{entry.rows:>11,} ratings" if entry.rows else " " * 19
        click.echo(f"{entry.name:42} {rows}  {status}")


@data.command()
@click.argument("name")
@data_dir_option
def fetch(name: str, data_dir: Path | None) -> None:
    """Download the files of a domain that are not at hand.

    NAME is edition/domain, as `bench data list` says it.
    """
    from benchmark.data.catalog import Places, describe
    from benchmark.data.catalog import fetch as fetch_files

    entry = describe(name)
    click.echo(f"{entry.edition}. Terms: {entry.terms}. Cite: {entry.citation}.", err=True)
    if not entry.files:
        click.echo(f"{name} is generated; there is nothing to fetch", err=True)
    places = Places(data_dir, cache_dir(), download=True, progress=_show_bytes)
    for file, path in fetch_files(name, places).items():
        click.echo(f"{file}: {path}")


def _show_bytes(file: str, done: int, total: int | None) -> None:
    whole = f" of {total / 1e6:.1f}" if total else ""
    end = "\n" if done == total else ""
    if sys.stderr.isatty() or end:
        click.echo(f"\r{file}: {done / 1e6:.1f}{whole} MB{end}", nl=False, err=True)


@data.command()
@click.argument("names", nargs=-1)
@data_dir_option
@click.pass_context
def verify(context: click.Context, names: tuple[str, ...], data_dir: Path | None) -> None:
    """Compare what is at hand with what is published.

    The exit code is 1 when something is off.
    """
    from benchmark.data.catalog import Places, entries
    from benchmark.data.catalog import verify as verify_domain

    places = Places(data_dir, cache_dir())
    everything = [entry.name for entry in entries() if entry.files]
    off = False
    compared = 0
    for name in names or everything:
        found = verify_domain(name, places)
        here = [file for file in found.files if file.path]
        if not here and not names:
            continue
        compared += 1
        off = off or not found.ok
        click.echo(f"{found.name}: {'ok' if found.ok else found.problem or 'see its files'}")
        for file in found.files:
            said = file.problem or file.note or "ok"
            click.secho(f"  {file.name}: {said}", fg="red" if file.problem else None)
    if not compared:
        click.echo("no data at hand; name their folder with --data-dir or BENCH_DATA", err=True)
    context.exit(1 if off else 0)


@data.command()
@click.argument("task")
@click.option("--suite", default="amazon", show_default=True, help="The suite of the task.")
@data_dir_option
def card(task: str, suite: str, data_dir: Path | None) -> None:
    """Measure the data of a suite's task and print the card."""
    from benchmark.data.card import render_markdown
    from benchmark.running.run import cards
    from benchmark.running.suite import load_suite

    declared = load_suite(suite)
    planned = one_task(declared, task, data_dir)
    click.echo(render_markdown(cards(declared, [planned])[task]))


@data.command()
@click.option("--suite", default="amazon", show_default=True, help="The suite of the task.")
@click.option("--task", required=True, help="The task of the suite.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="A folder to make.")
@click.option(
    "--format",
    "kind",
    type=click.Choice(["csv", "recbole"]),
    default="csv",
    show_default=True,
    help="Plain CSV, or RecBole's atomic files.",
)
@data_dir_option
def export(suite: str, task: str, out: Path, kind: Format, data_dir: Path | None) -> None:
    """Write a task's split for other frameworks.

    Test ratings are in files of their own.
    """
    from benchmark.data.export import export as write
    from benchmark.running.plan import rules
    from benchmark.running.suite import load_suite

    declared = load_suite(suite)
    planned = one_task(declared, task, data_dir)
    assert planned.prepared is not None, "one_task returns a task with data"
    write(planned.prepared, rules(declared, planned.spec), out, kind, suite=declared.name)
    click.echo(f"{task}: {out / 'README.md'}")


@data.command()
@click.option("--suite", required=True, help="A shipped suite, or a path to a .toml.")
@data_dir_option
def fingerprints(suite: str, data_dir: Path | None) -> None:
    """Print the fingerprints of a suite's splits.

    They are in the form of benchmark/data/fingerprints.toml.
    """
    from benchmark.data.catalog import Places
    from benchmark.data.prepared import split_names
    from benchmark.running.plan import rules
    from benchmark.running.run import plan
    from benchmark.running.suite import load_suite

    declared = load_suite(suite)
    for task in plan(declared, [], Places(data_dir, cache_dir())):
        if task.prepared is None:
            click.echo(f"{task.spec.name}: {task.unavailable}", err=True)
            continue
        names = split_names(task.prepared, rules(declared, task.spec), task.spec.planted)
        for name, split in names.items():
            click.echo(f'"{name}" = "{split.fingerprint}"')
