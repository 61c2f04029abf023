"""What records measure of the papers' figures and remarks, as cells that claims are about."""

from __future__ import annotations

import functools
import math
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmark.recommender import FloatArray
from benchmark.reporting.network_figures import likeness
from benchmark.reporting.printed import Cell
from benchmark.reporting.published import published_table
from benchmark.reporting.representations import snapshots
from benchmark.reporting.summary import Results, Row
from benchmark.running.manifest import Manifest
from benchmark.running.records import Record, Store

_TABLE = "recsysdan_table2"
_AROUND_100 = slice(89, 110)
"""Epochs 90 to 110, counted from 1."""
_DRAWN = (0, 50, 100, 200)
"""The epochs of RecSys-DAN's Fig. 6."""
_LAST = slice(-20, None)
_LAST_EPOCH, _STILL = 100, 1e-5
"""DML trains until the loss changes by less than that, or for so many epochs (section 6.8)."""


@dataclass(frozen=True)
class Measurement:
    """Values (n,) by run, and the results that they are of; none where a method declares them."""

    values: FloatArray
    absent: str = ""
    """Why there are no values, where the runs ended too early for them."""
    results: Results | None = None
    published: Mapping[str, Any] = field(default_factory=dict)
    """How the task says what of the paper's it is, or stands in for."""


def experiments(
    found: Manifest, results: Sequence[Results], store: Store
) -> dict[Cell, Measurement]:
    """Every such cell, where its runs have kept what it takes.

    Of tasks that differ in switches only, the first is the one that counts.
    """
    cells = {cell: Measurement(values) for cell, values in _capabilities(found)}
    for result in results:
        for place in result.task.published:
            if result.domain == getattr(result.task, place["side"]):
                for cell, values in _of_figures(result, place, store):
                    cells.setdefault(cell, _measurement(values, result, place))
    return cells


_Values = FloatArray | str
"""Values (n,) by run, or why there are none."""


def _measurement(values: _Values, result: Results, place: Mapping[str, Any]) -> Measurement:
    if isinstance(values, str):
        return Measurement(np.array([]), values, result, place)
    return Measurement(values, "", result, place)


def _of_figures(
    result: Results, place: Mapping[str, Any], store: Store
) -> Iterator[tuple[Cell, _Values]]:
    if place["table"] == _TABLE and not place.get("stand_in"):
        yield from _adversarial(result, place["domain"], store)
    # A task that is one row of a figure has users or widths of its own: it is not Fig. 6's.
    if place["pair"].endswith("Beauty-Fashion") and not place.get("row"):
        yield from _convergence(result)
    if place["table"].startswith("dml"):
        yield from _orthogonality(result)


def _capabilities(found: Manifest) -> Iterator[tuple[Cell, FloatArray]]:
    """RecSys-DAN, Table IV: which methods do without target ratings. That a declaration is kept
    is proven by the tests, which poison what is not declared."""
    rows = {"RecSys-DAN": "ui-dan", **published_table(_TABLE).rows}
    read = {method.name: method.target_data.split() for method in found.methods}
    for row, name in rows.items():
        if name in read:
            cell = Cell("recsysdan_table4", row, "any", "fits without target ratings")
            yield cell, np.array([float("R" not in read[name])])


def _adversarial(result: Results, domain: str, store: Store) -> Iterator[tuple[Cell, _Values]]:
    rows = {row.method.name: row for row in result.measured}
    off = "discriminator accuracy off one half"
    for row, name, curve, part in (
        ("UI-DAN", "ui-dan", "Df accuracy", _AROUND_100),
        ("I-DAN", "i-dan", "Dv accuracy", _LAST),
    ):
        if name in rows:
            off_half = functools.partial(_off_half, part=part)
            values = _of_curves(rows[name], curve, off_half, first=max(part.start + 1, 1))
            yield from _unless_empty(Cell("recsysdan_figure4", row, domain, off), values)
    if (ui := rows.get("ui-dan")) is None:
        return
    yield from _of_artifacts(ui, domain, store)
    for row, values in (
        ("pre-training", _of_curves(ui, "source held-out RMSE", len)),
        ("adversarial training", _of_curves(ui, "Df accuracy", len)),
    ):
        yield from _unless_empty(Cell("recsysdan_section5D8", row, domain, "epochs"), values)
    slowest = max((_prediction(row) for row in result.measured if _is_baseline(row)), default=0.0)
    if slowest:
        relative = [r.budget["seconds_predict"] / slowest for r in ui.done]
        metric = "seconds relative to the slowest baseline"
        yield Cell("recsysdan_section5D8", "inference", domain, metric), np.array(relative)


