"""A method whose fit begins with a stage that does not depend on the seed."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from benchmark.recommender import FloatArray, Pairs, Recommender, Signal


@dataclass
class Staged(Recommender):
    """Sleeps for a fifth of a second, then predicts 3 stars."""

    name: ClassVar[str] = "staged"
    paper: ClassVar[str] = "none: a test of the harness"
    title: ClassVar[str] = "Staged"
    source_data: ClassVar[Signal] = Signal.NONE
    target_data: ClassVar[Signal] = Signal.NONE

    def fit(self, data: Any, *, seed: int) -> Self:
        self.stars_ = data.stages.recall("sleeping", {}, self._sleep)
        return self

    def predict(self, pairs: Pairs) -> FloatArray:
        return np.full(len(pairs), self.stars_)

    def _sleep(self) -> float:
        time.sleep(0.2)
        return 3.0
