"""TF-IDF of users' and items' documents, with or without the review of the pair at hand.

K. Spärck Jones, "A statistical interpretation of term specificity and its application in
retrieval", Journal of Documentation 28(1), 1972; as in scikit-learn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer

from benchmark.data.text import tokenize
from benchmark.data.views import DomainView
from benchmark.errors import NotApplicableError
from benchmark.recommender import IntArray


@dataclass(frozen=True)
class WordWeights:
    """The words of one domain's training reviews and how much each says of a user or an item."""

    vocabulary: CountVectorizer
    of_users: TfidfTransformer
    of_items: TfidfTransformer

    @classmethod
    def of(cls, view: DomainView) -> Self:
        """Learn words and weights from the whole documents of the users and items of ``view``.

        Raises:
            NotApplicableError: no review has a word.
        """
        vocabulary = CountVectorizer(analyzer=tokenize)
        try:
            counts = vocabulary.fit_transform(_texts(view))
        except ValueError as error:
            raise NotApplicableError("needs reviews; no training row has a word") from error
        return cls(
            vocabulary,
            TfidfTransformer().fit(_sums(counts, view.users, view.n_users)),
            TfidfTransformer().fit(_sums(counts, view.items, view.n_items)),
        )

    def documents(self, view: DomainView) -> tuple[Any, Any]:
        """Whole documents of all users (n_users, v) and all items (n_items, v), weighted."""
        counts = self.vocabulary.transform(_texts(view))
        return (
            self.of_users.transform(_sums(counts, view.users, view.n_users)),
            self.of_items.transform(_sums(counts, view.items, view.n_items)),
        )

    def pairs(self, view: DomainView, *, own_review: bool) -> Any:
        """Both documents of each training row (n, 2 v), with its own review in them or without."""
        counts = self.vocabulary.transform(_texts(view))
        own = 0 * counts if own_review else counts
        users = _sums(counts, view.users, view.n_users)[view.users] - own
        items = _sums(counts, view.items, view.n_items)[view.items] - own
        return sparse.hstack(
            [self.of_users.transform(users), self.of_items.transform(items)], format="csr"
        )


def _texts(view: DomainView) -> list[str]:
    return [review or "" for review in view.reviews]


def _sums(counts: Any, owners: IntArray, n: int) -> Any:
    """The word counts (n, v) of each owner's reviews."""
    ones, rows = np.ones(len(owners)), np.arange(len(owners))
    return sparse.csr_matrix((ones, (owners, rows)), (n, len(owners))) @ counts
