"""``bench verify``: runs finished cells again and compares their predictions, byte for byte."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np

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
from benchmark.repository import cache_dir

if TYPE_CHECKING:
    from benchmark.running.plan import Cell
    from benchmark.running.records import Record, Store

_EPILOG = (
    "Exit codes: 0 every cell gave the same bytes; 1 one differs or could not be run again; "
    "2 wrong usage, bad input, or no finished cell."
)


@click.command(epilog=_EPILOG)
@suite_option
@quick_option
@click.option(
    "--cells",
    type=click.IntRange(min=1),
    default=3,
    show_default=True,
    help="How many, at random.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    help="Choose the same cells each time.  [default: others]",
)
@click.option("--jobs", type=click.IntRange(min=1), default=1, help="Cells at a time.")
@data_dir_option
@methods_option
@tasks_option
@outside_option
@results_dir_option
@click.pass_context
def verify(
    context: click.Context,
    suite: str,
    quick: bool,
    cells: int,
    seed: int | None,
    jobs: int,
    data_dir: Path | None,
    methods: list[str],
    tasks: list[str],
    outside: tuple[str, ...],
    results_dir: Path,
) -> None:
    """Run some finished cells again and compare the predictions' bytes.

    They run in a scratch folder; what is kept stays as it is.
    """
    from benchmark.data.catalog import Places
    from benchmark.running.records import Store
    from benchmark.running.run import plan, run

    declared = declared_suite(suite, quick=quick)
    available = contestants(declared, outside)
    chosen = choose(methods, [method.name for method in available], "method", "--methods")
    narrowed = only_tasks(declared, tasks)
    planned = plan(narrowed, available, Places(data_dir, cache_dir()))
    store = Store(results_dir, declared.name)
    finished = [
        cell
        for task in planned
        for cell in task.cells
        if cell.name in chosen and _is_finished(cell, store)
    ]
    if not finished:
        raise BenchError(
            f"no finished cell of suite {declared.name!r} in {store.folder} for the code and data "
            f"as they are; run it first: bench run --suite {suite}"
        )
    drawn = np.random.default_rng(seed).permutation(len(finished))[:cells]
    again = [finished[i] for i in sorted(drawn)]
    equal = True
    with tempfile.TemporaryDirectory(prefix="cdrbench-verify-") as scratch:
        copies = Store(Path(scratch), declared.name)
        copies.create()
        by_key = {cell.key: cell for cell in again}

        def compare(record: Record) -> None:
            nonlocal equal
            cell = by_key[record.key]
            difference = _difference(record, store, copies)
            equal = equal and not difference
            where = f"{cell.task} · {cell.name} · seed {cell.seed} · fold {cell.fold}"
            click.echo(f"{'DIFFERS' if difference else 'equal  '} {where}{difference}")

        run(narrowed, planned, again, copies, workers=jobs, on_done=compare)
    context.exit(0 if equal else 1)


def _is_finished(cell: Cell, store: Store) -> bool:
    from benchmark.running.records import Status

    record = store.get(cell.key)
    return record is not None and record.status is Status.OK


def _difference(record: Record, store: Store, copies: Store) -> str:
    """What is not the same in a cell's second run, or nothing."""
    from benchmark.running.records import Status, fingerprint_of

    if record.status is not Status.OK:
        return f": could not be run again: {record.status}: {record.reason}"
    kept = store.get(record.key)
    assert kept is not None, "only finished cells run again"
    try:
        before = store.predicted(record.key)
    except (OSError, BenchError) as error:
        return f": its predictions cannot be read: {error}"
    if fingerprint_of(before) != kept.predictions["sha256"]:
        return ": the predictions on disk are not those of the record"
    after = copies.predicted(record.key)
    if before.tobytes() == after.tobytes():
        return ""
    if before.shape != after.shape:
        return f": {len(after)} predictions, {len(before)} before"
    return f": by at most {np.abs(before - after).max():.3g} stars"
