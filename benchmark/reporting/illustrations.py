"""Which figures the records of a suite allow, and the one place where figures are saved."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import seaborn as sns
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from benchmark.data.card import Card
from benchmark.reporting import figures
from benchmark.reporting.figures import Cost, Dot
from benchmark.reporting.summary import Results, Row, test_train
from benchmark.reporting.tables import flags, table_name
from benchmark.running.manifest import Manifest, TaskEntry
from benchmark.running.records import Record, write_atomically

_STYLE = {
    **sns.axes_style("ticks"),
    **sns.plotting_context("paper"),
    "font.family": "DejaVu Sans",
    "legend.fontsize": 8,
    "hatch.linewidth": 0.6,
    "pdf.fonttype": 42,
    # Titles of methods are text, whatever signs they hold.
    "text.parse_math": False,
    "figure.dpi": 160,
    "savefig.dpi": "figure",
}
_RED = "#b00020"
# Without dates and versions the same records give the same bytes.
_METADATA: dict[str, dict[str, None]] = {
    "png": {"Software": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}


@dataclass(frozen=True)
class Illustration:
    """A figure under a ``name`` for files: its caption, and how it is drawn."""

    name: str
    caption: str
    task: TaskEntry | None
    """The task whose records it shows; none if it shows a study's."""
    size: tuple[float, float]
    """Width and height in inches."""
    panels: Sequence[Callable[[Axes], Axes]]

    @property
    def warnings(self) -> list[str]:
        """What has to be said in red."""
        return flags(self.task) if self.task else []


def illustrations(found: Manifest, results: Sequence[Results]) -> list[Illustration]:
    """Every figure that the cards and records of a suite allow, task by task."""
    allowed = []
    for task in found.tasks:
        own = [result for result in results if result.task is task]
        if task.card:
            allowed.append(_imbalance(task, Card.from_dict(task.card)))
        for result in (r for r in own if r.measured):
            allowed += [_errors(result), _costs(result)]
        allowed += _training(task, own)
    return allowed


def drawn(illustration: Illustration) -> Figure:
    """The figure, laid out."""
    with rc_context(_STYLE):
        layout = ConstrainedLayoutEngine(w_pad=0.07, h_pad=0.06)
        figure = Figure(figsize=illustration.size, layout=layout)
        FigureCanvasAgg(figure)
        if illustration.warnings:
            figure.suptitle("\n".join(illustration.warnings), color=_RED, fontsize=7)
        axes = figure.subplots(1, len(illustration.panels), squeeze=False)[0]
        for ax, panel in zip(axes, illustration.panels, strict=True):
            sns.despine(ax=panel(ax))
        figure.draw_without_rendering()
        # Both kinds of file keep this layout.
        figure.set_layout_engine("none")
        return figure


def save(illustration: Illustration, folder: Path) -> None:
    """Write a figure as PNG and PDF.

    Raises:
        BenchError: it cannot be written.
    """
    figure = drawn(illustration)
    with rc_context(_STYLE):
        for kind, metadata in _METADATA.items():
            buffer = io.BytesIO()
            figure.savefig(buffer, format=kind, metadata=metadata)
            write_atomically(folder / f"{illustration.name}.{kind}", buffer.getvalue())


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
            lambda ax: _legend_below(
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
        return figures.dots(scores, ax, label=label, paper=results.paper, floor=floor)

    panels = [lambda ax: _legend_below(dots(ax))]
    if 3 <= len(figures.near_the_best(scores)) < len(scores):
        panels.append(lambda ax: figures.close_up(scores, dots(ax)))
    return Illustration(
        f"{table_name(results)}--rmse",
        f"{results.task.name}, {results.domain}: RMSE by method, with 95 % t intervals of the "
        "mean where there are several runs; on the right, where some are far off, the lowest "
        "quarter.",
        results.task,
        (5.6, 1.3 + 0.24 * len(scores)),
        panels,
    )


def _costs(results: Results) -> Illustration:
    points = [
        Cost(row.method.title, row.seconds, row.metrics["rmse"].mean, place, row.method.trivial)
        for place, row in enumerate(results.rows)
        if row.metrics
    ]
    return Illustration(
        f"{table_name(results)}--cost",
        f"{results.task.name}, {results.domain}: RMSE against seconds of tuning and fit, median "
        "over runs (open: trivial rows; line: what nothing beats in both).",
        results.task,
        (5.6, max(3.0, 0.2 * len(points) + 0.8)),
        [lambda ax: figures.costs(points, ax, label=_rmse_label(results))],
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
        "runs, thick: mean).",
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
        f"{where}: training loss (as DML, Fig. 6; thin: runs, thick: mean).",
        task,
        (4.2, 2.6),
        [lambda ax: figures.curves({"training loss": runs}, ax, unit="training loss")],
    )


def _legend_below(ax: Axes, *, columns: int = 3) -> Axes:
    """The panel, and below all panels what its signs mean, each once."""
    handles, labels = ax.get_legend_handles_labels()
    once = dict(zip(labels, handles, strict=True))
    ax.figure.legend(
        list(once.values()), list(once), loc="outside lower center", ncols=columns, frameon=False
    )
    return ax


def _rmse_label(results: Results) -> str:
    return "RMSE (stars)" if results.unit == "stars" else "RMSE (share of maximum)"
