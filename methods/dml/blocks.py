"""What is known of users and items, as blocks of columns: ratings, history, text, times, tables.

Li and Tuzhilin, "Dual Metric Learning for Effective and Efficient Cross-Domain Recommendations",
section 5.2.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.preprocessing import normalize

from benchmark.data.views import DomainView
from benchmark.recommender import FloatArray, IntArray

# Silent: a histogram of one rating is that rating itself; five ratings drawn as the whole domain
# rates stand beside it, so that few ratings say little.
PSEUDO_RATINGS = 5.0


@dataclass(frozen=True)
class Block:
    """Columns of one kind: ``values`` (n, k), and which rows (n,) have them at all."""

    values: sparse.csr_matrix
    known: NDArray[np.bool_]


def rating_blocks(
    view: DomainView, ids: IntArray, others: IntArray, n: int, n_others: int, columns: int
) -> Iterator[Block]:
    """What was rated and how, of each of ``n`` users (or items); ``others`` is the other side."""
    low, high = view.scale
    counts = np.bincount(ids, minlength=n).astype(float)
    known = counts > 0
    levels = round(high - low) + 1
    level = np.clip(np.rint(view.ratings - low), 0, levels - 1).astype(int)
    prior = np.bincount(level, minlength=levels) / max(len(level), 1)
    histogram = np.bincount(ids * levels + level, minlength=n * levels).reshape(n, levels)
    shares = (histogram + PSEUDO_RATINGS * prior) / (counts + PSEUDO_RATINGS)[:, None]
    mean = shares @ np.arange(levels)
    yield _numbers(np.column_stack([shares, mean, np.log1p(counts)]), known)

    # Indices are numbered by hash, so that the remainder is a hash of the id.
    width = min(columns, n_others)
    history = sparse.csr_matrix((np.ones(len(ids)), (ids, others % width)), shape=(n, width))
    yield Block(normalize(history), known)


def review_blocks(view: DomainView, ids: IntArray, n: int, columns: int) -> Iterator[Block]:
    """The words of each user's training reviews, one bag a user."""
    if view.reviews is None:
        return
    written = np.array([text is not None for text in view.reviews], dtype=bool)
    authors = ids[written]
    words = _words(view.reviews[written], columns)
    gather = sparse.csr_matrix(
        (np.ones(len(authors)), (authors, np.arange(len(authors)))), shape=(n, len(authors))
    )
    yield Block(normalize(gather @ words), np.bincount(authors, minlength=n) > 0)


def time_blocks(view: DomainView, ids: IntArray, n: int) -> Iterator[Block]:
    """First, mean and last time of each user's ratings, where times are known."""
    dated = view.times >= 0
    if not dated.any():
        return
    times = pd.Series(view.times[dated].astype(float)).groupby(ids[dated])
    table = times.agg(["min", "mean", "max"]).reindex(np.arange(n))
    yield _numbers(table.to_numpy(), table["mean"].notna().to_numpy())


def table_blocks(table: pd.DataFrame, columns: int) -> Iterator[Block]:
    """One block a metadata column: numbers as they are, anything else as a bag of words."""
    for name in table.columns:
        column = table[name]
        known = column.notna().to_numpy(dtype=bool)
        if pd.api.types.is_numeric_dtype(column):
            yield _numbers(column.to_numpy(dtype=float, na_value=np.nan)[:, None], known)
        else:
            text = column.astype(object).where(known, "").astype(str)
            yield Block(_words(text.to_numpy(), columns), known)


def _words(texts: NDArray[np.object_], columns: int) -> sparse.csr_matrix:
    """Hashed term frequencies (n, columns), rows of unit length."""
    if not len(texts):
        return sparse.csr_matrix((0, columns))
    # Words of one letter are kept: a category may be one.
    hasher = HashingVectorizer(
        n_features=columns, alternate_sign=False, token_pattern=r"(?u)\b\w+\b"
    )
    words: sparse.csr_matrix = hasher.transform(texts)
    return words


def _numbers(values: FloatArray, known: NDArray[np.bool_]) -> Block:
    """Columns of numbers, each in standard deviations from the mean of the known rows."""
    rows = values[known]
    spread = rows.std(axis=0) if len(rows) else np.ones(values.shape[1])
    centre = rows.mean(axis=0) if len(rows) else np.zeros(values.shape[1])
    standard = (values - centre) / np.where(spread > 0, spread, 1)
    return Block(sparse.csr_matrix(np.where(known[:, None], standard, 0)), known)
