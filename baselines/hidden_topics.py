"""The objective of hidden factors as topics, its gradient, and the draw of the words' topics.

J. McAuley and J. Leskovec, "Hidden factors and hidden topics: understanding rating dimensions with
review text", RecSys 2013, sections 2.3 and 3. Likelihood and gradient only need how often a topic
occurs with an item and with a word, so a step costs items and words, whatever the text's length.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from scipy import sparse
from scipy.special import logsumexp, softmax

from benchmark.recommender import FloatArray, IntArray


class Parameters(NamedTuple):
    """Views of one flat vector, in this order.

    ``alpha`` (1,), ``kappa`` (1,), ``user_bias`` (n_users,), ``item_bias`` (n_items,), ``users``
    (n_users, k), ``items`` (n_items, k) and the topics' ``words`` (n_words, k).
    """

    alpha: FloatArray
    kappa: FloatArray
    user_bias: FloatArray
    item_bias: FloatArray
    users: FloatArray
    items: FloatArray
    words: FloatArray

    def ratings(self, users: IntArray, items: IntArray) -> FloatArray:
        """Predictions (n,) of pairs, Eq. (1)."""
        products = np.einsum("nk,nk->n", self.users[users], self.items[items])
        predicted: FloatArray = self.alpha + self.user_bias[users] + self.item_bias[items]
        return predicted + products


class Counts(NamedTuple):
    """How often each topic was drawn for an item's words (n_items, k) and a word (n_words, k)."""

    items: FloatArray
    words: FloatArray


@dataclass(frozen=True)
class Corpus:
    """Distinct pairs of an item and a word in its reviews, and how often they occur.

    ``items``, ``words`` and ``occurrences`` are (p,).
    """

    items: IntArray
    words: IntArray
    occurrences: IntArray
    n_items: int
    n_words: int

    @classmethod
    def of(cls, items: IntArray, words: IntArray, n_items: int, n_words: int) -> Self:
        """The corpus of all occurrences (n,) of words."""
        width = max(1, n_words)
        pairs, occurrences = np.unique(items * width + words, return_counts=True)
        return cls(pairs // width, pairs % width, occurrences, n_items, n_words)

    @property
    def frequencies(self) -> FloatArray:
        """The share (n_words,) of each word in the corpus."""
        return np.bincount(self.words, self.occurrences, self.n_words) / self.occurrences.sum()

    def draw(
        self, item_weights: FloatArray, word_weights: FloatArray, rng: np.random.Generator
    ) -> Counts:
        """Topics of all words, drawn in proportion to exp(item weight + word weight): Eq. (8).

        Given the weights, the topics of a word's occurrences in an item's reviews are independent
        and alike, so one multinomial draw stands for all of them.
        """
        topics = softmax(item_weights[self.items] + word_weights[self.words], axis=1)  # (p, k)
        drawn = rng.multinomial(self.occurrences, topics).astype(np.float64)
        return Counts(
            _sums(drawn, self.items, self.n_items), _sums(drawn, self.words, self.n_words)
        )


def _sums(drawn: FloatArray, owners: IntArray, n: int) -> FloatArray:
    """The sums (n, k) of the rows that belong to each owner."""
    shape = (n, len(owners))
    members = sparse.csr_array((np.ones(len(owners)), (owners, np.arange(len(owners)))), shape)
    return np.asarray(members @ drawn)


@dataclass(frozen=True)
class Objective:
    """Squared error of the ratings and penalty of the factors, less the weighted likelihood.

    ``users``, ``items``, ``ratings`` are (n,); ``sizes`` the numbers of users, items and words.
    """

    users: IntArray
    items: IntArray
    ratings: FloatArray
    sizes: tuple[int, int, int]
    k: int
    latent_reg: float
    text_weight: float

    def parameters(self, vector: FloatArray) -> Parameters:
        """The parameters as views of ``vector``."""
        n_users, n_items, _ = self.sizes
        sizes = [1, 1, n_users, n_items, *(self.k * n for n in self.sizes)]
        parts = np.split(vector, np.cumsum(sizes)[:-1])
        return Parameters(*parts[:4], *(part.reshape(-1, self.k) for part in parts[4:]))

    @property
    def size(self) -> int:
        """The number of parameters."""
        n_users, n_items, n_words = self.sizes
        return 2 + n_users + n_items + self.k * (n_users + n_items + n_words)

    def __call__(
        self, vector: FloatArray, counts: Counts, background: FloatArray
    ) -> tuple[float, FloatArray]:
        """Eq. (6), lower is better, and its gradient.

        ``background`` (n_words,) are the words' log-weights that all topics share.
        """
        n_users, n_items, _ = self.sizes
        p, gradient = self.parameters(vector), np.empty_like(vector)
        d = self.parameters(gradient)

        errors = p.ratings(self.users, self.items) - self.ratings
        pairs = sparse.csr_array((2 * errors, (self.users, self.items)), (n_users, n_items))
        d.alpha[:] = 2 * errors.sum()
        d.user_bias[:] = np.bincount(self.users, 2 * errors, n_users)
        d.item_bias[:] = np.bincount(self.items, 2 * errors, n_items)
        d.users[:] = pairs @ p.items + 2 * self.latent_reg * p.users
        d.items[:] = pairs.T @ p.users + 2 * self.latent_reg * p.items
        penalty = self.latent_reg * ((p.users**2).sum() + (p.items**2).sum())

        weights = p.kappa * p.items
        theta = weights - logsumexp(weights, axis=1, keepdims=True)  # Eq. (4), logarithms
        weights = background[:, None] + p.words
        phi = weights - logsumexp(weights, axis=0, keepdims=True)
        likelihood = (counts.items * theta).sum() + (counts.words * phi).sum()  # Eq. (3)
        pull = counts.items - counts.items.sum(axis=1, keepdims=True) * np.exp(theta)
        d.items[:] -= self.text_weight * p.kappa * pull
        d.kappa[:] = -self.text_weight * (p.items * pull).sum()
        expected = counts.words.sum(axis=0) * np.exp(phi)
        d.words[:] = self.text_weight * (expected - counts.words)

        value = (errors**2).sum() + penalty - self.text_weight * likelihood
        return float(value), gradient
