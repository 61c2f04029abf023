"""The report of studies: what each found, its table and figure, and the claims that it decides."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmark.recommender import FloatArray
from benchmark.reporting import figures
from benchmark.reporting.claim_ledger import claims_csv
from benchmark.reporting.claim_sheet import Line
from benchmark.reporting.claims import load_claims, on_paper
from benchmark.reporting.formats import to_csv, to_html, to_latex, to_markdown, written_csv
from benchmark.reporting.illustration import Illustration, save
from benchmark.reporting.layout import Cell, Column, Table
from benchmark.reporting.templating import environment
from benchmark.reporting.verdicts import Verdict, judge
from benchmark.running.records import write_atomically
from benchmark.running.studies import Outcome
from benchmark.study import Panel

_WIDTH, _HEIGHT = 3.4, 2.8
"""Of a panel, in inches."""


def write_studies(outcomes: Sequence[Outcome], reports: Path) -> Path:
    """Write tables, figures, claims and ``report.md``; return the path of ``index.html``.

    Raises:
        BenchError: a file cannot be written.
    """
    found = [
        (outcome, study_table(outcome), study_figure(outcome), study_claims(outcome))
        for outcome in outcomes
    ]
    for _, table, figure, _ in found:
        for ending, content in (
            ("md", to_markdown(table)),
            ("tex", to_latex(table)),
            ("html", to_html(table)),
            ("csv", to_csv(table)),
        ):
            write_atomically(reports / "tables" / f"{table.name}.{ending}", content.encode())
        save(figure, reports / "figures")
    sections = [
        {
            "title": outcome.study.title,
            "paper": outcome.study.paper,
            "name": outcome.study.name,
            "record": outcome.record,
            "findings": outcome.study.findings(outcome.rows),
            "table": table,
            "figure": figure,
            "claims": claims,
        }
        for outcome, table, figure, claims in found
    ]
    write_atomically(reports / "report.md", _markdown(sections).encode())
    decided = [line for *_, claims in found for line in claims]
    write_atomically(reports / "claims.csv", written_csv(claims_csv(decided)).encode())
    page = reports / "index.html"
    rendered = environment().get_template("studies.html").render(sections=sections)
    write_atomically(page, rendered.encode())
    return page


def study_table(outcome: Outcome) -> Table:
    """The summary of a study's rows."""
    summary = outcome.study.summary(outcome.rows)
    numeric = [pd.api.types.is_numeric_dtype(summary[name]) for name in summary]
    return Table(
        outcome.study.name,
        f"{outcome.study.title} ({outcome.study.paper})",
        [Column(str(name), number) for name, number in zip(summary.columns, numeric, strict=True)],
        [[_cell(value) for value in row] for row in summary.astype(object).to_numpy().tolist()],
    )


def study_figure(outcome: Outcome) -> Illustration:
    """The panels of a study side by side."""
    panels = outcome.study.panels
    return Illustration(
        outcome.study.name,
        f"{outcome.study.title} ({outcome.study.paper}; lines: means over seeds, bands: lowest to "
        "highest seed).",
        None,
        (_WIDTH * len(panels), _HEIGHT),
        [
            partial(
                figures.lines,
                _lines(outcome.rows, panel),
                labels=(panel.x, panel.y, panel.by),
                log=panel.log,
                title=panel.title,
            )
            for panel in panels
        ],
    )


def study_claims(outcome: Outcome) -> list[Line]:
    """The claims of the papers that a study's rows say anything about, judged by them."""
    ledger = load_claims()
    measured = outcome.study.measured(outcome.rows)

    def lookup(table: str, row: str, domain: str, metric: str) -> FloatArray | None:
        values = measured.get((table, row, domain, metric))
        return None if values is None else np.asarray(values)

    lines = [
        Line(
            claim,
            judge(claim, ledger, lookup),
            on_paper(claim, ledger),
            ["Planted data"],
            [outcome.study.name],
        )
        for claim in ledger.claims
        if any(
            cell in measured
            for part in claim.parts(ledger.terms)
            for cell in map(tuple, part.cells)
        )
    ]
    return [line for line in lines if line.verdict is not Verdict.NOT_TESTABLE]


def _lines(rows: pd.DataFrame, panel: Panel) -> dict[str, figures.Band]:
    chosen = rows
    for column, value in panel.where.items():
        chosen = chosen[chosen[column] == value]
    chosen = chosen.dropna(subset=[panel.x, panel.y])
    if "x" in panel.log:
        chosen = chosen[chosen[panel.x] > 0]
    bands = {}
    for name, line in chosen.groupby(panel.by, sort=False):
        values = line.groupby(panel.x)[panel.y].agg(["mean", "min", "max"])
        bands[_cell(name).text] = figures.Band(
            values.index.to_numpy(float),
            values["mean"].to_numpy(float),
            values["min"].to_numpy(float),
            values["max"].to_numpy(float),
        )
    return bands


def _cell(value: Any) -> Cell:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return Cell("–")
    if isinstance(value, bool | str):
        return Cell(str(value))
    whole = float(value).is_integer() and abs(value) < 1e9
    return Cell(f"{value:,.0f}" if whole else f"{value:.4g}", float(value))


def _markdown(sections: Sequence[dict[str, Any]]) -> str:
    parts = ["# Studies\n"]
    for section in sections:
        parts.append(f"## {section['title']} ({section['paper']})\n")
        parts += [f"- {finding}" for finding in section["findings"]]
        parts += [
            f"- Claim {line.claim.id}, “{line.claim.claim}”: {line.verdict}"
            for line in section["claims"]
        ]
        parts += ["", to_markdown(section["table"])]
    return "\n".join(parts)
