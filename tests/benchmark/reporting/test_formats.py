"""One small table in four formats, and whatever text it holds stays text."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest
from conftest import HOSTILE

from benchmark.reporting.formats import long_csv, to_csv, to_html, to_latex, to_markdown
from benchmark.reporting.layout import Cell, Column, Mark, Table
from benchmark.reporting.summary import Results
from benchmark.reporting.templating import unbroken

TABLE = Table(
    "small",
    "A & B",
    [
        Column("Method"),
        Column("RMSE", True, "RMSE", "measured"),
        Column("Δ RMSE", True, "RMSE", "Δ"),
        Column("Runs", True),
    ],
    [
        [Cell("mean"), Cell("0.50", 0.5, Mark.BEST), Cell("-0.10", -0.1), Cell("3", 3)],
        [Cell("a_b"), Cell("0.60 ± 0.01", 0.6, Mark.SECOND), Cell(), Cell("3", 3)],
        [Cell("x"), Cell("50 % | off", mark=Mark.NOTE, span=3)],
    ],
    notes=["n"],
    warnings=["INCOMPLETE"],
    rules=frozenset({1}),
)


def test_markdown_is_a_pipe_table() -> None:
    assert to_markdown(TABLE).splitlines() == [
        "| Method | RMSE | Δ RMSE | Runs |",
        "| --- | ---: | ---: | ---: |",
        "| mean | **0.50** | -0.10 | 3 |",
        "| a_b | <u>0.60 ± 0.01</u> |  | 3 |",
        "| x | *50 % \\| off* |  |  |",
    ]


def test_latex_has_booktabs_rules_and_two_lines_of_headings() -> None:
    lines = to_latex(TABLE).splitlines()
    assert lines[lines.index(r"\toprule") - 1 :] == [
        r"\begin{tabular}{@{}lrrr@{}}",
        r"\toprule",
        r" & \multicolumn{2}{c}{RMSE} &  \\",
        r"\cmidrule(lr){2-3}",
        r"Method & measured & $\Delta$ & Runs \\",
        r"\midrule",
        r"mean & \textbf{0.50} & -0.10 & 3 \\",
        r"\midrule",
        r"a\_b & \underline{0.60 $\pm$ 0.01} &  & 3 \\",
        r"x & \multicolumn{3}{l}{\emph{50 \% \textbar{} off}} \\",
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table*}",
    ]
    assert r"\caption{A \& B. \textbf{INCOMPLETE.} n}" in to_latex(TABLE)
    assert r"\label{tab:small}" in to_latex(TABLE)


def test_csv_holds_numbers_unrounded() -> None:
    assert to_csv(TABLE).splitlines() == [
        "Method,RMSE,Δ RMSE,Runs",
        "mean,0.5,-0.1,3",
        "a_b,0.6,,3",
        "x,50 % | off,,",
    ]


def test_html_has_every_cell_in_place() -> None:
    html = to_html(TABLE)
    assert '<td class="number best" data-value="0.5">0.50</td>' in html
    assert '<td class="note" colspan="3">50 % | off</td>' in html
    assert '<th scope="colgroup" colspan="2">RMSE</th>' in html
    assert "A &amp; B" in html
    assert '<p class="warning">INCOMPLETE</p>' in html


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.append(tag)


def test_text_cannot_become_markup() -> None:
    hostile = Table(HOSTILE, HOSTILE, [Column(HOSTILE)], [[Cell(HOSTILE)]], [HOSTILE], [HOSTILE])
    tags = _Tags()
    tags.feed(to_html(hostile))
    assert "script" not in tags.seen
    assert "<script" not in to_markdown(hostile)
    [row] = list(csv.reader(io.StringIO(to_csv(hostile))))[1:]
    assert row == [HOSTILE]


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no pdflatex here")
def test_latex_compiles_and_fits_a_landscape_line(report: Path, tmp_path: Path) -> None:
    odd = "".join(chr(sign) for sign in range(0x250)) + "→≤Δ★…“”−"
    hostile = Table("odd", HOSTILE, [Column("x"), Column(odd[:40])], [[Cell("x"), Cell(odd)]])
    (tmp_path / "odd.tex").write_text(to_latex(hostile), encoding="utf-8")
    inputs = [*sorted((report / "tables").glob("*.tex")), tmp_path / "odd.tex"]
    body = "\n".join(rf"\input{{{path}}}\clearpage" for path in inputs)
    (tmp_path / "all.tex").write_text(
        "\\documentclass{article}\n\\usepackage[T1]{fontenc}\n\\usepackage{booktabs,graphicx}\n"
        "\\usepackage[a4paper,landscape,margin=15mm]{geometry}\n\\pdfmapfile{}\n"
        f"\\begin{{document}}\n{body}\n\\end{{document}}\n"
    )
    done = subprocess.run(
        ["pdflatex", "-draftmode", "-interaction=nonstopmode", "-halt-on-error", "all.tex"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    said = done.stdout.decode("latin-1")
    assert done.returncode == 0, said[-2000:]
    assert len(inputs) > 5
    assert said.count("Overfull \\hbox") == 1  # The odd table's cell is wider than any page.


def test_the_long_form_has_every_metric_and_every_reason(results: list[Results]) -> None:
    rows = list(csv.DictReader(io.StringIO(long_csv(results[0]))))
    [rmse] = [r for r in rows if (r["method"], r["metric"]) == ("nmf", "rmse")]
    assert float(rmse["mean"]) == pytest.approx(0.9)
    assert (rmse["unit"], rmse["n"], rmse["paper"]) == ("stars", "3", "0.922")
    assert float(rmse["difference"]) == pytest.approx(-0.022)
    [ncf] = [r for r in rows if r["method"] == "ncf"]
    assert (ncf["mean"], ncf["without_result"]) == ("", f"failed: {HOSTILE}")
    assert {r["metric"] for r in rows if r["method"] == "knn"} > {"p@5-doml", "r@5"}


def test_in_a_narrow_cell_lines_break_only_where_a_spread_or_an_interval_begins() -> None:
    held = unbroken("0.878 ± 0.001 ‡").replace("\N{NO-BREAK SPACE}", "_")
    assert held == "0.878 ±_0.001_‡"
    held = unbroken("+0.1 [-0.2, +0.4]").replace("\N{NO-BREAK SPACE}", "_")
    assert held == "+0.1 [-0.2,_+0.4]"
    assert unbroken("not run yet") == "not run yet"
