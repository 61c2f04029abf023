"""Which figures the records of a suite allow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from matplotlib.axes import Axes

from benchmark.data.card import Card
from benchmark.reporting import figures, score_figures
from benchmark.reporting.comparison_figures import critical_difference, gain_figures
from benchmark.reporting.contrasts import Contrasts
from benchmark.reporting.data_sets import independent
from benchmark.reporting.illustration import Illustration, legend_below, legend_beside
from benchmark.reporting.network_figures import network_figures
from benchmark.reporting.score_figures import Cost, Dot
from benchmark.reporting.summary import Results, Row, test_train
from benchmark.reporting.sweep_figures import sweep_figures
from benchmark.reporting.tables import table_name
from benchmark.running.manifest import Manifest, TaskEntry
from benchmark.running.records import Record, Store


def illustrations(
    found: Manifest,
    results: Sequence[Results],
    tests: Mapping[str, Contrasts],
    store: Store,
) -> list[Illustration]:
    """Every figure that cards and records allow: of the whole suite, then task by task.

    ``tests`` are the contrasts by comparison table.
    """
    allowed = [*critical_difference(independent(found, results)), *sweep_figures(results)]
    for task in found.tasks:
        own = [result for result in results if result.task is task]
        if task.card:
            allowed.append(_imbalance(task, Card.from_dict(task.card)))
        for result in (r for r in own if r.measured):
            allowed += [_errors(result), _costs(result)]
            if (contrasted := tests.get(table_name(result))) is not None:
                allowed += gain_figures(result, contrasted)
        allowed += [*_training(task, own), *network_figures(task, own, store)]
    return allowed


def _imbalance(task: TaskEntry, card: Card) -> Illustration:
    domains = (card.source, card.target)
    counts = {
        facts.name: {"users": facts.users, "items": facts.items, "ratings": facts.ratings}
        for facts in domains
    }
    histograms = {
        facts.name: {float(star): n for star, n in facts.histogram.items()} for facts in domains
    }
    return Illustration(
        f"{task.name}--imbalance",
        f"{task.name}: sizes and ratings of both domains (as RecSys-DAN, Fig. 1).",
        task,
        (5.6, 2.5),
        [
            lambda ax: figures.sizes(counts, ax),
            lambda ax: legend_below(
                figures.rating_histogram(histograms, ax),
                columns=2 if sum(map(len, histograms)) < 70 else 1,
            ),
        ],
    )


def _errors(results: Results) -> Illustration:
    scores = [
        Dot(
            row.method.title,
            row.metrics["rmse"].mean,
            row.metrics["rmse"].interval(test_train=test_train(results.task)),
            row.metrics["rmse"].paper,
            row.method.trivial,
        )
        for row in results.measured
    ]
    floor = results.floor.mean if results.floor else None

    def dots(ax: Axes) -> Axes:
        label = _rmse_label(results)
        return score_figures.dots(scores, ax, label=label, paper=results.paper, floor=floor)

    panels = [lambda ax: legend_below(dots(ax))]
    if score_figures.shows_more_close_up(scores):
        panels.append(lambda ax: score_figures.close_up(scores, dots(ax)))
    return Illustration(
        f"{table_name(results)}--rmse",
        f"{results.task.name}, {results.domain}: RMSE by method, with 95 % t intervals of the "
        "mean where there are several runs"
        + ("; on the right the lowest quarter of the range." if len(panels) > 1 else "."),
        results.task,
        (5.6, 1.3 + 0.2 * len(scores)),
        panels,
    )


def _costs(results: Results) -> Illustration:
    points = [
        Cost(row.method.title, row.seconds, row.metrics["rmse"].mean, place, row.method.trivial)
        for place, row in enumerate(results.rows)
        if row.metrics
    ]

    def dots(ax: Axes) -> Axes:
        return score_figures.costs(points, ax, label=_rmse_label(results))

    panels = [lambda ax: legend_beside(dots(ax))]
    if 3 <= len(score_figures.costs_near_the_best(points)) < len(points):
        panels.append(lambda ax: score_figures.costs_close_up(points, dots(ax)))
    return Illustration(
        f"{table_name(results)}--cost",
        f"{results.task.name}, {results.domain}: RMSE against seconds of tuning and fit, median "
        "over runs (open: trivial rows; line: what nothing beats in both)"
        + ("; below the lowest quarter of the range." if len(panels) > 1 else "."),
        results.task,
        (5.6, max(2.2 * len(panels) + 0.4, 0.17 * len(points) + 0.6)),
        panels,
        rows=len(panels),
    )


def _training(task: TaskEntry, results: Sequence[Results]) -> Iterator[Illustration]:
    """Curves of methods that keep what the papers plot, one figure a method and direction."""
    fits: dict[tuple[str, str], tuple[Row, list[Record]]] = {}
    for row in (row for result in results for row in result.rows):
        for record in (record for record in row.done if record.history):
            _, records = fits.setdefault((row.method.name, record.target), (row, []))
            # A method that scores both domains stands in two rows with one record.
            if record not in records:
                records.append(record)
    for (method, target), (row, records) in fits.items():
        where = f"{task.name}, {row.method.title} into {target}"
        stem = f"{task.name}--{target.replace('/', '-')}--{method}"
        history = {
            name: [record.history[name] for record in records if name in record.history]
            for name in dict.fromkeys(name for record in records for name in record.history)
        }
        for letter in "fuv":
            if f"D{letter} accuracy" in history:
                yield _adversarial(stem, where, letter, history, task)
        if "training loss" in history:
            yield _loss(stem, where, history["training loss"], task)


def _adversarial(
    stem: str,
    where: str,
    letter: str,
    history: Mapping[str, Sequence[Sequence[float]]],
    task: TaskEntry,
) -> Illustration:
    d, g = f"D{letter}", f"G{letter}"
    accuracy = {f"{d} accuracy": history[f"{d} accuracy"]}
    losses = {name: history[name] for name in (f"{d} loss", f"{g} loss") if name in history}
    return Illustration(
        f"{stem}--{d}",
        f"{where}: accuracy of the discriminator {d}, which is at one half (dotted) where the "
        "domains look alike, and the losses of both players (as RecSys-DAN, Figs. 4 and 5; thin: "
        "runs, thick: their mean up to where the first of them stopped).",
        task,
        (5.6, 2.4),
        [
            lambda ax: figures.curves(accuracy, ax, unit=f"{d} accuracy (share)", target=0.5),
            lambda ax: figures.curves(losses, ax, unit="loss (nats)"),
        ],
    )


def _loss(stem: str, where: str, runs: Sequence[Sequence[float]], task: TaskEntry) -> Illustration:
    return Illustration(
        f"{stem}--loss",
        f"{where}: training loss, the sum that this method minimises and no unit of ratings (as "
        "DML, Fig. 6; thin: runs, thick: their mean up to where the first of them stopped).",
        task,
        (4.2, 2.6),
        [lambda ax: figures.curves({"training loss": runs}, ax, unit="training loss")],
    )


def _rmse_label(results: Results) -> str:
    return "RMSE (stars)" if results.unit == "stars" else "RMSE (share of maximum)"
