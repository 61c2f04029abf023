"""The commands under ``bench data``: list, fetch, verify, card, fingerprints."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from benchmark.errors import BenchError, UnavailableError, suggestion
from benchmark.repository import cache_dir

data_dir_option = click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    envvar="BENCH_DATA",
    show_envvar=True,
    help="Folder that holds the data files (amazon2014/, douban/, …).",
)


@click.group()
def data() -> None:
    """List, fetch, verify and describe the data."""


@data.command("list")
@data_dir_option
def list_(data_dir: Path | None) -> None:
    """List every domain, its published size, and whether it is at hand."""
    from benchmark.data.catalog import Places, describe, entries, verify

    places = Places(data_dir, cache_dir())
    for entry in entries():
        files = describe(entry.name).files
        at_hand = entry.status
        if files and not entry.held:
            found = any(file.path for file in verify(entry.name, places).files)
            at_hand = "at hand" if found else "not here"
        rows = f"{entry.rows:>10,} ratings" if entry.rows else " " * 18
        click.echo(f"{entry.name:42} {rows}  {at_hand}")


@data.command()
@click.argument("name")
@data_dir_option
def fetch(name: str, data_dir: Path | None) -> None:
    """Download the files of a domain (edition/domain) that are not at hand."""
    from benchmark.data.catalog import Places, describe
    from benchmark.data.catalog import fetch as fetch_files

    entry = describe(name)
    click.echo(f"{entry.edition}. Terms: {entry.terms} Cite: {entry.citation}", err=True)
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
    """Compare what is at hand with what is published; exit code 1 when something is off."""
    from benchmark.data.catalog import Places, entries
    from benchmark.data.catalog import verify as verify_domain

    places = Places(data_dir, cache_dir())
    everything = [entry.name for entry in entries() if entry.files]
    off = False
    for name in names or everything:
        found = verify_domain(name, places)
        here = [file for file in found.files if file.path]
        if not here and not names:
            continue
        off = off or not found.ok
        click.echo(f"{found.name}: {'ok' if found.ok else found.problem or 'see its files'}")
        for file in found.files:
            said = file.problem or file.note or "ok"
            click.secho(f"  {file.name}: {said}", fg="red" if file.problem else None)
    context.exit(1 if off else 0)


@data.command()
@click.argument("task")
@click.option("--suite", default="amazon", show_default=True, help="The suite of the task.")
@data_dir_option
def card(task: str, suite: str, data_dir: Path | None) -> None:
    """Measure the data of a suite's task and print the card."""
    from benchmark.data.card import render_markdown
    from benchmark.data.catalog import Places
    from benchmark.running.run import cards, plan
    from benchmark.running.suite import load_suite

    declared = load_suite(suite)
    names = [spec.name for spec in declared.tasks]
    if task not in names:
        raise BenchError(f"unknown task {task!r} in suite {suite!r}{suggestion(task, names)}")
    narrowed = declared.model_copy(
        update={"tasks": [spec for spec in declared.tasks if spec.name == task]}
    )
    planned = plan(narrowed, [], Places(data_dir, cache_dir()))
    if planned[0].unavailable:
        raise UnavailableError(planned[0].unavailable)
    click.echo(render_markdown(cards(narrowed, planned)[task]))


@data.command()
@click.option("--suite", required=True, help="A shipped suite, or a path to a .toml.")
@data_dir_option
def fingerprints(suite: str, data_dir: Path | None) -> None:
    """Print the fingerprints of a suite's splits, in the form of data/fingerprints.toml."""
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
        names = split_names(task.prepared, rules(declared), task.spec.planted)
        for name, split in names.items():
            click.echo(f'"{name}" = "{split.fingerprint}"')
