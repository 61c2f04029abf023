"""The report of a suite as files: one Markdown page and the tables it is made of."""

from __future__ import annotations

from pathlib import Path

from benchmark.data.card import Card, render_markdown
from benchmark.reporting.summary import Results, summarise
from benchmark.reporting.tables import comparison, problems, to_csv, to_markdown
from benchmark.running.manifest import Manifest, TaskEntry
from benchmark.running.records import Store, write_atomically

LEGEND = (
    "Target data: what of the target domain the method reads (R ratings, T review text, I images, "
    "F features). Selected on: which data chose hyperparameters and stopping. Trials: how many "
    "settings were tried. RMSE and MAE over all test rows; P@5 and R@5 over each user's test "
    "items, averaged over users. ± is the standard deviation over runs. Seconds: tuning and fit, "
    "median. **Best**, <u>second</u>."
)


def write_report(found: Manifest, store: Store, reports: Path) -> Path:
    """Write ``report.md`` and ``tables/`` of a suite and return the page's path.

    Raises:
        BenchError: the files cannot be written.
    """
    folder = reports / found.suite
    results = summarise(found, store)
    for result in results:
        stem = folder / "tables" / table_name(result)
        write_atomically(stem.with_suffix(".md"), to_markdown(comparison(result)).encode())
        write_atomically(stem.with_suffix(".csv"), to_csv(result).encode())
    page = folder / "report.md"
    write_atomically(page, render_page(found, results).encode())
    return page


def table_name(result: Results) -> str:
    """The file stem of a scored domain's table."""
    return f"{result.task.name}--{result.domain.replace('/', '-')}"


def render_page(found: Manifest, results: list[Results]) -> str:
    """The whole report as Markdown: for each task its card, then a table a scored domain."""
    switches = ", ".join(f"{name} = {value}" for name, value in found.protocol.items())
    sections = [f"# {found.title}\n", f"Protocol: {switches}.\n", LEGEND + "\n"]
    for task in found.tasks:
        sections.append(f"## {task.name}\n")
        sections += _task_sections(task, [r for r in results if r.task is task])
    return "\n".join(sections)


def _task_sections(task: TaskEntry, results: list[Results]) -> list[str]:
    if task.unavailable:
        return [f"Unavailable: {task.unavailable}\n"]
    sections = [render_markdown(Card.from_dict(task.card))] if task.card else []
    for result in results:
        beside = f", beside {result.paper}" if result.paper else ""
        sections.append(f"### {result.domain}{beside}\n")
        sections.append(to_markdown(comparison(result)))
        if result.unit == "scale":
            sections.append(
                "RMSE and MAE on ratings divided by the scale's maximum, as printed.\n"
            )
        sections += [f"- {line}" for line in problems(result)]
        if result.missing:
            sections.append(f"\nNot run yet: {', '.join(result.missing)}.\n")
    return sections
