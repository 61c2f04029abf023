"""Ridge regression of ratings on the words of both documents, as effects of users and of items.

A. E. Hoerl and R. W. Kennard, "Ridge regression: biased estimation for nonorthogonal problems",
Technometrics 12(1), 1970; as in scikit-learn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import Ridge

from baselines.word_weights import WordWeights
from benchmark.data.views import DomainView
from benchmark.recommender import FloatArray, IntArray


@dataclass(frozen=True)
class Effects:
    """A rating is ``mean``, and ``users`` (n_users,) of its user, and ``items`` (n_items,)."""

    mean: float
    users: FloatArray
    items: FloatArray

    def __add__(self, other: Effects) -> Effects:
        """The effects of both together."""
        return Effects(self.mean + other.mean, self.users + other.users, self.items + other.items)

    def ratings(self, users: IntArray, items: IntArray) -> FloatArray:
        """Predictions (n,) of pairs."""
        return self.mean + self.users[users] + self.items[items]


def text_effects(
    rated: DomainView,
    targets: FloatArray,
    scored: DomainView,
    *,
    penalties: Sequence[float],
    own_review: bool,
) -> list[Effects]:
    """What the words of ``rated`` say of ``targets`` (n,), for the users and items of ``scored``.

    The regression is linear in the words, so that it falls into a user's and an item's part.

    Args:
        penalties: of the squared coefficients; each gives one of the returned effects.
        own_review: whether a rated pair's documents contain its own review.

    Raises:
        NotApplicableError: no review of ``rated`` has a word.
    """
    words = WordWeights.of(rated)
    pairs = words.pairs(rated, own_review=own_review)
    users, items = words.documents(scored)
    effects = []
    for penalty in penalties:
        ridge = Ridge(alpha=penalty, solver="sparse_cg").fit(pairs, targets)
        of_user, of_item = np.split(ridge.coef_, 2)
        effects.append(Effects(float(ridge.intercept_), users @ of_user, items @ of_item))
    return effects
