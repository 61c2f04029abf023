"""SVD++, factors and biases with implicit feedback: the SVD++ row of RecSys-DAN (V-B).

Y. Koren, "Factorization meets the neighborhood: a multifaceted collaborative filtering model",
KDD 2008, section 4, Eq. (15); as in scikit-surprise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import surprise

from baselines.surprise_model import estimates, trainset
from benchmark.data.views import TrainingData
from benchmark.recommender import FloatArray, Pairs, Recommender, Selection, Signal
from benchmark.space import Choice, Space


@dataclass
class SVDpp(Recommender):
    r"""Predicts :math:`\mu + b_u + b_i + q_i^T (p_u + |N(u)|^{-1/2} \sum_{j \in N(u)} y_j)`."""

    name: ClassVar[str] = "svdpp"
    paper: ClassVar[str] = (
        "Koren, Factorization meets the neighborhood: a multifaceted collaborative filtering "
        "model, KDD 2008"
    )
    title: ClassVar[str] = "SVD++"
    source_data: ClassVar[Signal] = Signal.NONE
    target_data: ClassVar[Signal] = Signal.RATINGS
    selection: ClassVar[Selection] = Selection.TARGET
    # The grid of RecSys-DAN, section V-C. Neither half is inert, unlike NMF's: in the library both
    # apply to every bias and factor. Its own defaults are not in the grid.
    space: ClassVar[Space] = {
        "reg": Choice((1e-4, 5e-4, 1e-3)),
        "lr": Choice((5e-4, 1e-3, 5e-3, 1e-2)),
    }
    smoke: ClassVar[dict[str, int]] = {"n_epochs": 2}

    n_factors: int = 20
    """The library's default."""
    n_epochs: int = 20
    """The library's default."""
    reg: float = 0.02
    """Regularisation of all parameters; the library's default."""
    lr: float = 0.007
    """Learning rate of all parameters; the library's default."""

    def fit(self, data: TrainingData, *, seed: int) -> Self:
        self.model_ = surprise.SVDpp(
            n_factors=self.n_factors,
            n_epochs=self.n_epochs,
            reg_all=self.reg,
            lr_all=self.lr,
            random_state=seed,
            # The same numbers, a tenth faster, and without the library's leak of the other path.
            cache_ratings=True,
        )
        self.model_.fit(trainset(data.target))
        return self

    def predict(self, pairs: Pairs) -> FloatArray:
        return estimates(self.model_, pairs)
