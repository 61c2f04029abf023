"""Neural matrix factorisation (NeuMF) with ratings for clicks: the NCF row of DML (section 5.3).

X. He, L. Liao, H. Zhang, L. Nie, X. Hu and T.-S. Chua, "Neural collaborative filtering", WWW 2017.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from baselines.neumf_recommender import NeuMFRecommender
from benchmark.data.views import TrainingData
from benchmark.recommender import FloatArray, Pairs, Signal


@dataclass
class NCF(NeuMFRecommender):
    """One network for the target's users and items; the source is not read."""

    # Differs: section 3.4.1 of the paper trains its two halves alone before it joins them.

    name: ClassVar[str] = "ncf"
    title: ClassVar[str] = "NCF"
    source_data: ClassVar[Signal] = Signal.NONE

    def fit(self, data: TrainingData, *, seed: int) -> Self:
        view = data.target
        self.maximum_ = view.scale[1]
        size = (view.n_users, view.n_items)
        self._learn(view.users, view.items, view.ratings / view.scale[1], size=size, seed=seed)
        return self

    def predict(self, pairs: Pairs) -> FloatArray:
        return self.maximum_ * self._rated(pairs.users, pairs.items)
