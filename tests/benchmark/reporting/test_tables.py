"""Comparison tables of the hand-made suite, which are known by heart."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from benchmark.reporting.layout import Cell, Mark, Table
from benchmark.reporting.summary import Measured, Results
from benchmark.reporting.tables import comparison, flags, marks, notes, problems


@pytest.fixture(scope="module")
def music(results: list[Results]) -> Table:
    return comparison(results[0])


def line(table: Table, method: str) -> dict[str, Cell]:
    """A row's cells by the title of the column they begin in."""
    [row] = [row for row in table.rows if row[0].text == method]
    cells: dict[str, Cell] = {}
    place = 0
    for cell in row:
        cells[table.columns[place].title] = cell
        place += cell.span
    assert place == len(table.columns)
    return cells


def test_a_row_says_what_was_seen_measured_printed_and_spent(music: Table) -> None:
    shown = {title: cell.text for title, cell in line(music, "NMF").items()}
    assert shown == {
        "Method": "NMF",
        "Target data": "R",
        "Selected on": "target",
        "Trials": "12",
        "RMSE": "0.900 ± 0.100",
        "RMSE, paper": "0.922 ± 0.009",
        "Δ RMSE": "-0.022",
        "MAE": "0.700 ± 0.100",
        "MAE, paper": "0.644 ± 0.007",
        "Δ MAE": "+0.056",
        "P@5": "0.280 ± 0.000",
        "R@5": "1.000 ± 0.000",
        "Runs": "3",
        "Seconds": "3.0",
    }


def test_the_best_and_the_second_are_marked_and_equals_share_a_place(music: Table) -> None:
    places = {row[0].text: line(music, row[0].text).get("RMSE", Cell()).mark for row in music.rows}
    assert places == {
        "Target mean": Mark.SECOND,  # 0.900, as NMF
        "KNN": Mark.NONE,
        "NMF": Mark.SECOND,
        "NCF": Mark.NOTE,
        "Source only": Mark.NONE,
        "UI-DAN (a, u)": Mark.BEST,
        "DML": Mark.NONE,
    }


def test_the_direction_of_a_metric_decides_what_is_best() -> None:
    values = {"low": Measured(0.1, None, 1), "high": Measured(0.2, None, 1)}
    assert marks(values, "rmse", 3) == {"low": Mark.BEST, "high": Mark.SECOND}
    assert marks(values, "p@5", 3) == {"low": Mark.SECOND, "high": Mark.BEST}


def test_where_all_are_equal_none_is_best() -> None:
    values = {"a": Measured(0.28, None, 1), "b": Measured(0.2801, None, 1)}
    assert marks(values, "p@5", 3) == {"a": Mark.NONE, "b": Mark.NONE}
    assert marks({"a": values["a"]}, "p@5", 3) == {"a": Mark.BEST}


def test_a_method_without_a_result_says_why_in_its_cell(
    music: Table, results: list[Results]
) -> None:
    ncf = line(music, "NCF")
    assert ncf["RMSE"].text.startswith("failed: <script>")
    assert ncf["RMSE"].span == len(music.columns) - 4
    assert line(comparison(results[1]), "KNN")["RMSE"].text == "not run yet"


def test_runs_that_failed_are_counted(music: Table, results: list[Results]) -> None:
    assert line(music, "DML")["Runs"].text == "1 of 2"
    assert "DML: failed: no space in …/made" in problems(results[0])


def test_a_line_parts_the_trivial_rows_from_the_others(music: Table) -> None:
    assert music.rows[0][0].text == "Target mean"
    assert music.rules == {1}


def test_every_number_leads_to_its_records(music: Table) -> None:
    assert {line(music, "NMF")[title].link for title in ("Method", "RMSE", "P@5")} == {
        "music--amazon2014-5core-musical-instruments--nmf"
    }


def test_incomplete_files_are_flagged_where_their_numbers_stand(
    music: Table, results: list[Results]
) -> None:
    flag = "INCOMPLETE: 6,908 of 64,706 rows in reviews_Digital_Music_5.json.gz"
    assert music.warnings == [flag]
    assert comparison(results[1]).warnings == []


def test_ranking_over_few_items_is_said_to_separate_nothing(results: list[Results]) -> None:
    [sentence] = notes(results[0])
    assert "cannot separate methods" in sentence
    assert "(here 2 of 1,000 users, 0.2%)" in sentence
    assert ".2803 and .9996" in sentence
    rows = [
        replace(r, records=[replace(x, counts={}) for x in r.records]) for r in results[0].rows
    ]
    [sentence] = notes(replace(results[0], rows=rows))
    assert "(here" not in sentence


def test_ranking_over_many_items_is_not_said_to_separate_nothing(results: list[Results]) -> None:
    counts = {results[0].domain: {"test_users": 1000, "test_users_with_over_5_rows": 496}}
    rows = [
        replace(r, records=[replace(x, counts=counts) for x in r.records]) for r in results[0].rows
    ]
    [sentence] = notes(replace(results[0], rows=rows))
    assert "cannot" not in sentence
    assert sentence.endswith("who have more than 5 of them: 496 of 1,000 users, 49.6%.")


def test_rows_without_text_are_told_where_methods_read_text(results: list[Results]) -> None:
    card: dict[str, Any] = results[0].task.card or {}
    short = {**card, "source": {**card["source"], "training_with_text": 5526}}
    lacking = replace(results[0], task=replace(results[0].task, card=short))
    assert notes(lacking)[-1] == (
        "Methods that read summaries learn from the training rows that have one: 5,526 of 8,209 "
        "of amazon2014-5core/digital-music."
    )
    blind = [row for row in lacking.rows if row.method.name in ("target-mean", "knn", "nmf")]
    assert not any("summaries" in note for note in notes(replace(lacking, rows=blind)))


def test_dml_is_shown_on_its_scale_with_its_own_precision(results: list[Results]) -> None:
    dml = line(comparison(results[1]), "DML")
    assert dml["RMSE"].text == "0.3040 ± 0.0020"
    assert (dml["RMSE, paper"].text, dml["Δ RMSE"].text) == ("0.2930", "+0.0110")
    assert dml["P@5 (DOML), paper"].text == "0.8354"
    assert "divided by the scale's maximum" in notes(results[1])[0]


def test_the_best_reachable_error_is_the_last_row(results: list[Results]) -> None:
    floor = {"rmse-floor": Measured(0.5, None, 1)}
    rows = [replace(r, metrics=r.metrics and r.metrics | floor) for r in results[0].rows]
    last = comparison(replace(results[0], rows=rows)).rows[-1]
    assert [cell.text for cell in last if cell.text] == ["Best reachable", "0.500"]


@pytest.mark.parametrize(
    ("split", "last_of_source", "said"),
    [
        ("temporal", "2014-07-01", True),
        ("temporal", "2004-07-01", False),
        ("5-fold", "2014", False),
    ],
)
def test_a_source_that_goes_on_after_the_target_s_test_is_named(
    results: list[Results], split: str, last_of_source: str, said: bool
) -> None:
    task = results[0].task
    card: dict[str, Any] = {
        **task.card,
        "source": {**task.card["source"], "span": ["2000-01-01", last_of_source]},
        "target": {**task.card["target"], "span": ["2005-01-01", "2010-01-01"]},
    }
    found = flags(replace(task, card=card, protocol={**task.protocol, "split": split}))
    assert any("divided by its own time" in flag for flag in found) is said
