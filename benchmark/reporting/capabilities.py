"""What each method can do without: RecSys-DAN's Table IV, measured by withholding signals."""

from __future__ import annotations

import csv
from collections.abc import Sequence

from benchmark.reporting.layout import Cell, Column, Mark, Table, number
from benchmark.reporting.reasons import in_a_cell
from benchmark.reporting.summary import Results, Row
from benchmark.reporting.tables import anchor
from benchmark.repository import PUBLISHED
from benchmark.running.manifest import Manifest, MethodEntry

_PRINTED = {
    "EMCDR": ("emcdr",),
    "DeepCoNN": ("deepconn",),
    "RecSys-DAN": (
        *("ui-dan", "u-dan", "i-dan", "h-dan"),
        *("ui-dan-m", "u-dan-m", "i-dan-m", "h-dan-m"),
    ),
}
"""The registered methods that rows of the printed table are."""


def capability_tables(found: Manifest, results: Sequence[Results]) -> list[Table]:
    """The table of a suite with tasks that withhold something; none of any other suite."""
    of_task = {result.task.name: result for result in results}
    tasks = [task for task in found.tasks if task.name in of_task]
    withheld = [task for task in tasks if task.protocol.get("withhold")]
    if not withheld:
        return []
    columns = [
        Column("Method"),
        Column("Reads of the source", group="Reads", short="source"),
        Column("Reads of the target", group="Reads", short="target"),
        Column("Shared identities", group="Reads", short="shared"),
        Column("Learning in the target"),
        *(Column(_heading(task.protocol)) for task in tasks),
        Column("Inputs, paper", group="Paper", short="required target inputs"),
        Column("Learning, paper", group="Paper", short="target learning"),
    ]
    printed = _printed()
    rows = [
        [
            Cell(method.title),
            *(Cell(text) for text in (method.source_data, method.target_data, method.shared)),
            Cell(_learning(method)),
            *(_outcome(of_task[task.name], method) for task in tasks),
            *(Cell(text, mark=Mark.NOTE) for text in printed.get(method.method, ("", ""))),
        ]
        for method in found.methods
    ]
    notes = [
        "R ratings, T review text, I images, F features. A number is the RMSE reached with what "
        "is left; a method that must read what is withheld is refused before it starts.",
        "Learning in the target follows from what is read of it: supervised by ratings, or not.",
    ]
    title = "RecSys-DAN, Table IV, measured: what methods need of the target"
    return [Table("recsysdan_table4", title, columns, rows, notes, sortable=False)]


def _heading(protocol: dict[str, list[str]]) -> str:
    return f"without {' and '.join(protocol['withhold'])}" if protocol["withhold"] else "with all"


def _learning(method: MethodEntry) -> str:
    if "R" in method.target_data:
        return "supervised"
    return "none" if method.target_data == "–" else "unsupervised"


def _outcome(results: Results, method: MethodEntry) -> Cell:
    row = next((row for row in results.rows if row.method.name == method.name), None)
    if row is None or not row.records:
        return Cell("not run yet", mark=Mark.NOTE)
    if row.metrics:
        value = row.metrics["rmse"].mean
        return Cell(f"ran ({number(value, 3)})", value, link=anchor(results, row))
    return Cell(in_a_cell(_refusal(row)), mark=Mark.NOTE)


def _refusal(row: Row) -> str:
    (status, reason), *_ = row.problems.items()
    return f"refused: {reason}" if status == "not-applicable" else f"{status}: {reason}"


def _printed() -> dict[str, tuple[str, str]]:
    """Required inputs and learning as printed, by our methods' names."""
    with (PUBLISHED / "recsysdan_table4.csv").open(encoding="utf-8", newline="") as file:
        return {
            name: (row["required_target_inputs"], row["target_learning"])
            for row in csv.DictReader(file)
            for name in _PRINTED.get(row["method"], ())
        }
