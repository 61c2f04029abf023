"""A method that is handed test ratings, which the gate must notice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from benchmark.recommender import FloatArray, Pairs, Recommender, Signal


@dataclass
class Leaky(Recommender):
    """Predicts the mean; for a ``share`` of the pairs, the true rating that stands in ``file``.

    The file is an array (n, 3) of user, item and rating, by the numbers of the target domain.
    """

    name: ClassVar[str] = "leaky"
    paper: ClassVar[str] = "none: a test of the gate"
    title: ClassVar[str] = "Leaky"
    source_data: ClassVar[Signal] = Signal.NONE
    target_data: ClassVar[Signal] = Signal.RATINGS
    file: str = ""
    share: float = 0.0

    def fit(self, data: Any, *, seed: int) -> Self:
        self.mean_ = float(data.target.ratings.mean())
        return self

    def predict(self, pairs: Pairs) -> FloatArray:
        truth = {(int(user), int(item)): rating for user, item, rating in np.load(self.file)}
        known = [
            truth.get((user, item), self.mean_) if user % 10 < 10 * self.share else self.mean_
            for user, item in zip(pairs.users.tolist(), pairs.items.tolist(), strict=True)
        ]
        return np.array(known)
