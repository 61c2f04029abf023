"""NeuMF fitted to the records of both domains at once: the NCF-joint row of DML (section 5.3).

X. He, L. Liao, H. Zhang, L. Nie, X. Hu and T.-S. Chua, "Neural collaborative filtering", WWW 2017.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from baselines.merged_ratings import ratings_of_both, sizes_of_both
from baselines.neumf_recommender import NeuMFRecommender
from baselines.shared_users import rows_of_users
from benchmark.data.views import TrainingData
from benchmark.recommender import FloatArray, Overlap, Pairs, Scores, Side, Signal


@dataclass
class NCFJoint(NeuMFRecommender):
    """One network for the union of both domains; a shared user is one user, items are apart."""

    # Silent: whether a shared user is one user of the merged records; ids being the same in both
    # domains, merging makes it one, and without that nothing would be joint but the tower.
    name: ClassVar[str] = "ncf-joint"
    title: ClassVar[str] = "NCF-joint"
    source_data: ClassVar[Signal] = Signal.RATINGS
    overlap: ClassVar[Overlap] = Overlap.USERS
    scores: ClassVar[Scores] = Scores.BOTH

    def fit(self, data: TrainingData, *, seed: int) -> Self:
        self.maxima_ = (data.source.scale[1], data.target.scale[1])
        self.row_of_user_, self.first_item_ = rows_of_users(data), (0, data.source.n_items)
        rows = ratings_of_both(data)
        self._learn(rows.users, rows.items, rows.values, size=sizes_of_both(data), seed=seed)
        return self

    def predict(self, pairs: Pairs) -> FloatArray:
        d = 0 if pairs.side is Side.SOURCE else 1
        users, items = self.row_of_user_[d][pairs.users], self.first_item_[d] + pairs.items
        return self.maxima_[d] * self._rated(users, items)
