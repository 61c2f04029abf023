"""The generated documents: what a method's page says, the README's blocks, and none is stale."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from benchmark.errors import BenchError
from benchmark.registry import METHODS, by_name
from benchmark.reporting import documents
from benchmark.reporting.documents import README, REPORTED
from benchmark.reporting.generated_blocks import filled
from benchmark.reporting.marks import marks_of
from benchmark.reporting.measured_means import reported
from benchmark.reporting.method_pages import write_method_pages
from benchmark.reporting.reference import load
from benchmark.repository import REFERENCE, REPORTS


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return write_method_pages(METHODS, {})


def test_no_generated_document_is_stale() -> None:
    changed = documents.stale(documents.documents())
    assert not changed, f"run scripts/bench docs and commit {[path.name for path in changed]}"


def test_there_is_a_page_for_every_method_and_an_index_of_them(pages: dict[str, str]) -> None:
    assert list(pages) == ["README.md", *(f"{method.name}.md" for method in METHODS)]
    for method in METHODS:
        assert f"[{method.title}]({method.name}.md)" in pages["README.md"]


def test_a_page_has_every_field_and_every_mark(pages: dict[str, str]) -> None:
    for method in METHODS:
        page = pages[f"{method.name}.md"]
        assert method.paper in page
        for field in fields(method):
            assert f"| `{field.name}` |" in page, (method.name, field.name)
        for mark in marks_of(method):
            assert mark.text.replace("``", "`") in page


def test_a_field_says_what_it_is_for_or_where_that_is_said(pages: dict[str, str]) -> None:
    for name, page in pages.items():
        table = page.partition("## Hyperparameters")[2].partition("##")[0]
        for line in table.splitlines():
            if line.startswith("| `"):
                assert not line.endswith("|  |"), f"{name}: {line} has no docstring"


def test_a_page_shows_what_a_report_measures(report: Path) -> None:
    measured = {"knn": [m for m in reported("made", report.parent) if m.method == "knn"]}
    page = write_method_pages([by_name()["knn"]], measured)["knn.md"]
    assert "Printed in RecSys-DAN, Table II (“KNN”)" in page
    row = "| [made](../../reports/made/report.md) | music | amazon2014-5core/musical-instruments |"
    assert f"{row} 1.000 ± 0.000 | 0.800 ± 0.000 | 3 | 1.040 / 0.709 |" in page


def test_the_readme_s_blocks_are_written_from_a_report(report: Path) -> None:
    text = (
        "before\n<!-- generated: results made music -->\nold\n<!-- /generated -->\nbetween\n"
        "<!-- generated: claims made -->\n<!-- /generated -->\nafter\n"
    )
    new = filled(text, report.parent)
    assert new.startswith("before\n<!-- generated: results made music -->\n\n| Method |")
    assert "| UI-DAN (a, u) | T | **0.860 ± 0.010** | 0.920 |" in new
    assert "\nold\n" not in new
    assert "\nOf 94 claims: " in new
    assert "\n| **fails** | " in new
    assert new.endswith("<!-- /generated -->\nafter\n")
    assert filled(new, report.parent) == new


def test_a_task_of_two_domains_has_columns_for_both(report: Path) -> None:
    block = "<!-- generated: results made beauty -->\n<!-- /generated -->"
    table = filled(block, report.parent).splitlines()[2]
    assert [cell.strip() for cell in table.split("|")[3:-1]] == [
        "RMSE, all-beauty", "paper", "MAE, all-beauty", "paper",
        "RMSE, amazon-fashion", "paper", "MAE, amazon-fashion", "paper",
    ]  # fmt: skip


def test_a_domain_on_which_everything_failed_has_dashes(tmp_path: Path) -> None:
    (tmp_path / "made" / "tables").mkdir(parents=True)
    (tmp_path / "made" / "tables" / "both.csv").write_text(
        "task,domain,method,metric,unit,mean,sd,n,paper,title,target_data\n"
        "both,x/books,knn,rmse,stars,1.0,,1,,KNN,R\n"
        "both,x/books,knn,mae,stars,0.8,,1,,KNN,R\n"
        "both,x/films,knn,,,,,,,KNN,R\n"
    )
    block = "<!-- generated: results made both -->\n<!-- /generated -->"
    row = filled(block, tmp_path).splitlines()[4]
    assert [cell.strip() for cell in row.split("|")[1:-1]] == [
        "KNN", "R", "**1.000**", "**0.800**", "–", "–",
    ]  # fmt: skip


def test_means_that_look_the_same_are_best_together(tmp_path: Path) -> None:
    (tmp_path / "made" / "tables").mkdir(parents=True)
    (tmp_path / "made" / "tables" / "one.csv").write_text(
        "task,domain,method,metric,unit,mean,sd,n,paper,title,target_data\n"
        "one,x/books,cmf,rmse,stars,0.84221,,1,,CMF,R\n"
        "one,x/books,emcdr,rmse,stars,0.84199,,1,,EMCDR,R\n"
        "one,x/books,knn,rmse,stars,0.84251,,1,,KNN,R\n"
    )
    block = "<!-- generated: results made one -->\n<!-- /generated -->"
    rows = filled(block, tmp_path).splitlines()[4:7]
    assert [row.split("|")[3].strip() for row in rows] == ["**0.842**", "**0.842**", "0.843"]


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("nonsense", "generated block 'nonsense' is unknown"),
        ("results made nowhere", "no report of 'nowhere'"),
        ("claims nowhere", "run: bench report --suite nowhere"),
    ],
)
def test_a_block_that_cannot_be_written_is_named(what: str, message: str, report: Path) -> None:
    with pytest.raises(BenchError, match=message):
        filled(f"<!-- generated: {what} -->\n<!-- /generated -->", report.parent)


@pytest.mark.parametrize("suite", REPORTED)
def test_a_committed_report_is_of_the_accepted_results(suite: str) -> None:
    reference = load(REFERENCE / f"{suite}.json")
    measured = reported(suite, REPORTS)
    if reference is None or not measured:
        assert f"generated: results {suite}" not in README.read_text(encoding="utf-8")
        return
    places = {
        (place.task, place.domain, place.method): e for place, e in reference.entries.items()
    }
    for mean in measured:
        entry = places.get((mean.task, mean.domain, mean.method))
        value = mean.values.get("rmse")
        if entry is not None and value is not None and value.unit == "stars":
            runs = [metrics["rmse"] for metrics in entry.runs.values()]
            assert value.mean == pytest.approx(sum(runs) / len(runs), abs=1e-6), mean
