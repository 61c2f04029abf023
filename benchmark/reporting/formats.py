"""A table as Markdown, LaTeX, CSV or HTML, and a comparison's every number as long-form CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from benchmark.reporting.layout import Cell, Column, Mark, Table
from benchmark.reporting.summary import IN_STARS, Results
from benchmark.reporting.templating import environment

_MARKDOWN = {
    Mark.NONE: "{}",
    Mark.BEST: "**{}**",
    Mark.SECOND: "<u>{}</u>",
    Mark.NOTE: "*{}*",
    Mark.WARNING: "**{}**",
}
_LATEX = {
    Mark.NONE: "{}",
    Mark.BEST: r"\textbf{{{}}}",
    Mark.SECOND: r"\underline{{{}}}",
    Mark.NOTE: r"\emph{{{}}}",
    Mark.WARNING: r"\textbf{{{}}}",
}
_WIDE = 16
"""Columns that fit on a landscape line."""
_LATEX_SIGNS = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{sign: f"\\{sign}" for sign in "&%$#_"},
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "±": r"$\pm$",
    "×": r"$\times$",
    "·": r"$\cdot$",
    "→": r"$\to$",
    "−": r"$-$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "Δ": r"$\Delta$",
    "★": r"$\star$",
    "†": r"$^\dagger$",
    "‡": r"$^\ddagger$",
    "δ": r"$\delta$",
    "–": "--",
    "—": "---",
    "…": r"\dots{}",
    "’": "'",
    "“": "``",
    "”": "''",
}


def to_markdown(table: Table) -> str:
    """A pipe table, without its caption and notes."""
    lines = [
        _line(_markdown_text(column.title) for column in table.columns),
        _line("---:" if column.numeric else "---" for column in table.columns),
    ]
    return "\n".join([*lines, *(_line(_markdown_cells(row)) for row in table.rows)]) + "\n"


def to_latex(table: Table) -> str:
    r"""A ``table*`` for ``\input``; wide ones are shrunk to the line, best a landscape one."""
    alignment = "".join(_alignment(column) for column in table.columns)
    body = []
    for index, row in enumerate(table.rows):
        if index in table.rules:
            body.append(r"\midrule")
        body.append(" & ".join(_latex_cell(cell) for cell in row) + r" \\")
    wide = len(table.columns) > _WIDE
    lines = [
        rf"% needs \usepackage{{booktabs{',graphicx' if wide else ''}}}",
        r"\begin{table*}",
        r"\centering",
        rf"\caption{{{_latex_caption(table)}}}",
        rf"\label{{tab:{table.name}}}",
        r"\scriptsize",
        r"\setlength{\tabcolsep}{2.5pt}",
        r"\renewcommand{\arraystretch}{1.15}",
        *([r"\resizebox{\linewidth}{!}{%"] if wide else []),
        rf"\begin{{tabular}}{{@{{}}{alignment}@{{}}}}",
        r"\toprule",
        *_latex_head(table),
        r"\midrule",
        *body,
        r"\bottomrule",
        r"\end{tabular}" + ("}" if wide else ""),
        r"\end{table*}",
    ]
    return "\n".join(lines) + "\n"


def to_csv(table: Table) -> str:
    """A table's cells, numbers unrounded."""
    rows = [[text for cell in row for text in _csv_cells(cell)] for row in table.rows]
    return written_csv([[column.title for column in table.columns], *rows])


def to_html(table: Table) -> str:
    """A page with nothing but the table."""
    return environment().get_template("table.html").render(table=table)


def long_csv(results: Results) -> str:
    """Every metric of every row of a comparison in long form, unrounded."""
    header = ["task", "domain", "method", "metric", "unit"]
    header += ["mean", "sd", "n", "paper", "paper_sd", "difference", "without_result"]
    header += ["title", "target_data"]
    lines: list[list[str]] = [header]
    for row in results.rows:
        place = [results.task.name, results.domain, row.method.name]
        why = row.why if row.problems or not row.records else ""
        about = [why, row.method.title, row.method.target_data]
        if not row.metrics:
            lines.append([*place, *[""] * 8, *about])
        for metric, value in row.metrics.items():
            unit = results.unit if metric in IN_STARS else ""
            numbers = (value.mean, value.sd, value.n, value.paper, value.paper_sd)
            lines.append(
                [*place, metric, unit, *map(_plain, (*numbers, value.difference)), *about]
            )
    return written_csv(lines)


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _markdown_cells(row: list[Cell]) -> Iterable[str]:
    for cell in row:
        text = _markdown_text(cell.text)
        yield _MARKDOWN[cell.mark].format(text) if text else ""
        yield from [""] * (cell.span - 1)


def _markdown_text(text: str) -> str:
    line = " ".join(text.split())
    return line.replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|")


def _alignment(column: Column) -> str:
    if column.prose:
        return r"p{.3\linewidth}"
    return "r" if column.numeric else "l"


def _latex_caption(table: Table) -> str:
    said = [_latex_text(f"{table.caption}.")]
    said += [rf"\textbf{{{_latex_text(warning)}.}}" for warning in table.warnings]
    return " ".join([*said, *map(_latex_text, table.notes)])


def _latex_head(table: Table) -> list[str]:
    groups = table.groups()
    if not any(title for title, _ in groups):
        return [" & ".join(_latex_text(column.title) for column in table.columns) + r" \\"]
    upper, rules, start = [], [], 1
    for title, span in groups:
        upper.append(rf"\multicolumn{{{span}}}{{c}}{{{_latex_text(title)}}}" if title else "")
        if title:
            rules.append(rf"\cmidrule(lr){{{start}-{start + span - 1}}}")
        start += span
    lower = [_latex_text(column.short or column.title) for column in table.columns]
    return [" & ".join(upper) + r" \\", "".join(rules), " & ".join(lower) + r" \\"]


def _latex_cell(cell: Cell) -> str:
    text = _LATEX[cell.mark].format(_latex_text(cell.text)) if cell.text else ""
    return text if cell.span == 1 else rf"\multicolumn{{{cell.span}}}{{l}}{{{text}}}"


def _latex_text(text: str) -> str:
    """Text that any LaTeX engine sets; signs that plain fonts lack become a question mark."""
    return "".join(_latex_sign(sign) for sign in " ".join(text.split()))


def _latex_sign(sign: str) -> str:
    plain = " " <= sign <= "~" or "¡" <= sign <= "ÿ"
    return _LATEX_SIGNS.get(sign, sign if plain else "?")


def _csv_cells(cell: Cell) -> list[str]:
    text = cell.text if cell.value is None else repr(cell.value)
    return [text, *[""] * (cell.span - 1)]


def _plain(value: float | None) -> str:
    return "" if value is None else repr(value)


def written_csv(rows: Iterable[Iterable[str]]) -> str:
    """Lines of cells as CSV."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return buffer.getvalue()
