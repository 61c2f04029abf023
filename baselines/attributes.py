"""Attributes of users and items as sparse vectors, for methods with a content part."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.preprocessing import normalize

from benchmark.data.views import DomainView

_WORDS = 1000
"""Columns that the words of one column of a table are hashed to."""


def item_attributes(view: DomainView) -> sparse.csr_matrix | None:
    """The items' vectors (n_items, m) from their table, or None where there is none."""
    return table_attributes(view.item_features)


def user_attributes(view: DomainView) -> sparse.csr_matrix | None:
    """The users' vectors (n_users, m) from their table, else from what they have rated.

    Without a table, a user's vector is the mean one of the items that the user has rated in
    training; without a table of items either, there is none.
    """
    told = table_attributes(view.user_features)
    items = item_attributes(view)
    if told is not None or items is None:
        return told
    ones = np.ones(len(view.users))
    rated = sparse.csr_matrix((ones, (view.users, view.items)), (view.n_users, view.n_items))
    return (normalize(rated, norm="l1") @ items).tocsr()


def table_attributes(table: pd.DataFrame | None) -> sparse.csr_matrix | None:
    """One row a row of ``table`` (n, m): numbers standardised, anything else as hashed words.

    What is missing is 0: for numbers the mean, for words none.
    """
    if table is None or not len(table.columns):
        return None
    blocks = [
        _numbers(table[name])
        if pd.api.types.is_numeric_dtype(table[name])
        else _words(table[name])
        for name in table.columns
    ]
    joined: sparse.csr_matrix = sparse.hstack(blocks, format="csr", dtype=np.float32)
    return joined


def _numbers(column: pd.Series) -> sparse.csr_matrix:  # type: ignore[type-arg]
    values = column.to_numpy(dtype=float, na_value=np.nan)
    known = values[~np.isnan(values)]
    if not len(known) or known.std() == 0:
        return sparse.csr_matrix((len(values), 1))
    return sparse.csr_matrix(np.nan_to_num((values - known.mean()) / known.std())[:, None])


def _words(column: pd.Series) -> sparse.csr_matrix:  # type: ignore[type-arg]
    texts = column.astype(object).where(column.notna(), "").astype(str)
    # Words of one letter are kept: a category may be one.
    hasher = HashingVectorizer(
        n_features=_WORDS, alternate_sign=False, token_pattern=r"(?u)\b\w+\b"
    )
    words: sparse.csr_matrix = hasher.transform(texts.to_numpy())
    return words
