"""Figures over what a suite varies: drawn where there is one number to vary, and only there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from conftest import MUSIC, record

from benchmark.reporting import overlap_sweeps, sweep_figures
from benchmark.reporting.illustration import drawn, save
from benchmark.reporting.summary import Measured, Results, Row
from benchmark.running.manifest import MethodEntry, TaskEntry


def row(name: str, rmse: float, **hyperparameters: Any) -> Row:
    metrics = {MUSIC[1]: {"rmse": rmse}}
    made = record(name, 1, MUSIC, metrics, hyperparameters=hyperparameters)
    entry = MethodEntry(name, name.upper(), "R", "none", method=name.partition("-")[0])
    return Row(entry, {"rmse": Measured(rmse, None, 1)}, [made])


def results(name: str, *rows: Row, card: Any = None) -> Results:
    task = TaskEntry(name, *MUSIC, "target", [], {MUSIC[1]: 5.0}, "", card, [])
    return Results(task, MUSIC[1], list(rows))


@pytest.fixture(autouse=True)
def _overlap_in_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        overlap_sweeps, "shared_users", lambda task: int(task.name.partition("@")[2] or 7)
    )


def test_tasks_with_other_overlaps_make_a_curve_by_row(tmp_path: Path) -> None:
    of_tasks = [
        results(f"t@{n}", row("cmf", 1 - n / 100), *[row("dml", 0.9)][: n > 0], card={"a": "card"})
        for n in (8, 0, 64)
    ]
    [figure] = sweep_figures.sweep_figures(of_tasks)
    assert figure.task is None
    [axes] = drawn(figure).axes
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["0", "8", "64"]
    curves = {line.get_label(): list(line.get_ydata()) for line in axes.get_lines()}
    assert curves["CMF"] == [1.0, 0.92, 0.36]
    assert curves["DML"][1:] == [0.9, 0.9]
    save(figure, tmp_path)
    assert (tmp_path / f"{figure.name}.png").stat().st_size > 0


def test_tasks_with_the_same_overlap_make_none() -> None:
    of_tasks = [results(name, row("cmf", 1.0), card={"a": "card"}) for name in ("a", "b", "c")]
    assert sweep_figures.sweep_figures(of_tasks) == []


def test_variants_that_differ_in_one_number_make_a_curve_over_it() -> None:
    rows = [
        row(name, error, dimension=d, map="gs")
        for name, d, error in (("dml", 16, 0.8), ("dml-d4", 4, 0.9), ("dml-d256", 256, 0.7))
    ]
    [figure] = sweep_figures.sweep_figures([results("t", row("cmf", 1.0), *rows)])
    assert "dimension" in figure.caption
    [axes] = drawn(figure).axes
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["4", "16", "256"]
    assert list(axes.get_lines()[0].get_ydata()) == [0.9, 0.8, 0.7]


@pytest.mark.parametrize(
    "settings",
    [
        [{"d": 1, "e": 1}, {"d": 2, "e": 2}, {"d": 3, "e": 3}],
        [{"map": "gs"}, {"map": "free"}, {"map": "random"}],
        [{"d": 1}, {"d": 2}],
    ],
)
def test_variants_that_differ_otherwise_make_none(settings: list[dict[str, Any]]) -> None:
    rows = [row(f"dml-{k}", 1.0, **setting) for k, setting in enumerate(settings)]
    assert sweep_figures.sweep_figures([results("t", *rows)]) == []
