"""What a run shows: live progress on a terminal, plain lines elsewhere, and the final tables."""

from __future__ import annotations

from collections import Counter
from types import TracebackType
from typing import Self

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table as RichTable
from rich.text import Text

from benchmark.data.card import Card, render_markdown
from benchmark.reporting.layout import Mark
from benchmark.reporting.summary import Results
from benchmark.reporting.tables import comparison, problems
from benchmark.running.manifest import Manifest
from benchmark.running.records import Record, Status

_COLOURS = {
    Status.OK: "green",
    Status.NOT_APPLICABLE: "yellow",
    Status.UNAVAILABLE: "yellow",
}
_STYLES = {
    Mark.NONE: "",
    Mark.BEST: "bold",
    Mark.SECOND: "underline",
    Mark.NOTE: "italic",
    Mark.WARNING: "red",
}
PLAIN_WIDTH = 200
"""Columns of a table that goes to a file or a pipe."""


class RunProgress:
    """Counts finished cells: a live bar on a terminal, a line a cell elsewhere."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done: Counter[Status] = Counter()
        self._console = Console(stderr=True)
        self._live = self._console.is_terminal
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self._console,
            disable=not self._live,
            transient=True,
        )
        self._task = self._bar.add_task("cells", total=total)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    @property
    def done(self) -> Counter[Status]:
        """How many cells have ended, by status."""
        return self._done

    def finished(self, record: Record) -> None:
        """Show that a cell has ended, and why if it has no result."""
        self._done[record.status] += 1
        number = self._done.total()
        what = f"{record.task} · {record.target} · {record.method} · seed {record.seed}"
        what += f" · fold {record.fold}" if record.protocol["split"] == "5-fold" else ""
        seconds = sum(v for k, v in record.budget.items() if k.startswith("seconds"))
        tail = f"{seconds:.1f} s" if record.status is Status.OK else record.reason
        if not self._live:
            click.echo(f"[{number}/{self._total}] {record.status} {what}: {tail}", err=True)
            return
        colour = _COLOURS.get(record.status, "red")
        self._bar.update(self._task, advance=1, description=escape(what))
        if record.status.is_failure:
            self._console.print(f"[{colour}]{record.status}[/] {escape(what)}: {escape(tail)}")


def show_results(found: Manifest, results: list[Results]) -> None:
    """Print each task's card and tables; incomplete data in red."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=PLAIN_WIDTH)
    for task in found.tasks:
        console.rule(escape(task.name))
        if task.unavailable:
            console.print(f"[yellow]unavailable[/]: {escape(task.unavailable)}")
            continue
        if task.card is not None:
            _show_card(console, Card.from_dict(task.card))
        for result in (r for r in results if r.task is task):
            console.print(_rich_table(result))
            for line in problems(result):
                console.print(f"[yellow]{escape(line)}[/]")
            if result.missing:
                console.print(f"not run yet: {escape(', '.join(result.missing))}")


def _show_card(console: Console, card: Card) -> None:
    for line in render_markdown(card).splitlines():
        style = "red" if "INCOMPLETE" in line else ""
        console.print(escape(line), style=style, highlight=False)


def _rich_table(result: Results) -> RichTable:
    table = comparison(result)
    shown = RichTable(title=escape(table.caption), title_justify="left")
    for column in table.columns:
        shown.add_column(escape(column.title), justify="right" if column.numeric else "left")
    for index, row in enumerate(table.rows):
        if index in table.rules:
            shown.add_section()
        cells: list[Text] = []
        for cell in row:
            cells += [Text(cell.text, style=_STYLES[cell.mark]), *[Text()] * (cell.span - 1)]
        shown.add_row(*cells)
    return shown
