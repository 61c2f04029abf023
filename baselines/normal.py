"""Random ratings from the normal distribution of the training ratings.

The naive row of RecSys-DAN (section V-B), scikit-surprise's NormalPredictor.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from surprise import NormalPredictor

from baselines.surprise_model import trainset
from benchmark.data.views import TrainingData
from benchmark.recommender import FloatArray, Pairs, Recommender, Signal


@dataclass
class Normal(Recommender):
    r"""Draws from :math:`N(\mu, \sigma^2)`, the mean and variance of the training ratings."""

    name: ClassVar[str] = "normal"
    paper: ClassVar[str] = "Hug, Surprise: a Python library for recommender systems, JOSS 2020"
    title: ClassVar[str] = "Normal"
    source_data: ClassVar[Signal] = Signal.NONE
    target_data: ClassVar[Signal] = Signal.RATINGS

    def fit(self, data: TrainingData, *, seed: int) -> Self:
        model = NormalPredictor().fit(trainset(data.target))
        self.mean_, self.sd_ = float(model.trainset.global_mean), float(model.sigma)
        self.seed_ = seed
        return self

    def predict(self, pairs: Pairs) -> FloatArray:
        # Differs: the library draws from numpy's global stream at prediction, so that a rating
        # depends on the order of the queries; here it follows from the seed and the pair.
        return self.mean_ + self.sd_ * ndtri(_uniform(self.seed_, pairs))


def _uniform(seed: int, pairs: Pairs) -> FloatArray:
    """Numbers (n,) between 0 and 1, both excluded; a function of seed, user and item."""
    state = _mix(np.full(len(pairs), seed % 2**64, dtype=np.uint64))
    for part in (pairs.users, pairs.items):
        state = _mix(state + part.astype(np.uint64))
    return ((state >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53


def _mix(state: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """One step of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014); meant to wrap."""
    state = state + np.uint64(0x9E3779B97F4A7C15)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))
