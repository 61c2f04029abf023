"""User-based nearest neighbours, scikit-surprise's KNNBasic: the KNN row of RecSys-DAN (V-B).

P. Resnick et al., "GroupLens: an open architecture for collaborative filtering of netnews", CSCW
1994.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from surprise import KNNBasic

from baselines.surprise_model import estimates, trainset
from benchmark.data.views import TrainingData
from benchmark.recommender import FloatArray, Pairs, Recommender, Signal

_BYTES_PER_PAIR = 24
"""Of a user with a user while fitting: squared difference, count and similarity."""


@dataclass
class KNN(Recommender):
    """The mean rating of the nearest users who rated the item, weighted by their similarity.

    Raises:
        MemoryError: the similarities of the training users would exceed ``max_gigabytes``.
    """

    name: ClassVar[str] = "knn"
    paper: ClassVar[str] = (
        "Resnick et al., GroupLens: an open architecture for collaborative filtering of netnews, "
        "CSCW 1994"
    )
    title: ClassVar[str] = "KNN"
    source_data: ClassVar[Signal] = Signal.NONE
    target_data: ClassVar[Signal] = Signal.RATINGS

    # Silent: RecSys-DAN names neither the variant nor its parameters. The library's basic one with
    # its defaults falls short of the target mean, as the paper's row does.
    k: int = 40
    """Neighbours at most; the library's default."""
    min_k: int = 1
    """Neighbours at least, else the training mean; the library's default."""
    similarity: str = "msd"
    """By the items both rated: ``msd``, ``cosine`` or ``pearson``; the library's default."""
    max_gigabytes: float = 8.0
    """Limit on the similarities' memory while fitting; a fit above it is refused at once."""

    def fit(self, data: TrainingData, *, seed: int) -> Self:
        n_users = len(np.unique(data.target.users))
        gigabytes = _BYTES_PER_PAIR * n_users**2 / 1e9
        if gigabytes > self.max_gigabytes:
            raise MemoryError(
                f"knn: the similarities of {n_users:,} users need {gigabytes:.1f} GB, more than "
                f"max_gigabytes = {self.max_gigabytes:g}; raise it or use a smaller edition"
            )
        options = {"name": self.similarity, "user_based": True}
        self.model_ = KNNBasic(self.k, self.min_k, sim_options=options, verbose=False)
        self.model_.fit(trainset(data.target))
        return self

    def predict(self, pairs: Pairs) -> FloatArray:
        return estimates(self.model_, pairs)