def _of_artifacts(ui: Row, domain: str, store: Store) -> Iterator[tuple[Cell, _Values]]:
    by_epoch: dict[int, list[float]] = {}
    alike: dict[str, list[float]] = {}
    trained = max((len(record.history.get("Df accuracy", [])) for record in ui.done), default=0)
    for kept in (store.artifacts_of(record.key) for record in ui.done):
        for snapshot in snapshots(kept):
            by_epoch.setdefault(snapshot.epoch, []).append(snapshot.domain_accuracy())
        for row, name in (
            ("initialised from the source", "target"),
            ("initialised at random", "control"),
        ):
            if f"weights-{name}" in kept and "weights-source" in kept:
                same = likeness(kept[f"weights-{name}"], kept["weights-source"])
                alike.setdefault(row, []).append(same)
    for epoch in sorted({*by_epoch, *_DRAWN} if by_epoch else ()):
        cell = Cell("recsysdan_figure6", f"epoch {epoch}", domain, "domain classifier accuracy")
        if epoch in by_epoch:
            yield cell, np.array(by_epoch[epoch])
        elif 0 < trained < epoch:
            yield cell, _ended(trained, epoch)
    for row, values in alike.items():
        yield Cell("recsysdan_figure7", row, domain, "weight correlation"), np.array(values)


def _convergence(result: Results) -> Iterator[tuple[Cell, _Values]]:
    """DML, Fig. 6: how much of the loss's decrease ten epochs bring, and when it stands still."""
    if (row := _dml(result)) is None:
        return
    for metric, statistic in (
        ("share of the loss decrease after 10 epochs", _early),
        ("epochs until the loss changes by less than 1e-5", _until_still),
    ):
        values = _of_curves(row, "training loss", statistic, whole=_is_whole)
        yield from _unless_empty(Cell("dml_figure6", "DML", "Beauty-Fashion", metric), values)


def _orthogonality(result: Results) -> Iterator[tuple[Cell, _Values]]:
    """DML, section 3.2: how far X is from orthogonal after any epoch."""
    row = _dml(result)
    # Without shared users X stays where it starts.
    if row is not None and all(record.facts.get("overlap users") for record in row.done):
        # No entry of a matrix exceeds its Frobenius norm, which is what the fits keep.
        largest = Cell("dml_section3.2", "DML", "any pair", "largest entry of X X^T - I")
        yield from _unless_empty(largest, _of_curves(row, "||XX^T - I||", max))


def _dml(result: Results) -> Row | None:
    return next((row for row in result.measured if row.method.name == "dml"), None)


def _of_curves(
    row: Row,
    name: str,
    statistic: Callable[[Sequence[float]], float],
    *,
    first: int = 1,
    whole: Callable[[Sequence[float]], bool] = bool,
) -> _Values:
    """The statistic of each run's curve from epoch ``first`` on, where all runs keep it.

    Curves that are not ``whole`` would have gone on to epoch 100, had they been let.
    """
    curves = [record.history.get(name, []) for record in row.done]
    shortest = min(map(len, curves), default=0)
    if 0 < shortest < first:
        return _ended(shortest, first)
    if cut_off := [len(curve) for curve in curves if curve and not whole(curve)]:
        return _ended(min(cut_off), _LAST_EPOCH)
    values = [statistic(curve) for curve in curves] if shortest else []
    return np.array(values if np.isfinite(values).all() else [], dtype=np.float64)


def _ended(trained: int, needed: int) -> str:
    return f"epoch {needed} is needed, and training ended after epoch {trained}"


def _unless_empty(cell: Cell, values: _Values) -> Iterator[tuple[Cell, _Values]]:
    if len(values):
        yield cell, values


def _off_half(accuracies: Sequence[float], *, part: slice) -> float:
    kept = accuracies[part]
    return abs(statistics.fmean(kept) - 0.5) if kept else math.nan


def _is_whole(losses: Sequence[float]) -> bool:
    return len(losses) >= _LAST_EPOCH or _is_still(losses)


def _is_still(losses: Sequence[float]) -> bool:
    return len(losses) > 1 and abs(losses[-1] - losses[-2]) < _STILL


def _until_still(losses: Sequence[float]) -> float:
    """The last epoch, or the one after it where the loss still moves then: it takes that many."""
    return len(losses) + (not _is_still(losses))


def _early(losses: Sequence[float]) -> float:
    fall = losses[0] - min(losses)
    return (losses[0] - min(losses[:10])) / fall if fall > 0 else math.nan


def _is_baseline(row: Row) -> bool:
    """Whether it is one of Table II's supervised baselines, which read target ratings."""
    printed = published_table(_TABLE).rows.values()
    return row.method.name in printed and "R" in row.method.target_data.split()


def _prediction(row: Row) -> float:
    done: Sequence[Record] = row.done
    return statistics.median(record.budget["seconds_predict"] for record in done) if done else 0.0
