"""Maps and weights of networks: the numbers beside them, and that they repeat."""

from __future__ import annotations

import shutil
from dataclasses import replace
from itertools import combinations, product
from pathlib import Path

import numpy as np
import pytest

from benchmark.recommender import FloatArray
from benchmark.reporting import representations
from benchmark.reporting.illustration import Illustration, drawn
from benchmark.reporting.network_figures import distance_table, likeness, network_figures
from benchmark.reporting.representations import Snapshot, snapshots
from benchmark.reporting.summary import Results, summarise
from benchmark.running.manifest import Manifest
from benchmark.running.records import Store

RNG = np.random.default_rng(0)
IS_SOURCE = np.repeat([True, False], [60, 40])


def snapshot(shift: float, *, epoch: int = 0) -> Snapshot:
    points = np.random.default_rng(1).normal(size=(100, 8))
    return Snapshot(epoch, points + shift * IS_SOURCE[:, None], IS_SOURCE)


@pytest.fixture(scope="module")
def kept(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """The made suite, of which two fits of UI-DAN have kept snapshots and weights."""
    copy = Store(tmp_path_factory.mktemp("kept"), "made")
    shutil.copytree(store.folder, copy.folder)
    weights = RNG.normal(size=(20, 70))
    for seed, shift in ((1, 3.0), (2, 0.0)):
        record = copy.get(f"ui-dan-{seed}-musical-instruments")
        assert record is not None
        copy.put(
            replace(record, hyperparameters={"dropout": 0.5}),
            artifacts={
                "snapshot-domain": IS_SOURCE.astype(np.int64),
                "snapshot-10": snapshot(0.0).points,
                "snapshot-0": snapshot(shift).points,
                "weights-control": RNG.normal(size=(20, 70)),
                "weights-source": weights,
                "weights-target": weights + 0.1 * RNG.normal(size=(20, 70)),
            },
        )
    return copy


@pytest.fixture(scope="module")
def figures(results: list[Results], kept: Store) -> list[Illustration]:
    return list(network_figures(results[0].task, results[:1], kept))


def test_domains_that_a_plane_separates_are_told_apart_and_equal_ones_are_not() -> None:
    assert snapshot(5.0).domain_accuracy() == 1.0
    assert snapshot(0.0).domain_accuracy() == pytest.approx(0.5, abs=0.12)


def test_dropped_units_hide_domains_as_from_a_discriminator_behind_dropout() -> None:
    found = snapshot(1.0)
    dropped = found.dropped(0.5)
    gone = dropped.points == 0
    assert 0.4 < gone.mean() < 0.6
    assert np.array_equal(dropped.points[~gone], 2 * found.points[~gone])
    assert 0.5 < dropped.domain_accuracy() < found.domain_accuracy()
    assert np.array_equal(found.dropped(0.5).points, dropped.points)
    assert np.array_equal(found.dropped(0.0).points, found.points)


def test_the_discrepancy_is_that_of_its_definition() -> None:
    found = snapshot(0.7)
    squared = {
        (i, j): float(((found.points[i] - found.points[j]) ** 2).sum())
        for i, j in combinations(range(100), 2)
    }
    width = np.median(list(squared.values()))

    def mean(one: FloatArray, other: FloatArray) -> float:
        pairs = [(min(i, j), max(i, j)) for i, j in product(one, other) if i != j]
        return float(np.mean([np.exp(-squared[pair] / width) for pair in pairs]))

    source, target = np.flatnonzero(IS_SOURCE), np.flatnonzero(~IS_SOURCE)
    expected = mean(source, source) + mean(target, target) - 2 * mean(source, target)
    assert found.mmd() == pytest.approx(expected)
    assert abs(snapshot(0.0).mmd()) < 0.02 < snapshot(1.0).mmd()


def test_equal_points_are_measured_once(monkeypatch: pytest.MonkeyPatch) -> None:
    first = snapshot(0.31).mmd()
    monkeypatch.setattr(representations, "euclidean_distances", None)
    assert snapshot(0.31).mmd() == first


def test_points_that_are_all_equal_have_no_discrepancy() -> None:
    assert Snapshot(0, np.zeros((100, 3)), IS_SOURCE).mmd() == 0.0


def test_a_map_is_the_same_each_time() -> None:
    found = snapshot(1.0)
    assert found.plane().shape == (100, 2)
    assert np.array_equal(found.plane(), found.plane())


def test_snapshots_come_by_epoch(kept: Store) -> None:
    found = snapshots(kept.artifacts_of("ui-dan-1-musical-instruments"))
    assert [each.epoch for each in found] == [0, 10]
    assert np.array_equal(found[0].is_source, IS_SOURCE)
    assert snapshots({}) == []


def test_the_first_fit_that_has_kept_them_gets_a_map_and_its_weights(
    figures: list[Illustration],
) -> None:
    stem = "music--amazon2014-5core-musical-instruments--ui-dan"
    assert [figure.name for figure in figures] == [f"{stem}--maps", f"{stem}--weights"]
    maps = drawn(figures[0])
    assert [ax.get_title().partition(":")[0] for ax in maps.axes] == ["epoch 0", "epoch 10"]
    assert "accuracy 1.00" in maps.axes[0].get_title()
    assert "MMD²" in maps.axes[0].get_title()


def test_weights_stand_below_the_source_s_with_their_likeness(
    figures: list[Illustration],
) -> None:
    axes = [ax for ax in drawn(figures[1]).axes if ax.get_title()]
    assert [ax.get_title().partition(",")[0] for ax in axes] == ["source", "target", "control"]
    assert "r = 0.99" in axes[1].get_title()
    assert axes[0].images[0].get_array().shape == (16, 64)  # type: ignore[union-attr]
    assert len({ax.images[0].get_clim() for ax in axes}) == 1


def test_likeness_is_the_correlation_of_all_entries() -> None:
    one = RNG.normal(size=(3, 4))
    assert likeness(one, 2 * one + 1) == pytest.approx(1.0)
    assert likeness(one, -one) == pytest.approx(-1.0)


def test_distances_stand_in_a_table_too(found: Manifest, kept: Store) -> None:
    results = summarise(found, kept)
    table = distance_table(results[0].task, results[:1], kept)
    assert [[cell.text for cell in row[:3]] for row in table.rows] == [
        ["UI-DAN (a, u)", "amazon2014-5core/musical-instruments", epoch] for epoch in ("0", "10")
    ]
    assert table.rows[0][3].value == pytest.approx((1.0 + snapshot(0.0).domain_accuracy()) / 2)
    assert "±" in table.rows[0][3].text
    dropped = [snapshot(shift).dropped(0.5).domain_accuracy() for shift in (3.0, 0.0)]
    assert table.rows[0][4].value == pytest.approx(np.mean(dropped))
    assert [row[-1].text for row in table.rows] == ["2", "2"]
    assert not distance_table(results[1].task, results[1:], kept).rows


def test_nothing_is_drawn_where_nothing_was_kept(
    results: list[Results], store: Store, tmp_path: Path
) -> None:
    assert not list(network_figures(results[0].task, results[:1], store))
