"""Half a sweep of alternating least squares: all rows of a sparse matrix without a loop over them.

Y. Koren, R. Bell and C. Volinsky, "Matrix factorization techniques for recommender systems", IEEE
Computer 42(8), 2009, "Alternating least squares".
"""

from __future__ import annotations

import numpy as np

from benchmark.recommender import FloatArray, IntArray

_AT_ONCE = 1 << 16
"""Ratings in one batch of systems at most, padding included, which bounds the memory."""


class HalfSweep:
    """The best rows of a rating matrix, given what is known of its columns.

    ``rows``, ``columns`` and ``weights`` (n,) belong to the ratings. Rows with about as many
    ratings are solved together: padded to the next power of two by ratings of weight 0, they are
    batches of matrix products and of linear systems.
    """

    def __init__(
        self, rows: IntArray, columns: IntArray, weights: FloatArray, n_rows: int
    ) -> None:
        self._n_rows = n_rows
        self._groups: list[tuple[IntArray, IntArray, IntArray, FloatArray]] = []
        order, counts = np.argsort(rows, kind="stable"), np.bincount(rows, minlength=n_rows)
        starts = np.cumsum(counts) - counts
        widths = 2 ** np.ceil(np.log2(np.maximum(counts, 1))).astype(np.int64)
        for width in np.unique(widths).tolist():
            place, same = np.arange(width), np.flatnonzero((widths == width) & (counts > 0))
            for part in np.array_split(same, len(same) * width // _AT_ONCE + 1):
                there = place < counts[part, None]
                ratings = order[np.where(there, starts[part, None] + place, 0)]  # (rows, width)
                scale = np.sqrt(weights[ratings]) * there
                self._groups.append((part, ratings, columns[ratings], scale[:, :, None]))

    def solve(self, known: FloatArray, targets: FloatArray, l2: float) -> FloatArray:
        """Ridge regressions of each row's ``targets`` on the columns ``known`` (n_columns, d).

        Args:
            targets: what is to be explained of each rating (n,).
            l2: the penalty on the squared coefficients, above 0.

        Returns:
            the coefficients (n_rows, d); 0 for a row without ratings.
        """
        solution = np.zeros((self._n_rows, known.shape[1]))
        for part, ratings, columns, scale in self._groups:
            x, y = scale * known[columns], scale * targets[ratings][:, :, None]
            xt = x.transpose(0, 2, 1)
            # The same solution twice; the system has the size of the ratings or of the factors.
            if x.shape[1] < x.shape[2]:
                z = xt @ np.linalg.solve(x @ xt + l2 * np.eye(x.shape[1]), y)
            else:
                z = np.linalg.solve(xt @ x + l2 * np.eye(x.shape[2]), xt @ y)
            solution[part] = z[:, :, 0]
        return solution
