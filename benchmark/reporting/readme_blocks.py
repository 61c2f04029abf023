"""The parts of the README that are written from committed reports, between two markers.

``<!-- generated: results SUITE TASK -->`` … ``<!-- /generated -->`` holds a task's table, and
``<!-- generated: claims SUITE … -->`` the claims that the records of these suites decide.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from pathlib import Path

from benchmark.errors import BenchError
from benchmark.evaluation.metrics import METRICS
from benchmark.reporting.claim_sheet import Sheet
from benchmark.reporting.formats import to_markdown
from benchmark.reporting.layout import Cell, Column, Mark, Table, number
from benchmark.reporting.measured_means import MeasuredMean, reported
from benchmark.reporting.verdicts import Verdict
from benchmark.repository import REPORTS

CLAIM_COLUMNS = (
    *("id", "paper", "where", "claim", "verdict", "on_paper", "data"),
    *("numbers", "reason", "caveats"),
)
_BLOCK = re.compile(
    r"(?P<open><!-- generated: (?P<what>[^\n]*?) -->\n).*?(?P<close><!-- /generated -->)",
    re.DOTALL,
)
_SHOWN = ("rmse", "mae")


def filled(text: str, reports: Path = REPORTS) -> str:
    """The text with every generated block written anew.

    Raises:
        BenchError: a block that is neither results nor claims, or a report that is not there.
    """
    return _BLOCK.sub(
        lambda found: f"{found['open']}\n{_written(found['what'], reports)}\n{found['close']}",
        text,
    )


def claims_csv(sheet: Sheet) -> list[list[str]]:
    """The claims with their verdicts as lines under :data:`CLAIM_COLUMNS`, head included."""
    lines = [list(CLAIM_COLUMNS)]
    for line in sheet.lines:
        lines.append(
            [
                *(line.claim.id, line.claim.paper, line.claim.where, line.claim.claim),
                *(str(line.verdict), line.paper.verdict, "; ".join(line.tasks)),
                *("; ".join(line.numbers), line.judgement.reason, "; ".join(line.warnings)),
            ]
        )
    return lines


def _written(what: str, reports: Path) -> str:
    match what.split():
        case ["results", suite, task]:
            return _results(suite, task, reports)
        case ["claims", *suites] if suites:
            return "\n".join(_claims(suite, reports) for suite in suites)
    raise BenchError(
        f"generated block {what!r} is unknown; write 'results SUITE TASK' or 'claims SUITE …'"
    )


def _results(suite: str, task: str, reports: Path) -> str:
    found = [mean for mean in reported(suite, reports) if mean.task == task]
    if not found:
        raise BenchError(
            f"no report of {task!r} in {reports / suite}; run: bench report --suite {suite}"
        )
    domains = list(dict.fromkeys(mean.domain for mean in found))
    printed = any(mean.paper for mean in found)
    columns = [Column("Method"), Column("Target data")]
    for domain in domains:
        for metric in _SHOWN:
            place = f", {domain.rpartition('/')[2]}" if len(domains) > 1 else ""
            columns.append(Column(f"{METRICS[metric].title}{place}", True))
            if printed:
                columns.append(Column("paper", True))
    best = {
        (domain, metric): min(
            m.values[metric].mean for m in found if m.domain == domain and m.values
        )
        for domain in domains
        for metric in _SHOWN
    }
    rows = []
    for name in dict.fromkeys(mean.method for mean in found):
        own = {mean.domain: mean for mean in found if mean.method == name}
        first = next(iter(own.values()))
        if any(mean.values for mean in own.values()):
            cells = [Cell(first.title), Cell(first.target_data)]
            for domain in domains:
                for metric in _SHOWN:
                    cells += _cells(own.get(domain), metric, best[domain, metric], printed)
            rows.append(cells)
    return to_markdown(Table("results", "", columns, rows))


def _cells(mean: MeasuredMean | None, metric: str, best: float, printed: bool) -> list[Cell]:
    value = mean.values.get(metric) if mean else None
    if mean is None or value is None:
        return [Cell("–")] * (2 if printed else 1)
    mark = Mark.BEST if value.mean == best else Mark.NONE
    theirs = "" if value.paper is None else number(value.paper, mean.decimals)
    return [Cell(mean.text(metric), value.mean, mark), *([Cell(theirs)] if printed else [])]


def _claims(suite: str, reports: Path) -> str:
    """How many claims have which verdict, and those that are decided."""
    path = reports / suite / "claims.csv"
    try:
        with path.open(encoding="utf-8", newline="") as file:
            claims = list(csv.DictReader(file))
    except OSError as error:
        raise BenchError(
            f"cannot read {path}: {error.strerror}; run: bench report --suite {suite}"
        ) from error
    counts = [f"{sum(c['verdict'] == v for c in claims)} {v}" for v in Verdict]
    decided = [c for c in claims if c["verdict"] in (Verdict.HOLDS, Verdict.FAILS)]
    lead = (
        f"Suite `{suite}`, of {len(claims)} claims: {', '.join(counts)} "
        f"([all of them, with numbers and reasons](reports/{suite}/report.md#claims)).\n"
    )
    return f"{lead}\n{_decided(decided)}" if decided else lead


def _decided(claims: Sequence[dict[str, str]]) -> str:
    columns = [
        Column(t) for t in ("Here", "Claim", "On the paper’s own numbers", "Data", "Caveat")
    ]
    rows = [
        [
            Cell(claim["verdict"], mark=Mark.BEST),
            Cell(f"{claim['claim']} ({claim['paper']}, {claim['where']})"),
            Cell(claim["on_paper"]),
            Cell(claim["data"]),
            Cell(claim["caveats"]),
        ]
        for claim in claims
    ]
    return to_markdown(Table("claims", "", columns, rows))
