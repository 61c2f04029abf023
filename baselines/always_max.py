"""The top of the rating scale for every pair: no training data at all, yet a low MAE.

Most ratings on Amazon are 5 stars, so their median is the maximum, the best constant for MAE.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from benchmark.data.views import TrainingData
from benchmark.recommender import FloatArray, Pairs, Recommender, Signal


@dataclass
class AlwaysMax(Recommender):
    """The highest rating there is, known from the scale alone."""

    name: ClassVar[str] = "always-max"
    paper: ClassVar[str] = "Trivial reference, no paper"
    title: ClassVar[str] = "Always maximum"
    source_data: ClassVar[Signal] = Signal.NONE
    target_data: ClassVar[Signal] = Signal.NONE

    def fit(self, data: TrainingData, *, seed: int) -> Self:
        self.maximum_ = data.target.scale[1]
        return self

    def predict(self, pairs: Pairs) -> FloatArray:
        return np.full(len(pairs), self.maximum_)
