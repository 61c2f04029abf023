"""Words and documents: users and items as the reviews by or about them, strung together.

Zheng, Noroozi, Yu: Joint Deep Modeling of Users and Items Using Reviews for Recommendation
(DeepCoNN), WSDM 2017, section 3.1.
"""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Self

import numpy as np
from numpy.typing import NDArray

from benchmark.recommender import IntArray

PAD, UNK = 0, 1

_WORD = re.compile(r"[^\W_]+")
_CHUNK = 1 << 22
"""Tokens gathered at a time, which bounds the memory of index arithmetic."""


def tokenize(text: str) -> list[str]:
    """The words of a text: runs of letters and digits in lower case, apostrophes closed up."""
    return _WORD.findall(text.lower().replace("'", "").replace("’", ""))


@dataclass(frozen=True)
class Texts:
    """Texts as word ids: text k is ``words[starts[k] : starts[k + 1]]``; starts (n + 1,)."""

    words: NDArray[np.int32]
    starts: IntArray

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, rows: IntArray) -> Texts:
        """The texts of ``rows``, in that order."""
        lengths = np.diff(self.starts)[rows]
        starts = _starts(lengths)
        within = np.arange(starts[-1]) - np.repeat(starts[:-1], lengths)
        return Texts(self.words[np.repeat(self.starts[rows], lengths) + within], starts)


@dataclass(frozen=True)
class Vocabulary:
    """The known words, the most frequent first; word k has the id k + 2, after PAD and UNK."""

    words: tuple[str, ...]

    @classmethod
    def of(cls, texts: Iterable[str | None], *, min_count: int) -> Self:
        """The words that occur at least ``min_count`` times in ``texts``; None is no text."""
        counts = Counter(chain.from_iterable(map(tokenize, filter(None, texts))))
        frequent = [word for word, count in counts.items() if count >= min_count]
        return cls(tuple(sorted(frequent, key=lambda word: (-counts[word], word))))

    def __len__(self) -> int:
        """The number of ids, PAD and UNK among them."""
        return len(self.words) + 2

    @cached_property
    def _ids(self) -> dict[str, int]:
        return {word: id for id, word in enumerate(self.words, start=2)}

    def encode(self, texts: Sequence[str | None] | NDArray[np.object_]) -> Texts:
        """The texts as ids; unknown words are UNK, and a missing text is empty."""
        words = array("i")
        lengths = np.zeros(len(texts), dtype=np.int64)
        for row, text in enumerate(texts):
            ids = [self._ids.get(word, UNK) for word in tokenize(text or "")]
            words.fromlist(ids)
            lengths[row] = len(ids)
        return Texts(np.array(words, dtype=np.int32), _starts(lengths))


@dataclass(frozen=True)
class Documents:
    """Word ids ``tokens`` (n, width), padded at the end with PAD, and their ``lengths`` (n,).

    No document is empty: one without words consists of a single UNK.
    """

    tokens: NDArray[np.int32]
    lengths: IntArray

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, rows: IntArray) -> Documents:
        """The documents of ``rows``, in that order."""
        return Documents(self.tokens[rows], self.lengths[rows])

    def __add__(self, other: Documents) -> Documents:
        """These documents followed by the others."""
        width = max(self.tokens.shape[1], other.tokens.shape[1])
        padded = (
            np.pad(part.tokens, ((0, 0), (0, width - part.tokens.shape[1])))
            for part in (self, other)
        )
        return Documents(
            np.concatenate(list(padded)), np.concatenate([self.lengths, other.lengths])
        )


@dataclass(frozen=True)
class Histories:
    """The reviews of each owner (a user or an item) strung together in order of time.

    ``stream`` holds the words of owner k from ``starts[k]`` to ``starts[k + 1]``; the review of
    row r belongs to ``owners[r]`` and lies ``offsets[r]`` words into it, ``sizes[r]`` words long.
    """

    stream: NDArray[np.int32]
    starts: IntArray
    owners: IntArray
    offsets: IntArray
    sizes: IntArray

    @classmethod
    def of(cls, reviews: Texts, owners: IntArray, times: IntArray, *, n_owners: int) -> Self:
        """Sort ``reviews`` by owner, then time; rows of equal time keep their order."""
        order = np.lexsort((times, owners))
        sizes = np.diff(reviews.starts)
        starts = _starts(np.bincount(owners, weights=sizes, minlength=n_owners).astype(np.int64))
        positions = np.empty(len(owners), dtype=np.int64)
        positions[order] = _starts(sizes[order])[:-1]
        return cls(reviews[order].words, starts, owners, positions - starts[owners], sizes)

    @property
    def lengths(self) -> IntArray:
        """The words of each owner (n_owners,), before any cap."""
        return np.diff(self.starts)

    def documents(self, *, cap: int) -> Documents:
        """One document an owner: its earliest ``cap`` words."""
        nothing = np.zeros(len(self.starts) - 1, dtype=np.int64)
        return self._gather(self.starts[:-1], self.lengths, nothing, nothing, cap)

    def documents_without_own(self, *, cap: int) -> Documents:
        """One document a row: its owner's earliest ``cap`` words outside the row's own review."""
        first = self.starts[self.owners]
        rest = self.lengths[self.owners] - self.sizes
        return self._gather(first, rest, self.offsets, self.sizes, cap)

    def _gather(
        self, first: IntArray, length: IntArray, gap: IntArray, skip: IntArray, cap: int
    ) -> Documents:
        """Words from ``first`` on, leaving out ``skip`` words after the first ``gap``."""
        kept = np.minimum(length, cap)
        column = np.arange(max(1, int(kept.max(initial=0))))
        tokens = np.full((len(first), len(column)), PAD, dtype=np.int32)
        step = max(1, _CHUNK // len(column))
        for rows in (slice(start, start + step) for start in range(0, len(first), step)):
            there = column < kept[rows, None]
            index = first[rows, None] + column + skip[rows, None] * (column >= gap[rows, None])
            tokens[rows][there] = self.stream[index[there]]
        tokens[kept == 0, 0] = UNK
        return Documents(tokens, np.maximum(kept, 1))


def _starts(lengths: IntArray) -> IntArray:
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
