"""Biases and ridge regression on the words of reviews, within the target or from the source.

In neither paper: the use of text, and its plain transfer, that anything deeper has to beat.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np

from baselines.bias import Bias
from baselines.text_effects import Effects, text_effects
from benchmark.data.views import DomainView, TrainingData
from benchmark.recommender import FloatArray, Pairs, Recommender, Selection, Signal


@dataclass
class TextRidge(Recommender):
    """Ridge regression on TF-IDF of the user's and the item's document."""

    paper: ClassVar[str] = (
        "Hoerl and Kennard, Ridge regression: biased estimation for nonorthogonal problems, "
        "Technometrics 1970"
    )
    smoke: ClassVar[dict[str, tuple[float, ...]]] = {"penalties": (1.0, 30.0)}

    penalties: tuple[float, ...] = (0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)
    """L2 penalties on the words' coefficients to choose from."""
    held_out: float = 0.1
    """Share of the training rows that choose the penalty; the final fit has them all."""
    # Silent: a pair to be rated has no review in its documents. To leave out a training pair's own
    # as well is alike, but no better over rows held out of either domain of Digital Music ->
    # Musical Instruments (RMSE 0.857 and 1.027 without, 0.856 and 1.025 with it).
    own_review: bool = True
    """Whether a training pair's documents contain its own review; as in DeepCoNN."""

    def fit(self, data: TrainingData, *, seed: int) -> Self:
        """Choose the penalty, then learn from all rows with ratings that may be read.

        Raises:
            NotApplicableError: no training row has a word.
        """
        view = self._rated(data)
        order = np.random.default_rng(seed).permutation(len(view.ratings))
        cut = max(1, round(self.held_out * len(order)))
        held, kept = order[:cut], np.sort(order[cut:])
        # Held-out reviews stay out of all documents, as test reviews do.
        some = replace(
            view,
            users=view.users[kept],
            items=view.items[kept],
            ratings=view.ratings[kept],
            reviews=view.reviews[kept],
        )
        errors = [
            effects.ratings(view.users[held], view.items[held]) - view.ratings[held]
            for effects in self._effects(some, some, self.penalties)
        ]
        scores = [float(np.sqrt(np.mean(error**2))) for error in errors]
        penalty = self.penalties[int(np.argmin(scores))]
        (self.effects_,) = self._effects(view, data.target, [penalty])
        self.facts_ = {"penalty": penalty, "held-out RMSE": min(scores)}
        return self

    def predict(self, pairs: Pairs) -> FloatArray:
        return self.effects_.ratings(pairs.users, pairs.items)

    @abstractmethod
    def _rated(self, data: TrainingData) -> DomainView:
        """The domain whose ratings are learned from."""

    @abstractmethod
    def _effects(
        self, rated: DomainView, scored: DomainView, penalties: Sequence[float]
    ) -> list[Effects]:
        """For each penalty, what ``rated`` teaches about the users and items of ``scored``."""


@dataclass
class TfidfRidge(TextRidge):
    """User and item biases of the target, and ridge regression of what they leave."""

    name: ClassVar[str] = "tfidf-ridge"
    title: ClassVar[str] = "TF-IDF ridge"
    source_data: ClassVar[Signal] = Signal.NONE
    target_data: ClassVar[Signal] = Signal.RATINGS | Signal.REVIEWS
    selection: ClassVar[Selection] = Selection.TARGET

    def _rated(self, data: TrainingData) -> DomainView:
        return data.target

    def _effects(
        self, rated: DomainView, scored: DomainView, penalties: Sequence[float]
    ) -> list[Effects]:
        bias = Bias().fit_view(rated)
        biases = Effects(bias.mean_, bias.users_, bias.items_)
        rest = rated.ratings - biases.ratings(rated.users, rated.items)
        texts = text_effects(rated, rest, scored, penalties=penalties, own_review=self.own_review)
        return [biases + text for text in texts]


@dataclass
class TfidfRidgeSource(TextRidge):
    """The source's regression applied to the target's documents, without a target rating.

    Its bias is the source's mean: other biases belong to users and items of the source.
    """

    name: ClassVar[str] = "tfidf-ridge-source"
    title: ClassVar[str] = "TF-IDF ridge (s)"
    source_data: ClassVar[Signal] = Signal.RATINGS | Signal.REVIEWS
    target_data: ClassVar[Signal] = Signal.REVIEWS
    selection: ClassVar[Selection] = Selection.SOURCE

    def _rated(self, data: TrainingData) -> DomainView:
        return data.source

    def _effects(
        self, rated: DomainView, scored: DomainView, penalties: Sequence[float]
    ) -> list[Effects]:
        return text_effects(
            rated, rated.ratings, scored, penalties=penalties, own_review=self.own_review
        )
