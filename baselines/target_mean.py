"""The mean of the target's training ratings: a method has to beat it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from benchmark.data.views import TrainingData
from benchmark.recommender import FloatArray, Pairs, Recommender, Signal


@dataclass
class TargetMean(Recommender):
    """One number for every pair: the best constant for RMSE, and it needs target ratings."""

    name: ClassVar[str] = "target-mean"
    paper: ClassVar[str] = "Trivial reference, no paper"
    title: ClassVar[str] = "Target mean"
    source_data: ClassVar[Signal] = Signal.NONE
    target_data: ClassVar[Signal] = Signal.RATINGS

    def fit(self, data: TrainingData, *, seed: int) -> Self:
        self.mean_ = float(data.target.ratings.mean())
        return self

    def predict(self, pairs: Pairs) -> FloatArray:
        return np.full(len(pairs), self.mean_)
