"""What the figures show, that nothing is cut off or overlaps, and that bytes repeat."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.text import Text

from benchmark.reporting import figures, score_figures
from benchmark.reporting.illustration import Illustration, drawn, save
from benchmark.reporting.illustrations import illustrations
from benchmark.reporting.score_figures import Cost, Dot
from benchmark.reporting.summary import Results
from benchmark.running.manifest import Manifest
from benchmark.running.records import Store


@pytest.fixture
def ax() -> Axes:
    figure = Figure()
    FigureCanvasAgg(figure)
    return figure.subplots()


@pytest.fixture(scope="module")
def allowed(found: Manifest, results: list[Results], store: Store) -> list[Illustration]:
    return illustrations(found, results, {}, store)


def test_a_histogram_is_of_shares_that_sum_to_one(ax: Axes) -> None:
    figures.rating_histogram({"a": {1.0: 1, 5.0: 3}, "b": {5.0: 2}}, ax)
    heights = [[bar.get_height() for bar in bars] for bars in ax.containers]  # type: ignore[attr-defined]
    assert heights == [[0.25, 0.75], [0, 1]]
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["1", "5"]


def test_sizes_are_told_in_words_on_a_log_axis(ax: Axes) -> None:
    figures.sizes({"a": {"users": 5541, "ratings": 1_097_592}}, ax)
    assert ax.get_yscale() == "log"
    assert [text.get_text() for text in ax.texts] == ["5.54k", "1.1M"]


def test_a_curve_is_the_mean_of_the_epochs_that_all_runs_reached(ax: Axes) -> None:
    figures.curves({"loss": [[2, 1, 0.5], [4, 3]]}, ax, unit="loss", target=1.0)
    one, other, mean, target = ax.lines
    assert list(one.get_ydata()) == [2, 1, 0.5]
    assert list(other.get_ydata()) == [4, 3]
    assert (list(mean.get_xdata()), list(mean.get_ydata())) == ([1, 2], [3, 2])
    assert mean.get_linewidth() > one.get_linewidth()
    assert list(target.get_ydata()) == [1, 1]


def test_dots_stand_in_table_order_with_intervals_and_the_best_trivial_row(ax: Axes) -> None:
    scores = [
        Dot("Mean", 0.9, trivial=True),
        Dot("Max", 1.2, trivial=True),
        Dot("Ours", 0.8, (0.7, 0.9), paper=0.85),
    ]
    score_figures.dots(scores, ax, label="RMSE (stars)", paper="P", floor=0.5)
    ticks = dict(zip(ax.get_yticks(), (t.get_text() for t in ax.get_yticklabels()), strict=True))
    assert ticks == {2: "Mean", 1: "Max", 0: "Ours"}
    at = {line.get_label(): list(line.get_xdata()) for line in ax.lines}
    assert at["95 % interval of the mean"] == [0.7, 0.9]
    assert at["best trivial row"] == [0.9, 0.9]
    assert at["best reachable"] == [0.5, 0.5]
    assert at["P"] == [0.85]


def test_a_close_up_holds_the_lowest_quarter_of_the_range(ax: Axes) -> None:
    scores = [Dot("far", 1.0), Dot("near", 0.55, (0.53, 0.57)), Dot("best", 0.5)]
    assert [dot.label for dot in score_figures.near_the_best(scores)] == ["near", "best"]
    score_figures.dots(scores, ax, label="RMSE")
    low, high = score_figures.close_up(scores, ax).get_xlim()
    assert 0.48 < low < 0.5
    assert 0.57 < high < 0.6


def test_a_close_up_takes_in_a_sign_that_its_edge_would_cut(ax: Axes) -> None:
    scores = [Dot("far", 1.0), Dot("just beyond", 0.63), Dot("near", 0.62), Dot("best", 0.5)]
    assert [dot.label for dot in score_figures.near_the_best(scores)] == ["near", "best"]
    score_figures.dots(scores, ax, label="RMSE")
    _, high = score_figures.close_up(scores, ax).get_xlim()
    assert 0.635 < high < 0.65


def test_a_close_up_is_drawn_only_where_it_shows_more() -> None:
    near = [Dot(str(error), error, (error, error + 0.01)) for error in (0.5, 0.52, 0.54)]
    far = Dot("far", 1.0)
    assert score_figures.shows_more_close_up([far, *near])
    assert not score_figures.shows_more_close_up([*near[:2], far])
    assert not score_figures.shows_more_close_up([far, *near, Dot("wide", 0.55, (0.1, 1.0))])


def test_costs_near_the_best_are_those_of_the_lowest_quarter(ax: Axes) -> None:
    points = [Cost(str(score), 1.0, score, k) for k, score in enumerate((0.5, 0.6, 0.7, 1.0))]
    assert [point.score for point in score_figures.costs_near_the_best(points)] == [0.5, 0.6]
    score_figures.costs(points, ax, label="RMSE")
    low, high = score_figures.costs_close_up(points, ax).get_ylim()
    assert 0.48 < low < 0.5
    assert 0.6 < high < 0.62


def test_epochs_are_few_enough_numbers_to_stand_apart(ax: Axes) -> None:
    figures.curves({"Dv accuracy": [[0.5] * 300]}, ax, unit="share")
    assert len([tick for tick in ax.get_xticks() if 0 <= tick <= 300]) <= 6


def test_the_front_holds_what_nothing_beats_in_score_and_cost(ax: Axes) -> None:
    points = [
        Cost("cheap", 1.0, 0.9, 0, trivial=True),
        Cost("worse", 5.0, 1.0, 1),
        Cost("dear", 50.0, 0.8, 2),
    ]
    score_figures.costs(points, ax, label="RMSE (stars)")
    *_, front = ax.lines
    assert list(front.get_xydata().tolist()) == [[1.0, 0.9], [50.0, 0.8]]
    assert ax.get_xlim() == pytest.approx((0.1, 100))


def test_methods_are_told_apart_without_colour(ax: Axes) -> None:
    assert len(set(figures.MARKERS)) == len(figures.MARKERS) >= 12
    points = [Cost(str(place), 1.0, 1.0, place) for place in range(36)]
    *signs, _front = score_figures.costs(points, ax, label="RMSE").lines
    assert len({(sign.get_marker(), sign.get_fillstyle()) for sign in signs}) == 36
    grey = [np.dot(to_rgba(colour)[:3], (0.299, 0.587, 0.114)) for colour in figures.COLOURS[:2]]
    assert abs(grey[0] - grey[1]) > 0.15
    assert len(set(figures.HATCHES)) == 2


def test_the_records_decide_which_figures_there_are(allowed: list[Illustration]) -> None:
    assert [figure.name for figure in allowed] == [
        "music--imbalance",
        "music--amazon2014-5core-musical-instruments--rmse",
        "music--amazon2014-5core-musical-instruments--cost",
        "music--amazon2014-5core-musical-instruments--ui-dan--Df",
        "beauty--imbalance",
        "beauty--amazon2018-full-all-beauty--rmse",
        "beauty--amazon2018-full-all-beauty--cost",
        "beauty--amazon2018-full-amazon-fashion--rmse",
        "beauty--amazon2018-full-amazon-fashion--cost",
        "beauty--amazon2018-full-amazon-fashion--dml--loss",
    ]


def texts(figure: Figure) -> Iterator[Text]:
    """All words that are drawn; ticks outside the axes have labels that are not."""
    for ax in figure.axes:
        yield from (*ax.texts, ax.xaxis.label, ax.yaxis.label)
        for axis in (ax.xaxis, ax.yaxis):
            low, high = sorted(axis.get_view_interval())
            labels = zip(axis.get_majorticklocs(), axis.get_majorticklabels(), strict=True)
            yield from (label for place, label in labels if low <= place <= high)
        if (legend := ax.get_legend()) is not None:
            yield from legend.get_texts()
    for legend in figure.legends:
        yield from legend.get_texts()
    yield from figure.texts


def test_nothing_is_cut_off_and_no_two_words_overlap(allowed: list[Illustration]) -> None:
    for illustration in allowed[:5] + allowed[-1:]:
        figure = drawn(illustration)
        figure.draw_without_rendering()  # As saving does, with the ticks of the final layout.
        inside = figure.bbox
        words = [text.get_window_extent() for text in texts(figure) if text.get_text().strip()]
        assert len(words) > 5
        for box in words:
            assert inside.x0 - 1 <= box.x0, illustration.name
            assert box.x1 <= inside.x1 + 1, illustration.name
            assert inside.y0 - 1 <= box.y0, illustration.name
            assert box.y1 <= inside.y1 + 1, illustration.name
        overlapping = [
            (one, other)
            for one, other in combinations(words, 2)
            if min(one.x1, other.x1) - max(one.x0, other.x0) > 1
            and min(one.y1, other.y1) - max(one.y0, other.y0) > 1
        ]
        assert overlapping == [], illustration.name


def test_axes_are_labelled_with_units(allowed: list[Illustration]) -> None:
    rmse, cost, adversarial = (drawn(figure).axes for figure in allowed[1:4])
    assert rmse[0].get_xlabel() == "RMSE (stars)"
    assert cost[0].get_xlabel() == "tuning and fit (seconds, log scale)"
    assert [ax.get_ylabel() for ax in adversarial] == ["Df accuracy (share)", "loss (nats)"]


def test_incomplete_data_is_said_in_the_figure(allowed: list[Illustration]) -> None:
    figure = drawn(allowed[0])
    assert "INCOMPLETE" in figure.get_suptitle()
    assert drawn(allowed[-1]).get_suptitle() == ""


def test_what_is_said_in_red_is_broken_into_lines_that_fit(allowed: list[Illustration]) -> None:
    narrow = drawn(replace(allowed[0], size=(3.0, 3.0)))
    assert len(narrow.get_suptitle().splitlines()) == 2


def test_the_same_records_give_the_same_bytes(allowed: list[Illustration], tmp_path: Path) -> None:
    for folder in ("one", "other"):
        save(allowed[-1], tmp_path / folder)
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert [name.rpartition(".")[2] for name in files] == ["pdf", "png"]
    for name in files:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "other" / name).read_bytes()


def test_signs_in_a_name_are_no_formula(ax: Axes, tmp_path: Path, found: Manifest) -> None:
    panel = [Dot("$\\frac$ 5 % of_it", 0.9)]
    odd = Illustration(
        "odd", "", found.tasks[2], (5, 2), [lambda ax: score_figures.dots(panel, ax, label="RMSE")]
    )
    save(odd, tmp_path)
    assert (tmp_path / "odd.png").stat().st_size > 1000
