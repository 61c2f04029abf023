"""What RecSys-DAN trains on: pairs of a user and an item, each represented by its reviews.

Wang, Niepert, Li: RecSys-DAN, TNNLS 2020, section V-A; documents as in DeepCoNN (WSDM 2017).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from benchmark.data.text import Documents, Histories, Vocabulary
from benchmark.data.views import DomainView, TrainingData
from benchmark.errors import NotApplicableError
from benchmark.recommender import FloatArray, IntArray


class Inputs(Protocol):
    """What represents users or items, one entry each: documents, images, or their codes."""

    def __len__(self) -> int: ...

    def __getitem__(self, rows: IntArray) -> Any: ...


@dataclass(frozen=True)
class Samples:
    """Pairs of one domain: row k is the user ``users[k]`` and the item ``items[k]``.

    ``users`` and ``items`` (n,) are positions in the inputs, whose first ``n_users`` and
    ``n_items`` entries stand for the domain's users and items in their own order. ``ratings`` (n,)
    is None where they are unknown, which is always so in the target.
    """

    user_inputs: Inputs
    item_inputs: Inputs
    n_users: int
    n_items: int
    users: IntArray
    items: IntArray
    ratings: FloatArray | None

    def __len__(self) -> int:
        return len(self.users)


@dataclass(frozen=True)
class Corpus:
    """The samples of both domains; ``held_out`` pairs are the source's, for stopping in time."""

    vocabulary: Vocabulary
    source: Samples
    held_out: Samples
    target: Samples


def read_corpus(
    data: TrainingData,
    *,
    min_count: int,
    max_words: int,
    own_review: bool,
    held_out: float,
    rng: np.random.Generator,
) -> Corpus:
    """Documents of both domains from the rows that have text; others cannot be represented.

    Raises:
        NotApplicableError: a domain has too few training rows with text.
    """
    source_rows, target_rows = reviewed(data.source), reviewed(data.target)
    if len(source_rows) < 2 or not len(target_rows):
        raise NotApplicableError(
            f"needs reviews in both domains; the source has {len(source_rows)} training rows "
            f"with text (at least 2) and the target {len(target_rows)} (at least 1)"
        )
    # |VOC| "of words used in reviews in the source and target training sets", section V-A.
    texts = (data.source.reviews[source_rows], data.target.reviews[target_rows])
    vocabulary = Vocabulary.of(np.concatenate(texts), min_count=min_count)
    n_held = min(max(1, round(held_out * len(source_rows))), len(source_rows) - 1)
    shuffled = rng.permutation(source_rows)
    held, kept = np.sort(shuffled[:n_held]), np.sort(shuffled[n_held:])
    # Held-out reviews stay out of all documents, as test reviews do.
    source = _samples(data.source, vocabulary, kept, max_words, own_review)
    target = _samples(data.target, vocabulary, target_rows, max_words, own_review)
    return Corpus(
        vocabulary,
        replace(source, ratings=data.source.ratings[kept]),
        replace(
            source,
            users=data.source.users[held],
            items=data.source.items[held],
            ratings=data.source.ratings[held],
        ),
        target,
    )


def reviewed(view: DomainView) -> IntArray:
    """The training rows that have text."""
    return np.flatnonzero([review is not None for review in view.reviews])


def _samples(
    view: DomainView, vocabulary: Vocabulary, rows: IntArray, max_words: int, own_review: bool
) -> Samples:
    reviews, times = vocabulary.encode(view.reviews[rows]), view.times[rows]

    def documents(owners: IntArray, n_owners: int) -> tuple[Documents, IntArray]:
        histories = Histories.of(reviews, owners, times, n_owners=n_owners)
        whole = histories.documents(cap=max_words)
        if own_review:
            return whole, owners
        without = histories.documents_without_own(cap=max_words)
        return whole + without, n_owners + np.arange(len(owners))

    user_documents, users = documents(view.users[rows], view.n_users)
    item_documents, items = documents(view.items[rows], view.n_items)
    return Samples(
        user_documents, item_documents, view.n_users, view.n_items, users, items, ratings=None
    )
