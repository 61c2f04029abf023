"""The parts of documents that are written from committed reports, between two markers.

``<!-- generated: results SUITE TASK -->`` … ``<!-- /generated -->`` holds a task's table,
``<!-- generated: claims SUITE … -->`` the claims that the records of these suites decide, and
``<!-- generated: ledger SUITE … -->`` all claims with the reasons.
"""

from __future__ import annotations

import math
import re
from pathlib import Path

from benchmark.errors import BenchError
from benchmark.evaluation.metrics import METRICS
from benchmark.reporting.claim_ledger import decided_claims, whole_ledger
from benchmark.reporting.formats import to_markdown
from benchmark.reporting.layout import Cell, Column, Mark, Table, number
from benchmark.reporting.measured_means import MeasuredMean, reported
from benchmark.repository import REPORTS

_BLOCK = re.compile(
    r"(?P<open><!-- generated: (?P<what>[^\n]*?) -->\n).*?(?P<close><!-- /generated -->)",
    re.DOTALL,
)
_SHOWN = ("rmse", "mae")


def filled(text: str, reports: Path = REPORTS, *, way: str = "reports") -> str:
    """The text with every generated block written anew; ``way`` leads from it to the reports.

    Raises:
        BenchError: a block of no known kind, or a report that is not there.
    """
    return _BLOCK.sub(
        lambda block: (
            f"{block['open']}\n{_written(block['what'], reports, way)}\n{block['close']}"
        ),
        text,
    )


def _written(what: str, reports: Path, way: str) -> str:
    match what.split():
        case ["results", suite, task]:
            return _results(suite, task, reports)
        case ["claims", *suites] if suites:
            return decided_claims(suites, reports, way)
        case ["ledger", *suites] if suites:
            return whole_ledger(suites, reports, way)
    raise BenchError(
        f"generated block {what!r} is unknown; write 'results SUITE TASK', 'claims SUITE …' or "
        "'ledger SUITE …'"
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
            (m.values[metric].mean for m in found if m.domain == domain and metric in m.values),
            default=math.nan,
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
    # By the mean as shown, as in the report's own tables.
    is_best = round(value.mean, mean.decimals) == round(best, mean.decimals)
    mark = Mark.BEST if is_best else Mark.NONE
    theirs = "" if value.paper is None else number(value.paper, mean.decimals)
    return [Cell(mean.text(metric), value.mean, mark), *([Cell(theirs)] if printed else [])]
