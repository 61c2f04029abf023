"""What was read of a user and an item, in words.

Wang, Niepert, Li: RecSys-DAN, TNNLS 2020, Table V.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from benchmark.data.text import PAD, UNK, Documents
from benchmark.recommender import IntArray, Pairs, Side
from methods.recsys_dan.samples import Corpus, Inputs


@dataclass(frozen=True)
class Reading:
    """Documents of users and items, and the ``words`` (|VOC| + 2,) that their numbers stand for.

    Items of the multimodal instances have images, of which there is nothing to read.
    """

    words: NDArray[np.object_]
    users: Mapping[Side, Documents | None]
    items: Mapping[Side, Documents | None]

    @classmethod
    def of(cls, corpus: Corpus) -> Self:
        """The documents that predictions are made from."""
        words = np.empty(len(corpus.vocabulary), dtype=object)
        words[PAD], words[UNK], words[UNK + 1 :] = "", "<UNK>", corpus.vocabulary.words
        samples = {Side.SOURCE: corpus.source, Side.TARGET: corpus.target}
        return cls(
            words,
            {k: _documents(s.user_inputs, s.n_users) for k, s in samples.items()},
            {k: _documents(s.item_inputs, s.n_items) for k, s in samples.items()},
        )

    def of_pairs(self, pairs: Pairs) -> list[dict[str, str]]:
        """What stands for the user and the item of each pair."""
        users = self._texts(self.users[pairs.side], pairs.users)
        items = self._texts(self.items[pairs.side], pairs.items)
        return [{"user": user, "item": item} for user, item in zip(users, items, strict=True)]

    def _texts(self, documents: Documents | None, rows: IntArray) -> list[str]:
        if documents is None:
            return ["(image)"] * len(rows)
        return [" ".join(self.words[row[row != PAD]]) for row in documents[rows].tokens]


def _documents(inputs: Inputs, n: int) -> Documents | None:
    return inputs[np.arange(n)] if isinstance(inputs, Documents) else None
