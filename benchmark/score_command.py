"""``bench score``: anyone's predictions for a suite's test rows, beside those of the methods."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np

from benchmark.arguments import (
    choose,
    contestants,
    data_dir_option,
    one_task,
    outside_option,
    results_dir_option,
    suite_option,
)
from benchmark.errors import BenchError

if TYPE_CHECKING:
    from benchmark.data.prepared import Prepared
    from benchmark.data.task import Numbered
    from benchmark.evaluation.significance import Evidence
    from benchmark.recommender import FloatArray, IntArray
    from benchmark.running.plan import Cell
    from benchmark.running.records import Record, Store
    from benchmark.running.suite import Protocol, TaskSpec

SHOWN = ("rmse", "mae", "p@5", "r@5")


@dataclass(frozen=True)
class _Test:
    """The test rows (n,) of one domain, and the protocol they are scored under."""

    numbered: Numbered
    rows: IntArray
    protocol: Protocol
    is_first: bool

    def clipped(self, ratings: FloatArray) -> FloatArray:
        return np.clip(ratings, *self.numbered.domain.scale)


@dataclass(frozen=True)
class _Row:
    """A row of the table: means over ``runs``, and by how much the file's RMSE is better."""

    title: str
    metrics: dict[str, float]
    runs: int
    gain: Evidence | None = None


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@suite_option
@click.option("--task", required=True, help="The task of the suite.")
@click.option("--domain", help="The domain predicted.  [default: the task's target]")
@click.option("--fold", type=click.IntRange(min=0), default=0, show_default=True)
@data_dir_option
@outside_option
@results_dir_option
def score(
    file: Path,
    suite: str,
    task: str,
    domain: str | None,
    fold: int,
    data_dir: Path | None,
    outside: tuple[str, ...],
    results_dir: Path,
) -> None:
    """Score predictions made elsewhere.

    FILE is CSV or Parquet with the columns user, item and rating. It needs one row for each
    user-item pair of the test rows, which `bench data export` writes. Predictions count as they
    are, clipped only where the suite's protocol clips every method.
    """
    from benchmark.data.entries import describe
    from benchmark.data.submission import read_submission
    from benchmark.running.records import Store
    from benchmark.running.scoring import metrics_of_rows
    from benchmark.running.suite import load_suite

    declared = load_suite(suite)
    planned = one_task(declared, task, data_dir, contestants(declared, outside))
    prepared, spec = planned.prepared, planned.spec
    assert prepared is not None, "one_task returns a task with data"
    protocol = declared.protocol_of(spec)
    test = _test(prepared, spec, protocol, domain, fold)
    name = test.numbered.domain.name
    ratings = read_submission(
        file, test.numbered.domain.rows.iloc[test.rows], item_prefix=describe(name).item_prefix
    )
    if protocol.clip == "all":
        ratings = test.clipped(ratings)
    metrics = metrics_of_rows(test.numbered, test.rows, ratings, protocol, is_first=test.is_first)
    cells = [cell for cell in planned.cells if cell.fold == fold]
    others = list(_others(cells, Store(results_dir, declared.name), test, ratings))
    _show(f"{task} · {name} · fold {fold}", _Row(file.name, metrics, 1), others, len(test.rows))


def _test(
    prepared: Prepared, spec: TaskSpec, protocol: Protocol, domain: str | None, fold: int
) -> _Test:
    from benchmark.data.splits import TEST
    from benchmark.recommender import Side

    scored = (Side.TARGET,) if spec.score == "target" else (Side.TARGET, Side.SOURCE)
    sides = {prepared.task.side(side).domain.name: side for side in scored}
    side = sides[choose([domain] if domain else [], list(sides), "domain", "--domain")[0]]
    if fold >= len(prepared.splits):
        raise BenchError(
            f"--fold {fold}: the split {protocol.split} has {len(prepared.splits)} of them, "
            "counted from 0"
        )
    rows = prepared.splits[fold].side(side).rows(TEST)
    return _Test(prepared.task.side(side), rows, protocol, side is Side.SOURCE)


