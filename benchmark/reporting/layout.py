"""A table before any format: its columns, and cells that know what they mean."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Mark(StrEnum):
    """What a cell is, beyond its text."""

    NONE = ""
    BEST = "best"
    SECOND = "second"
    NOTE = "note"
    """No measurement of the row: a reason, a printed number, a bound."""
    WARNING = "warning"


@dataclass(frozen=True)
class Cell:
    """What stands in one place, over ``span`` columns."""

    text: str = ""
    value: float | None = None
    """The number unrounded, to sort by and for CSV."""
    mark: Mark = Mark.NONE
    span: int = 1
    link: str = ""
    """Where the records page says what the cell comes from."""


@dataclass(frozen=True)
class Column:
    """A heading; neighbours of one ``group`` stand below it as ``short`` where there is room."""

    title: str
    numeric: bool = False
    group: str = ""
    short: str = ""
    prose: bool = False
    """Whether it holds running text, which is broken into lines."""


@dataclass(frozen=True)
class Table:
    """A table under a ``name`` for files and a ``caption`` for readers."""

    name: str
    caption: str
    columns: list[Column]
    rows: list[list[Cell]]
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    """What has to be said in red."""
    rules: frozenset[int] = frozenset()
    """The rows above which a line is drawn."""
    sortable: bool = True

    @property
    def measures(self) -> bool:
        """Whether any of it was measured."""
        return any(cell.link for row in self.rows for cell in row)

    def groups(self) -> list[tuple[str, int]]:
        """The upper headings and how many columns each stands over; "" where there is none."""
        groups: list[tuple[str, int]] = []
        for column in self.columns:
            if groups and column.group and groups[-1][0] == column.group:
                groups[-1] = (column.group, groups[-1][1] + 1)
            else:
                groups.append((column.group, 1))
        return groups


def number(value: float, decimals: int, *, sd: float | None = None) -> str:
    """A number, with its standard deviation if there is one."""
    text = f"{value:.{decimals}f}"
    return text if sd is None else f"{text} ± {sd:.{decimals}f}"
