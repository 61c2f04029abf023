"""Figures of what networks have learned: maps of both domains, and weights side by side."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from benchmark.recommender import FloatArray
from benchmark.reporting.figures import COLOURS
from benchmark.reporting.illustration import Illustration, legend_below
from benchmark.reporting.kept import kept
from benchmark.reporting.layout import Cell, Column, Table, number
from benchmark.reporting.representations import Snapshot, snapshots
from benchmark.reporting.summary import Results
from benchmark.reporting.tables import anchor
from benchmark.running.manifest import TaskEntry
from benchmark.running.records import Store

SHOWN_WEIGHTS = (16, 64)
"""The top left rows and columns of the matrices that RecSys-DAN draws in Fig. 7."""
_WEIGHTS = "weights-"


def network_figures(
    task: TaskEntry, results: Sequence[Results], store: Store
) -> Iterator[Illustration]:
    """RecSys-DAN, Figs. 6 and 7, of every method's first fit that has kept what they need."""
    drawn: set[str] = set()
    for _, row, record, arrays in kept(results, store):
        where = f"{task.name}, {row.method.title} into {record.target}, seed {record.seed}"
        stem = f"{task.name}--{record.target.replace('/', '-')}--{row.method.name}"
        if stem in drawn:
            continue
        drawn.add(stem)
        if found := snapshots(arrays):
            yield _maps(stem, where, found, task)
        if "weights-source" in arrays:
            yield _weights(stem, where, arrays, task)


def distance_table(task: TaskEntry, results: Sequence[Results], store: Store) -> Table:
    """How far the domains are apart after each kept epoch, in numbers."""
    measured: dict[tuple[str, int], list[tuple[float, float, float]]] = {}
    heads: dict[str, list[Cell]] = {}
    for result, row, record, arrays in kept(results, store):
        name = f"{row.method.name} {record.target}"
        heads[name] = [Cell(row.method.title, link=anchor(result, row)), Cell(record.target)]
        share = float(record.hyperparameters.get("dropout", 0))
        for snapshot in snapshots(arrays):
            apart = (
                snapshot.domain_accuracy(),
                snapshot.dropped(share).domain_accuracy(),
                snapshot.mmd(),
            )
            measured.setdefault((name, snapshot.epoch), []).append(apart)
    rows = [
        [
            *heads[name],
            Cell(str(epoch), epoch),
            *_spread(runs, 3, 3, 4),
            Cell(str(len(runs)), len(runs)),
        ]
        for (name, epoch), runs in measured.items()
    ]
    columns = [Column("Method"), Column("Target"), Column("Epoch", True)]
    columns += [
        Column("Accuracy of a domain classifier", True),
        Column("With units dropped", True),
        Column("MMD²", True),
        Column("Runs", True),
    ]
    return Table(
        f"{task.name}--distances",
        f"{task.name}: distance of the domains in what the networks make of test pairs",
        columns,
        rows,
        [
            "A linear classifier on held-out fifths: 0.5 where source and target pairs cannot be "
            "told apart, 1 where a plane separates them. With units dropped: the same of pairs as "
            "the discriminator is shown them, behind Gf’s dropout; where this is above the half "
            "that its own accuracy ends at, the generator has beaten that discriminator, and the "
            "domains are not alike. MMD²: unbiased, Gaussian kernel of the median distance; 0 on "
            "average for equal distributions."
        ],
    )


def _spread(runs: Sequence[Sequence[float]], *decimals: int) -> Iterator[Cell]:
    """Mean and standard deviation of each of several numbers of all runs."""
    for values, places in zip(np.transpose(runs), decimals, strict=True):
        sd = float(values.std(ddof=1)) if len(values) > 1 else None
        mean = float(values.mean())
        yield Cell(number(mean, places, sd=sd), mean)


def likeness(one: FloatArray, other: FloatArray) -> float:
    """Pearson's correlation of two matrices of one shape, entry by entry."""
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


def _maps(stem: str, where: str, found: Sequence[Snapshot], task: TaskEntry) -> Illustration:
    return Illustration(
        f"{stem}--maps",
        f"{where}: pairs of the test rows of both domains as the network represents them, by "
        "t-SNE (as RecSys-DAN, Fig. 6). Above each: the accuracy of a linear classifier of the "
        "domains on held-out pairs, which is 0.5 where they cannot be told apart, and the squared "
        "maximum mean discrepancy. t-SNE shows neighbourhoods, not distances: the numbers count.",
        task,
        (6.4, 2.9 * -(-len(found) // 2)),
        [functools.partial(_map, snapshot, legend=k == 0) for k, snapshot in enumerate(found)],
        rows=-(-len(found) // 2),
    )


def _map(snapshot: Snapshot, ax: Axes, *, legend: bool) -> Axes:
    plane = snapshot.plane()
    for is_source, name, colour, marker in (
        (True, "source", COLOURS[0], "o"),
        (False, "target", COLOURS[1], "^"),
    ):
        x, y = plane[snapshot.is_source == is_source].T
        face = colour if is_source else "none"
        ax.scatter(
            x,
            y,
            7,
            label=name,
            marker=marker,
            facecolors=face,
            edgecolors=[colour],
            linewidths=0.5,
        )
    ax.set_title(
        f"epoch {snapshot.epoch}: accuracy {snapshot.domain_accuracy():.2f}, "
        f"MMD² {snapshot.mmd():.3f}",
        fontsize=8,
    )
    ax.set_xticks([])
    ax.set_yticks([])
    # A map has no directions to measure along.
    ax.spines[:].set_visible(False)
    return legend_below(ax, scale=2) if legend else ax


def _weights(
    stem: str, where: str, arrays: Mapping[str, NDArray[Any]], task: TaskEntry
) -> Illustration:
    names = sorted(
        (name.removeprefix(_WEIGHTS) for name in arrays if name.startswith(_WEIGHTS)),
        key=lambda name: ("source", "target").index(name) if name in ("source", "target") else 2,
    )
    source = arrays[f"{_WEIGHTS}source"].astype(np.float64)
    shown = {name: arrays[f"{_WEIGHTS}{name}"].astype(np.float64) for name in names}
    height, width = SHOWN_WEIGHTS
    limit = max(float(np.abs(matrix[:height, :width]).max()) for matrix in shown.values())
    panels: list[Callable[[Axes], Axes]] = [
        functools.partial(_matrix, name, matrix, source, limit) for name, matrix in shown.items()
    ]
    return Illustration(
        f"{stem}--weights",
        f"{where}: the top left {height} × {width} weights of Gf (as RecSys-DAN, Fig. 7). The "
        "target's start as the source's, so that they look alike proves nothing by itself; the "
        "control never saw them. r is the correlation of all weights with the source's.",
        task,
        (5.6, 1.75 * len(panels)),
        panels,
        rows=len(panels),
    )


def _matrix(name: str, matrix: FloatArray, source: FloatArray, limit: float, ax: Axes) -> Axes:
    height, width = SHOWN_WEIGHTS
    image = ax.imshow(
        matrix[:height, :width],
        cmap="gray",
        vmin=-limit,
        vmax=limit,
        interpolation="nearest",
        aspect="auto",
    )
    beside = "" if name == "source" else f", r = {likeness(matrix, source):.3f}"
    ax.set_title(f"{name}{beside}", fontsize=8)
    ax.set_ylabel("output unit")
    ax.set_xlabel("input unit")
    ax.figure.colorbar(image, ax=ax, label="weight", pad=0.01, fraction=0.02)
    return ax
