"""Feature vectors of users and items, from metadata and training rows alone.

Li and Tuzhilin, "Dual Metric Learning for Effective and Efficient Cross-Domain Recommendations",
section 5.2.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from benchmark.data.views import DomainView
from benchmark.recommender import IntArray
from methods.dml.blocks import Block, rating_blocks, review_blocks, table_blocks, time_blocks


@dataclass(frozen=True)
class Features:
    """Feature vectors (n, m) of users or items, stored sparse and uncentred.

    ``mean`` (m,) is that of the rows that have a feature; ``known`` (n, n_blocks) tells which rows
    have a block and ``widths`` (n_blocks,) how many columns it spans.
    """

    values: sparse.csr_matrix
    mean: NDArray[np.float32]
    known: NDArray[np.bool_]
    widths: IntArray

    def __len__(self) -> int:
        return int(self.values.shape[0])

    @property
    def width(self) -> int:
        """The number of features m."""
        return int(self.values.shape[1])

    @property
    def seen(self) -> IntArray:
        """The rows of which anything is known."""
        return np.flatnonzero(self.known.any(axis=1))

    def centred(self, rows: IntArray) -> NDArray[np.float32]:
        """The vectors (b, m) less their mean, so that what is unknown of a row is 0: the mean."""
        known = np.repeat(self.known[rows], self.widths, axis=1)
        return self.values[rows].toarray() - known * self.mean


def user_features(view: DomainView, columns: int) -> Features:
    """Rating, purchase history, review and timestamp (§5.2), and what users told of themselves.

    History and text are hashed to at most ``columns`` columns each.
    """
    ids, others = view.users, view.items
    blocks = [
        *rating_blocks(view, ids, others, view.n_users, view.n_items, columns),
        *review_blocks(view, ids, view.n_users, columns),
        *time_blocks(view, ids, view.n_users),
    ]
    if view.user_features is not None:
        blocks += table_blocks(view.user_features, columns)
    return _joined(blocks)


def item_features(view: DomainView, columns: int) -> Features:
    """Category, description, title and price (§5.2), texts hashed to at most ``columns`` each."""
    if view.item_features is not None and len(view.item_features.columns):
        return _joined(table_blocks(view.item_features, columns))
    # Differs: without metadata, items are described by their training ratings and who gave them.
    return _joined(
        rating_blocks(view, view.items, view.users, view.n_items, view.n_users, columns)
    )


def _joined(blocks: Iterable[Block]) -> Features:
    """The blocks side by side, each scaled to a total variance of 1."""
    # Silent: how features of different kinds are weighed. Unscaled, hundreds of columns of history
    # would leave the ratings no room in the code.
    scaled, means, known = [], [], []
    for block in blocks:
        rows = block.values[np.flatnonzero(block.known)]
        n = max(rows.shape[0], 1)
        mean = np.asarray(rows.sum(axis=0)).ravel() / n
        variance = rows.multiply(rows).sum() / n - mean @ mean
        scale = 1 / np.sqrt(variance) if variance > 1e-12 else 0.0
        scaled.append(block.values * scale)
        means.append(mean * scale)
        known.append(block.known)
    return Features(
        sparse.hstack(scaled, format="csr", dtype=np.float32),
        np.concatenate(means).astype(np.float32),
        np.column_stack(known),
        np.array([block.shape[1] for block in scaled]),
    )
