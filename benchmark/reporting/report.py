"""The report of a suite as files: the page, its records, tables and figures, and Markdown."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from benchmark.data.card import Card, render_markdown
from benchmark.reporting.claim_ledger import claims_csv
from benchmark.reporting.claim_sheet import Sheet
from benchmark.reporting.claims import in_words
from benchmark.reporting.formats import (
    long_csv,
    to_csv,
    to_html,
    to_latex,
    to_markdown,
    written_csv,
)
from benchmark.reporting.gathered import Gathered, gather
from benchmark.reporting.illustration import save
from benchmark.reporting.layout import Cell, Column, Table
from benchmark.reporting.page import render_page, render_records
from benchmark.reporting.reasons import portable
from benchmark.reporting.summary import Results
from benchmark.reporting.tables import LEGEND, comparison, problems
from benchmark.reporting.verdicts import Verdict, plural
from benchmark.running.manifest import Manifest, TaskEntry
from benchmark.running.records import Store, write_atomically


def write_report(found: Manifest, store: Store, reports: Path) -> Path:
    """Write a suite's page with all that it leads to, and return the page's path.

    Tables and figures that an earlier report had and this one has not are removed.

    Raises:
        BenchError: the files cannot be written.
    """
    folder = reports / found.suite
    gathered = gather(found, store)
    tables = [(comparison(result), long_csv(result)) for result in gathered.results]
    for table in (
        *gathered.paper_tables,
        *gathered.dataset_tables,
        *(table for kept in gathered.kept_tables.values() for table in kept),
        *gathered.multiverse,
        *gathered.overlaps,
        *(table for task in found.tasks for table in gathered.tests(task)),
    ):
        tables.append((table, to_csv(table)))
    for table, as_csv in tables:
        _write_table(table, as_csv, folder / "tables")
    for figure in gathered.figures:
        save(figure, folder / "figures")
    _remove_others(folder / "tables", {table.name for table, _ in tables})
    _remove_others(folder / "figures", {figure.name for figure in gathered.figures})
    page = folder / "index.html"
    for path, content in (
        (folder / "report.md", render_markdown_report(gathered)),
        (folder / "claims.csv", written_csv(claims_csv(gathered.claims.lines))),
        (folder / "records.html", render_records(found, gathered.results)),
        (page, render_page(gathered)),
    ):
        write_atomically(path, content.encode())
    return page


def render_markdown_report(gathered: Gathered) -> str:
    """The tables and cards as Markdown, for where HTML is not shown."""
    found = gathered.found
    switches = ", ".join(f"{name} = {value}" for name, value in found.protocol.items())
    sections = [f"# {found.title}\n", *(f"**{caveat}**\n" for caveat in found.caveats)]
    sections.append(f"Protocol: {switches}.\n")
    sections += [*_claims_section(gathered.claims), LEGEND + "\n"]
    for table in (
        *gathered.multiverse,
        *gathered.overlaps,
        *gathered.paper_tables,
        *gathered.dataset_tables,
    ):
        sections += [f"## {table.caption}\n", *_table_section(table)]
    for task in found.tasks:
        sections.append(f"## {task.name}\n")
        sections += _task_sections(task, gathered.of(task))
        for table in gathered.kept_tables[task.name]:
            sections += [f"### {table.caption}\n", *_table_section(table)]
    return "\n".join(sections)


def _claims_section(claims: Sheet) -> list[str]:
    counts = (f"{len(claims.of(verdict))} {plural(verdict)}" for verdict in Verdict)
    columns = [Column(title) for title in ("Verdict", "Claim", "Where", "On the paper's numbers")]
    rows = [
        [
            Cell(line.verdict),
            Cell(line.claim.claim),
            Cell(f"{line.claim.paper}, {line.claim.where}"),
            Cell(in_words(line.paper.verdict)),
        ]
        for line in claims.tested
    ]
    tested = to_markdown(Table("claims", "Claims", columns, rows)) if rows else ""
    return ["## Claims\n", f"{', '.join(counts)}.\n", tested]


def _remove_others(folder: Path, names: Collection[str]) -> None:
    """Remove the files of a folder that are of none of these names, whatever their ending."""
    for path in folder.glob("*.*"):
        if path.stem not in names:
            path.unlink()


def _write_table(table: Table, as_csv: str, folder: Path) -> None:
    for ending, content in (
        ("md", to_markdown(table)),
        ("tex", to_latex(table)),
        ("html", to_html(table)),
        ("csv", as_csv),
    ):
        write_atomically(folder / f"{table.name}.{ending}", content.encode())


def _table_section(table: Table) -> list[str]:
    warnings = [f"**{warning}**\n" for warning in table.warnings]
    return [to_markdown(table), *warnings, *(f"{note}\n" for note in table.notes)]


def _task_sections(task: TaskEntry, results: list[Results]) -> list[str]:
    if task.unavailable:
        return [f"Unavailable: {portable(task.unavailable)}\n"]
    sections = [render_markdown(Card.from_dict(task.card))] if task.card else []
    for result in results:
        sections.append(f"### {result.domain}{result.beside}\n")
        sections += _table_section(comparison(result))
        if lines := problems(result):
            sections.append("\n".join(f"- {line}" for line in lines) + "\n")
    return sections
