"""What RecSys-DAN trains on: pairs of a user and an item, by their reviews or the item's image.

Wang, Niepert, Li: RecSys-DAN, TNNLS 2020, section V-A; documents as in DeepCoNN (WSDM 2017).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

import numpy as np

from benchmark.data.text import Documents, Histories, Vocabulary
from benchmark.data.views import DomainView, TrainingData
from benchmark.errors import NotApplicableError
from benchmark.recommender import FloatArray, IntArray
from methods.recsys_dan.images import Standardiser

Modality = Literal["unimodal", "multimodal"]
"""Items by their reviews, or by their images; users by their reviews in both cases."""


class Inputs(Protocol):
    """What represents users or items, one entry each: documents, images, or their codes."""

    def __len__(self) -> int: ...

    def __getitem__(self, rows: IntArray) -> Any: ...


@dataclass(frozen=True)
class Samples:
    """Pairs of one domain: row k is the user ``users[k]`` and the item ``items[k]``.

    ``users`` and ``items`` (n,) are positions in the inputs, whose first ``n_users`` and
    ``n_items`` entries stand for the domain's users and items in their own order; ``rows`` (n,)
    are the pairs' training rows. ``ratings`` (n,) is None where they are unknown, which is always
    so in the target.
    """

    user_inputs: Inputs
    item_inputs: Inputs
    n_users: int
    n_items: int
    users: IntArray
    items: IntArray
    rows: IntArray
    ratings: FloatArray | None

    def __len__(self) -> int:
        return len(self.users)

    def parted(self, share: float, rng: np.random.Generator) -> tuple[Samples, Samples]:
        """At random ``share`` of the pairs, at least one, and the rest, if there is any."""
        drawn = rng.permutation(len(self))
        n = min(max(1, round(share * len(self))), max(1, len(self) - 1))
        return self._chosen(drawn[:n]), self._chosen(drawn[n:] if len(self) > 1 else drawn)

    def showing(self, other: Samples) -> Samples:
        """The pairs of ``other``, which has the same inputs in another form."""
        return replace(other, user_inputs=self.user_inputs, item_inputs=self.item_inputs)

    def _chosen(self, pairs: IntArray) -> Samples:
        return replace(
            self,
            users=self.users[pairs],
            items=self.items[pairs],
            rows=self.rows[pairs],
            ratings=None if self.ratings is None else self.ratings[pairs],
        )


@dataclass(frozen=True)
class Corpus:
    """The samples of both domains; ``held_out`` pairs are the source's, for stopping in time."""

    vocabulary: Vocabulary
    source: Samples
    held_out: Samples
    target: Samples


def read_corpus(
    data: TrainingData,
    modality: Modality,
    *,
    min_count: int,
    max_words: int,
    own_review: bool,
    held_out: float,
    rng: np.random.Generator,
) -> Corpus:
    """The training rows that can be represented: by text, and by an image where multimodal.

    Raises:
        NotApplicableError: a domain has too few such rows.
    """
    source_rows, target_rows = (represented(view, modality) for view in (data.source, data.target))
    if len(source_rows) < 2 or not len(target_rows):
        needs = {"unimodal": "reviews", "multimodal": "reviews of items with an image"}[modality]
        raise NotApplicableError(
            f"needs {needs} in both domains; the source has {len(source_rows)} training rows "
            f"with them (at least 2) and the target {len(target_rows)} (at least 1)"
        )
    # |VOC| "of words used in reviews in the source and target training sets", section V-A.
    # Silent: what becomes of rarer words; section V-A has them removed, Table V shows <UNK>, which
    # they are here: they count towards the cap and in the average of Eq. (2).
    # Silent: words are runs of letters and digits in lower case, marks of HTML as they stand in
    # the file; documents are in order of time, and an empty one is a single unknown word.
    texts = (data.source.reviews[source_rows], data.target.reviews[target_rows])
    vocabulary = Vocabulary.of(np.concatenate(texts), min_count=min_count)
    n_held = min(max(1, round(held_out * len(source_rows))), len(source_rows) - 1)
    shuffled = rng.permutation(source_rows)
    held, kept = np.sort(shuffled[:n_held]), np.sort(shuffled[n_held:])

    images = (
        Standardiser.of(data.source.item_images[np.unique(data.source.items[kept])])
        if modality == "multimodal"
        else None
    )
    # Silent: held-out rows are in nothing that is learned from, as test rows are: no document, no
    # pair that Df is shown, no triple.
    source = _samples(data.source, vocabulary, images, kept, max_words, own_review)
    return Corpus(
        vocabulary,
        replace(source, ratings=data.source.ratings[kept]),
        replace(
            source,
            users=data.source.users[held],
            items=data.source.items[held],
            rows=held,
            ratings=data.source.ratings[held],
        ),
        _samples(data.target, vocabulary, images, target_rows, max_words, own_review),
    )


def represented(view: DomainView, modality: Modality) -> IntArray:
    """The training rows that have text and, if ``multimodal``, whose item has an image."""
    # Silent: items without image are dropped, and all that is said of them: Table I counts fewer
    # items than the published data have.
    usable = np.array([review is not None for review in view.reviews], dtype=bool)
    if modality == "multimodal":
        usable &= view.has_image[view.items]
    return np.flatnonzero(usable)


def _samples(
    view: DomainView,
    vocabulary: Vocabulary,
    images: Standardiser | None,
    rows: IntArray,
    max_words: int,
    own_review: bool,
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
    item_inputs: Inputs
    if images is None:
        item_inputs, items = documents(view.items[rows], view.n_items)
    else:
        item_inputs, items = images(view.item_images, view.has_image), view.items[rows]
    return Samples(
        user_documents, item_inputs, view.n_users, view.n_items, users, items, rows, ratings=None
    )