def _others(
    cells: Sequence[Cell], store: Store, test: _Test, ratings: FloatArray
) -> Iterator[_Row]:
    """The methods with records on the same test rows, each tested against ``ratings`` (n,)."""
    from benchmark.reporting.scored_rows import predictions_of

    domain, clip = test.numbered.domain.name, test.protocol.clip
    found: dict[str, list[tuple[Cell, Record]]] = {}
    for cell in cells:
        record = store.read(cell.key)
        if record is not None and domain in record.metrics:
            found.setdefault(cell.name, []).append((cell, record))
    for runs in found.values():
        cell, record = runs[0]
        theirs = predictions_of(store, record, domain)
        if theirs is not None and (clip == "all" or (clip == "paper" and cell.method.clips)):
            theirs = test.clipped(theirs)
        metrics = {
            metric: float(np.mean([record.metrics[domain][metric] for _, record in runs]))
            for metric in record.metrics[domain]
        }
        gain = None if theirs is None else _gain(test, ratings, theirs)
        yield _Row(cell.variant.title, metrics, len(runs), gain)


def _gain(test: _Test, ours: FloatArray, theirs: FloatArray) -> Evidence:
    from benchmark.evaluation.significance import paired_bootstrap
    from benchmark.evaluation.user_errors import user_errors

    truth, users = test.numbered.ratings[test.rows], test.numbered.users[test.rows]
    first, second = user_errors(users, truth, ours), user_errors(users, truth, theirs)
    return paired_bootstrap("rmse", first.squared, second.squared, weights=first.rows, seed=1)


def _show(title: str, own: _Row, others: Sequence[_Row], n_rows: int) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from benchmark.evaluation.metrics import METRICS
    from benchmark.reporting.gate import lowest_honest
    from benchmark.terminal import PLAIN_WIDTH

    click.echo(f"{title}: {n_rows:,} test rows")
    for metric, about in METRICS.items():
        if metric in own.metrics:
            place = _place(metric, own, others, about.higher_is_better)
            click.echo(f"  {about.title:14} {own.metrics[metric]:.4f} {about.unit:5}  {place}")
    floor = own.metrics.get("rmse-floor")
    if floor is not None and own.metrics["rmse"] < lowest_honest(floor, n_rows):
        click.secho(
            f"suspected leak: no method that has not seen the test ratings gets below an RMSE of "
            f"{lowest_honest(floor, n_rows):.4f} on these rows",
            fg="red",
        )
    table = Table()
    table.add_column("By RMSE")
    for header in (*(METRICS[metric].title for metric in SHOWN), "Runs", "RMSE of file lower by"):
        table.add_column(header, justify="right")
    for row in sorted([own, *others], key=lambda row: row.metrics["rmse"]):
        shown = [f"{row.metrics[m]:.4f}" if m in row.metrics else "" for m in SHOWN]
        cells = [escape(row.title), *shown, str(row.runs), _said(row.gain)]
        table.add_row(*cells, style="bold" if row is own else "")
    console = Console()
    (console if console.is_terminal else Console(width=PLAIN_WIDTH)).print(table)
    if others:
        click.echo(
            "Lower by: each method's first run, 95 % interval of a paired bootstrap over users."
        )
    else:
        click.echo("no records to compare with; run the suite first", err=True)


def _place(metric: str, own: _Row, others: Sequence[_Row], higher_is_better: bool) -> str:
    values = [row.metrics[metric] for row in others if metric in row.metrics]
    sign = 1 if higher_is_better else -1
    better = sum(sign * value > sign * own.metrics[metric] for value in values)
    return f"place {better + 1} of {len(values) + 1}"


def _said(gain: Evidence | None) -> str:
    if gain is None:
        return ""
    if gain.interval is None:
        return gain.undecided
    low, high = gain.interval
    return f"{gain.estimate:+.4f} ({low:+.4f} to {high:+.4f})"
