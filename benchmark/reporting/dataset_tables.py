"""The papers' tables of data sets beside ours: RecSys-DAN, Table I; DML, Tables 1 and 2."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benchmark.data.card import Card
from benchmark.data.published_statistics import published_statistics
from benchmark.recommender import Side
from benchmark.reporting.layout import Cell, Column, Mark, Table
from benchmark.running.manifest import Manifest, TaskEntry

_TITLES = {
    "recsysdan_table1": "RecSys-DAN, Table I",
    "dml_table1": "DML, Table 1",
    "dml_table2": "DML, Table 2",
}
_STATISTICS = {
    "users": "Users",
    "items": "Items",
    "ratings": "Ratings",
    "density": "Density",
    "vocabulary": "Words",
}


@dataclass(frozen=True)
class _Line:
    """A domain, or what a pair shares: its figures here and in the paper, by statistic."""

    label: str
    ours: Mapping[str, float]
    theirs: Mapping[str, float]
    unavailable: bool
    incomplete: frozenset[str] = frozenset()
    """The statistics that rows are missing from."""


def dataset_tables(found: Manifest) -> list[Table]:
    """Every data set table of the papers that tasks of the suite stand for."""
    lines: dict[str, dict[tuple[str, str], _Line]] = {}
    tasks: dict[str, list[TaskEntry]] = {}
    for task in found.tasks:
        for place in [p for p in task.published if not p.get("stand_in")][:1]:
            name = _table_of(place)
            # A domain stands once in DML's tables, however many pairs it is in.
            for line in _lines(task, place):
                lines.setdefault(name, {}).setdefault((line.label, str(line.theirs)), line)
            tasks.setdefault(name, []).append(task)
    return [_table(name, list(rows.values()), tasks[name]) for name, rows in lines.items()]


def _table_of(place: Mapping[str, str]) -> str:
    if place["table"].startswith("recsysdan"):
        return "recsysdan_table1"
    return "dml_table1" if place["pair"].startswith("Imhonet") else "dml_table2"


def _lines(task: TaskEntry, place: Mapping[str, str]) -> list[_Line]:
    card = Card.from_dict(task.card) if task.card else None
    theirs: dict[str, dict[str, float]] = {}
    for of, statistic, value in published_statistics(place["table"], place["pair"]):
        theirs.setdefault(of, {})[statistic.removeprefix("shared ")] = value
    lines = []
    for side in Side:
        facts = getattr(card, side) if card else None
        lines.append(
            _Line(
                getattr(task, side),
                _figures(facts),
                theirs.get(side, {}),
                card is None,
                frozenset(_STATISTICS) if facts and facts.incomplete else frozenset(),
            )
        )
    if "task" in theirs:
        ours = (
            {"users": card.shared_users, "items": card.shared_items, "vocabulary": card.vocabulary}
            if card
            else {}
        )
        label = f"shared by {task.name}"
        lines.append(_Line(label, ours, theirs["task"], card is None, _incomplete(card)))
    return lines


def _incomplete(card: Card | None) -> frozenset[str]:
    """What of a pair is counted in files that miss rows or texts."""
    sides = (card.source, card.target) if card else ()
    rows = {"users", "items"} if any(side.incomplete for side in sides) else set()
    texts = {"vocabulary"} if any(side.text_incomplete for side in sides) else set()
    return frozenset(rows | texts)


def _figures(facts: Any) -> dict[str, float]:
    names = ("users", "items", "ratings", "density")
    return {name: getattr(facts, name) for name in names} if facts else {}


def _table(name: str, lines: list[_Line], tasks: list[TaskEntry]) -> Table:
    shown = [s for s in _STATISTICS if any(s in line.theirs for line in lines)]
    columns = [Column("Data")]
    for statistic in shown:
        title = _STATISTICS[statistic]
        columns += [
            Column(title, True, title, "measured"),
            Column(f"{title}, paper", True, title, "paper"),
            Column(f"{title}, ratio", True, title, "ratio"),
        ]
    flags = [flag for task in tasks if task.card for flag in Card.from_dict(task.card).flags]
    without = [task.name for task in tasks if task.unavailable]
    absent = [f"Not at hand: the data of {', '.join(without)}."] if without else []
    return Table(
        name,
        f"{_TITLES[name]}: measured and printed sizes of the data",
        columns,
        [[Cell(line.label), *(c for s in shown for c in _cells(line, s))] for line in lines],
        [*absent, *(note for line in lines if (note := _recomputed(line)))],
        list(dict.fromkeys(flags)),
        sortable=False,
    )


def _recomputed(line: _Line) -> str:
    """What a printed density is by the counts printed beside it; nothing where that agrees."""
    if not line.theirs.keys() >= {"users", "items", "ratings", "density"}:
        return ""
    density = line.theirs["ratings"] / (line.theirs["users"] * line.theirs["items"])
    printed, found = (_shown(value, "density") for value in (line.theirs["density"], density))
    if found == printed:
        return ""
    return (
        f"The printed density of {line.label} is not that of the printed counts: ratings over "
        f"users × items are {found}, printed is {printed}."
    )


def _cells(line: _Line, statistic: str) -> list[Cell]:
    ours, theirs = line.ours.get(statistic), line.theirs.get(statistic)
    if ours is None:
        measured = Cell("unavailable" if line.unavailable and theirs else "", mark=Mark.NOTE)
    else:
        mark = Mark.WARNING if statistic in line.incomplete else Mark.NONE
        measured = Cell(_shown(ours, statistic), ours, mark)
    printed = Cell() if theirs is None else Cell(_shown(theirs, statistic), theirs)
    ratio = ours / theirs if ours is not None and theirs else None
    return [measured, printed, Cell() if ratio is None else Cell(f"×{ratio:.2f}", ratio)]


def _shown(value: float, statistic: str) -> str:
    return f"{value:.4%}" if statistic == "density" else f"{value:,.0f}"
