"""DML's training time against the number of records.

Li and Tuzhilin, "Dual Metric Learning for Effective and Efficient Cross-Domain Recommendations",
section 6.7 and Fig. 5.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from benchmark.data.views import DomainView, TrainingData
from benchmark.recommender import FloatArray
from benchmark.study import Panel, Study
from methods.dml.dml import DML

LARGE = 10_000
"""Records from which on the exponent is fitted: below, fixed costs are most of the time."""


@dataclass
class Scaling(Study):
    """Planted ratings of two domains, without texts and features, and a fit of DML to them.

    The training is the whole of ``fit``: features, autoencoders, metric and dual learning.
    """

    name: ClassVar[str] = "dml-scaling"
    paper: ClassVar[str] = "DML, section 6.7 and Fig. 5"
    title: ClassVar[str] = "Training time of DML from 100 to 1,000,000 records"
    panels: ClassVar[tuple[Panel, ...]] = (
        Panel("records", "processor seconds", "epochs", log="xy"),
        Panel("records", "processor seconds", "epochs"),
    )
    quick: ClassVar[Mapping[str, Any]] = {
        "records": (100, 1_000, 10_000, 30_000),
        "epochs": 1,
        "autoencoder_steps": 50,
    }
    timings: ClassVar[tuple[str, ...]] = ("seconds", "processor seconds")

    records: tuple[int, ...] = (100, 1_000, 10_000, 31_600, 100_000, 316_000, 1_000_000)
    """Of both domains together."""
    per_user: int = 20
    """Records of a user on average, in each domain."""
    per_item: int = 50
    """Records of an item on average."""
    overlap: float = 0.1
    """Share of a domain's users that are in the other, too."""
    epochs: int = 10
    """Of training, without early stopping: the paper's curves are flat after ten (§6.8)."""
    autoencoder_steps: int = 2000
    """Batches an autoencoder learns from, whatever the number of records."""

    def run(self, *, seed: int) -> pd.DataFrame:
        """A row for each number of records."""
        self._fit(self.records[0], seed)  # What is loaded and compiled at first use.
        return pd.DataFrame([self._fit(records, seed) for records in self.records])

    def _fit(self, records: int, seed: int) -> dict[str, float]:
        data = planted_ratings(
            records,
            per_user=self.per_user,
            per_item=self.per_item,
            overlap=self.overlap,
            seed=seed,
        )
        model = DML(epochs=self.epochs, tolerance=0.0, autoencoder_steps=self.autoencoder_steps)
        started = time.perf_counter(), time.process_time()
        model.fit(data, seed=seed)
        return {
            "records": records,
            "epochs": self.epochs,
            "training loss": model.history_["training loss"][-1],
            "seconds": time.perf_counter() - started[0],
            "processor seconds": time.process_time() - started[1],
        }

    def summary(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Median times by number of records, and what a thousand records take."""
        medians = rows.groupby("records")[["seconds", "processor seconds"]].median().reset_index()
        per_thousand = 1000 * medians["processor seconds"] / medians["records"]
        return medians.assign(**{"processor seconds per 1,000 records": per_thousand})

    def findings(self, rows: pd.DataFrame) -> list[str]:
        """The fitted exponent and line."""
        table = self.summary(rows)
        records, seconds = (
            table[name].to_numpy(float) for name in ("records", "processor seconds")
        )
        large = records >= LARGE
        slope, intercept, r2 = line(records, seconds)
        exponent, _, _ = line(np.log(records[large]), np.log(seconds[large]))
        last = np.log(seconds[-1] / seconds[-2]) / np.log(records[-1] / records[-2])
        return [
            f"Time grows as records to the power {exponent:.2f} from {LARGE:,} to "
            f"{records[-1]:,.0f} records, {last:.2f} between the two largest sizes "
            f"({seconds[-1]:.1f} s).",
            f"Of a straight line through all points R² is {r2:.4f}: {intercept:.2f} s, and "
            f"{1e6 * slope:.1f} s for each million records.",
        ]

    def measured(self, rows: pd.DataFrame) -> dict[tuple[str, str, str, str], list[float]]:
        """R² of a line through each seed's points, on planted records in Amazon's stead."""
        fits = [
            line(*(own[name].to_numpy(float) for name in ("records", "processor seconds")))
            for _, own in rows.groupby("seed")
        ]
        cell = ("dml_figure5", "DML", "Beauty-Fashion", "R2 of seconds against records")
        return {cell: [r2 for *_, r2 in fits]}


def planted_ratings(
    records: int, *, per_user: int, per_item: int, overlap: float, seed: int
) -> TrainingData:
    """Ratings 1 to 5 from factors of users and items, half of the records in each domain."""
    rng = np.random.default_rng(seed)
    n = records // 2
    n_users, n_items = max(n // per_user, 5), max(n // per_item, 5)
    shared = np.arange(max(int(overlap * n_users), 1))
    tastes = rng.normal(size=(n_users, 4))
    views = [planted_view(rng, tastes, n, n_items) for _ in range(2)]
    return TrainingData(
        views[0],
        views[1],
        shared_users=np.column_stack([shared, shared]),
        shared_items=np.empty((0, 2), dtype=np.int64),
    )


def planted_view(rng: np.random.Generator, tastes: FloatArray, n: int, n_items: int) -> DomainView:
    """A domain of ``n`` ratings by users of these tastes (n_users, f), and nothing besides."""
    users = rng.integers(len(tastes), size=n)
    items = rng.integers(n_items, size=n)
    factors = rng.normal(size=(n_items, tastes.shape[1]))
    signal = 3.4 + 0.6 * (tastes[users] * factors[items]).sum(axis=1) / 2
    nothing: Any = None
    return DomainView(
        n_users=len(tastes),
        n_items=n_items,
        scale=(1.0, 5.0),
        users=users,
        items=items,
        times=np.full(n, -1),
        ratings=np.clip(np.rint(signal + 0.5 * rng.normal(size=n)), 1, 5),
        reviews=nothing,
        item_images=nothing,
        has_image=nothing,
        user_features=nothing,
        item_features=nothing,
    )


def line(x: FloatArray, y: FloatArray) -> tuple[float, float, float]:
    """Slope, intercept and R² of the least-squares line through points (n,)."""
    slope, intercept = np.polyfit(x, y, 1)
    left = y - (slope * x + intercept)
    return float(slope), float(intercept), float(1 - (left**2).sum() / ((y - y.mean()) ** 2).sum())
