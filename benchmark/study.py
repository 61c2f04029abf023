"""The contract of a study: numbers computed from a seed, without data, suite or split."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import pandas as pd


@dataclass(frozen=True)
class Panel:
    """A part of a figure: column ``y`` over column ``x``, a line for each value of ``by``.

    Lines are means over seeds; the band goes from the lowest to the highest seed. ``where``
    chooses rows by the values of other columns.
    """

    x: str
    y: str
    by: str
    where: Mapping[str, Any] = field(default_factory=dict)
    log: Literal["", "x", "y", "xy"] = ""
    title: str = ""


@dataclass
class Study(ABC):
    """An experiment on a paper's theory: a dataclass whose fields are its sizes."""

    name: ClassVar[str]
    """Registry key, in kebab-case."""
    paper: ClassVar[str]
    """The paper and the section or figure that it is about."""
    title: ClassVar[str]
    """What it asks, in a line."""
    panels: ClassVar[tuple[Panel, ...]]
    """The figure, left to right."""
    quick: ClassVar[Mapping[str, Any]]
    """Overrides with which a run takes seconds."""
    timings: ClassVar[tuple[str, ...]] = ()
    """Columns that no seed determines, for they are measured with a clock."""

    @abstractmethod
    def run(self, *, seed: int) -> pd.DataFrame:
        """One row an observation; the same seed gives the same rows, but for the timings."""

    @abstractmethod
    def summary(self, rows: pd.DataFrame) -> pd.DataFrame:
        """The table to print from the rows of all seeds, which have a column ``seed``."""

    @abstractmethod
    def findings(self, rows: pd.DataFrame) -> list[str]:
        """What the rows of all seeds say of the paper's sentences, a sentence each."""

    def measured(self, rows: pd.DataFrame) -> dict[tuple[str, str, str, str], list[float]]:
        """Values by seed of cells that claims are about: table, row, domain and metric.

        The cells are named as in ``results/published/claims.toml``.
        """
        return {}
