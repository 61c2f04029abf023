"""The ledger of the papers' claims, and what each gives on the papers' own printed numbers."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from benchmark.errors import BenchError, suggestion
from benchmark.evaluation.metrics import METRICS
from benchmark.reporting.claim_kinds import AnyClaim, Claim
from benchmark.reporting.claim_parts import Part, Terms
from benchmark.reporting.printed import Cell, printed, printed_table
from benchmark.repository import PUBLISHED


class Measure(BaseModel):
    """What a column of a table is: a metric of the harness, or something with a direction."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    metric: str = ""
    """A key of :data:`METRICS`, which then says the direction."""
    higher_is_better: bool = False
    exact: bool = False
    """Whether it is a count or a property, of which one measurement is enough."""

    @property
    def sign(self) -> float:
        """+1 where higher is better, -1 where lower is."""
        up = METRICS[self.metric].higher_is_better if self.metric else self.higher_is_better
        return 1.0 if up else -1.0


class Ledger(BaseModel):
    """All claims, and what their words mean."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    baselines: dict[str, list[str]]
    """The rows that "baselines" means, by table."""
    measures: dict[str, Measure]
    experiments: dict[str, str]
    """What has to be measured for a table that is not printed in numbers."""
    claims: list[AnyClaim]

    @property
    def terms(self) -> Terms:
        """What the words of the claims mean."""
        return Terms(self.baselines, {name: m.sign for name, m in self.measures.items()})

    def is_exact(self, cells: Sequence[Cell]) -> bool:
        """Whether all cells are counts or properties."""
        return all(self.measures[cell.metric].exact for cell in cells)


@dataclass(frozen=True)
class PrintedPart:
    """A part of a claim on the paper's numbers."""

    part: Part
    value: float
    inside: bool


@dataclass(frozen=True)
class PaperCheck:
    """What a claim gives on its paper's numbers, if they are printed: a number, or yes or no."""

    claim: str
    verdict: Literal["holds", "fails", "needs-experiment"]
    value: float | bool | None = None
    parts: tuple[PrintedPart, ...] = ()


def in_words(paper_verdict: str) -> str:
    """What a paper's own numbers say of a claim, for readers."""
    return "not printed" if paper_verdict == "needs-experiment" else paper_verdict


def load_claims(path: Path = PUBLISHED / "claims.toml") -> Ledger:
    """The ledger, every claim checked to name only what is printed or listed as an experiment.

    Raises:
        BenchError: the file cannot be read, a key or value that a claim cannot have, or a claim
            that names a cell which does not exist.
    """
    try:
        ledger = Ledger.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise BenchError(f"cannot read claims {path}: {error.strerror}") from error
    except tomllib.TOMLDecodeError as error:
        raise BenchError(f"{path} is not TOML: {error}") from error
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(str(step) for step in problem["loc"])
        raise BenchError(f"{where} in {path}: {problem['msg'].lower()}") from error
    for name, measure in ledger.measures.items():
        if measure.metric and measure.metric not in METRICS:
            raise BenchError(
                f"measure {name!r} in {path} is the unknown metric {measure.metric!r}"
                f"{suggestion(measure.metric, METRICS)}"
            )
    ids = [claim.id for claim in ledger.claims]
    for claim in ledger.claims:
        if ids.count(claim.id) > 1:
            raise BenchError(f"two claims in {path} are named {claim.id!r}; name each once")
        _check_cells(claim, ledger, path)
    return ledger


def on_paper(claim: Claim, ledger: Ledger) -> PaperCheck:
    """Whether a claim holds on the numbers that its paper prints."""
    parts = []
    for part in claim.parts(ledger.terms):
        values = [number for cell in part.cells if (number := printed(cell)) is not None]
        if part.significantly or len(values) < len(part.cells):
            return PaperCheck(claim.id, "needs-experiment")
        value = part.statistic(np.array(values))
        parts.append(PrintedPart(part, value, part.contains(value)))
    holds = all(part.inside for part in parts)
    return PaperCheck(
        claim.id,
        "holds" if holds else "fails",
        parts[0].value if claim.is_number else holds,
        tuple(parts),
    )


def _check_cells(claim: Claim, ledger: Ledger, path: Path) -> None:
    try:
        cells = [cell for part in claim.parts(ledger.terms) for cell in part.cells]
    except KeyError as error:
        raise BenchError(
            f"claim {claim.id!r} in {path} uses {error}, which is no measure, no printed cell and "
            "no table with baselines there"
        ) from error
    if not cells:
        raise BenchError(f"claim {claim.id!r} in {path} is about no cell; name its domains")
    for cell in cells:
        known = printed_table(cell.table)
        if cell.metric not in ledger.measures:
            raise BenchError(
                f"claim {claim.id!r} in {path}: unknown measure {cell.metric!r}"
                f"{suggestion(cell.metric, ledger.measures)}"
            )
        if cell not in known and cell.table not in ledger.experiments:
            raise BenchError(
                f"claim {claim.id!r} in {path}: the paper prints no {cell}, and no experiment of "
                "that name is listed"
            )
