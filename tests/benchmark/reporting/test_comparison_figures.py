"""Mean ranks with their critical difference, and gains with intervals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from benchmark.evaluation.ranks import friedman_nemenyi
from benchmark.evaluation.significance import Evidence
from benchmark.reporting.comparison_figures import (
    Gain,
    critical_difference,
    gain_dots,
    gain_figures,
    rank_diagram,
    ranked,
    unranked,
)
from benchmark.reporting.contrasts import Contrast, Contrasts
from benchmark.reporting.data_sets import independent
from benchmark.reporting.figures import COLOURS
from benchmark.reporting.illustration import drawn
from benchmark.reporting.summary import Measured, Results, Row
from benchmark.running.manifest import Manifest, MethodEntry


def results_of(scores: dict[str, float], base: Results) -> Results:
    rows = [
        Row(MethodEntry(name, name, "R", "none"), {"rmse": Measured(value, None, 1)}, [])
        for name, value in scores.items()
    ]
    return replace(base, rows=rows)


@pytest.fixture
def ax() -> Axes:
    figure = Figure()
    FigureCanvasAgg(figure)
    return figure.subplots()


@pytest.fixture
def many(results: list[Results]) -> list[Results]:
    """Eight data sets on which the order of six methods is always the same, one of them once."""
    names = ["a", "b", "c", "d", "e", "f"]
    return [
        results_of(
            {name: k + 0.01 * place for k, name in enumerate(names)}
            | ({"once": 0.0} if place == 0 else {}),
            results[0],
        )
        for place in range(8)
    ]


def test_tasks_that_share_data_or_differ_in_switches_are_one_data_set(
    found: Manifest, results: list[Results]
) -> None:
    suite = replace(found, protocol={"clip": "paper"})

    def scored(name: str, source: str, target: str, clip: str = "paper") -> Results:
        task = replace(
            results[0].task, name=name, source=source, target=target, protocol={"clip": clip}
        )
        return replace(results[0], task=task, domain=target)

    flipped = scored("clip-all", "amazon2014-5core/books", "amazon2014-5core/music", "all")
    base = scored("base", "amazon2014-5core/books", "amazon2014-5core/music")
    overlap = scored("fewer", "amazon2014-5core/books", "amazon2014-5core/music")
    part = scored("late", "amazon2018-full/music@early", "amazon2018-full/music@late")
    chained = scored("chained", "amazon2018-full/music", "amazon2018-full/toys")
    apart = scored("apart", "douban/books", "douban/music")
    both = replace(apart, domain="douban/books")
    chosen = independent(suite, [flipped, base, overlap, part, chained, both, apart])
    assert [result.task.name for result in chosen] == ["base", "apart"]
    assert chosen[1].domain == "douban/music"
    assert independent(suite, [flipped]) == [flipped]


def test_two_groups_that_a_third_task_joins_are_one(
    found: Manifest, results: list[Results]
) -> None:
    tasks = [
        replace(results[0].task, name=source, source=f"amazon/{source}", target=f"amazon/{target}")
        for source, target in (("a", "b"), ("c", "d"), ("b", "c"))
    ]
    scored = [replace(results[0], task=task, domain=task.target) for task in tasks]
    assert independent(found, scored[:2]) == scored[:2]
    assert independent(found, scored) == scored[:1]


def test_only_what_every_domain_measures_is_ranked(many: list[Results]) -> None:
    ranks = ranked(many)
    assert ranks is not None
    assert ranks.methods == ("a", "b", "c", "d", "e", "f")
    assert list(ranks.mean_ranks) == [1, 2, 3, 4, 5, 6]
    assert ranks.significant()


def test_a_bar_joins_what_is_not_told_apart(many: list[Results]) -> None:
    [illustration] = critical_difference(many)
    assert illustration.task is None
    assert "the methods differ" in illustration.caption
    figure = drawn(illustration)
    [axes] = figure.axes
    assert [side for side, spine in axes.spines.items() if spine.get_visible()] == ["top"]
    labels = {text.get_text().strip() for text in axes.texts}
    assert "a (1.0)" in labels
    assert "(6.0) f" in labels
    ranks = ranked(many)
    assert ranks is not None
    assert ranks.mean_ranks[5] - ranks.mean_ranks[0] > ranks.critical_difference


def test_a_bar_is_drawn_the_same_in_every_process() -> None:
    names = [f"method {place}" for place in range(12)]
    ranks = friedman_nemenyi("rmse", [range(12), range(12)], names)
    axes = rank_diagram(ranks, Figure().subplots())
    [bar] = [line for line in axes.lines if line.get_color() == COLOURS[3]]
    assert list(bar.get_xdata()) == sorted(ranks.mean_ranks)


def test_one_domain_or_two_methods_are_not_ranked(many: list[Results]) -> None:
    assert critical_difference(many[:1]) == []
    assert "one set of data" in unranked(many[:1])
    two = [results_of({"a": 1.0, "b": 2.0}, result) for result in many]
    assert critical_difference(two) == []
    assert "three methods" in unranked(two)
    assert unranked(many) == ""


def test_a_gain_is_filled_where_it_is_shown(ax: Axes) -> None:
    gains = [Gain("worse", 10.0, (5.0, 15.0), True), Gain("level", 0.1, (-1.0, 1.0), False)]
    gain_dots(gains, ax, label="gain")
    fills = {
        line.get_label(): line.get_markerfacecolor()
        for line in ax.lines
        if line.get_marker() == "o"
    }
    assert fills["not shown to differ"] == "white"
    assert fills["significant"] != "white"
    intervals = [
        list(line.get_xdata())
        for line in ax.lines
        if line.get_label() == "95 % interval over users"
    ]
    assert intervals == [[5.0, 15.0], [-1.0, 1.0]]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["over worse", "over level"]


def test_gains_are_in_percent_of_the_row_s_error(results: list[Results]) -> None:
    system, other = (MethodEntry(name, name.upper(), "R", "none") for name in ("dml", "knn"))
    sample = Evidence("t", 5, 0.2, (0.1, 0.3), 0.01)
    contrast = Contrast(
        other,
        "rmse",
        *[sample] * 8,
        power=None,
        p=0.01,  # type: ignore[arg-type]
    )
    base = results_of({"dml": 0.8, "knn": 1.0}, results[0])
    [figure] = gain_figures(base, Contrasts(system, {"rmse": [contrast], "mae": []}))
    [ax] = drawn(figure).axes
    [dot] = [line for line in ax.lines if line.get_marker() == "o"]
    assert np.allclose(dot.get_xdata(), [20.0])
    assert ax.get_xlabel().startswith("gain in RMSE (% of the row's error)")
