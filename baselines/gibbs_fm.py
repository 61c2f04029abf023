r"""Gibbs sampling of a factorisation machine whose rows are a user, an item, and the user's row.

S. Rendle, "Factorization machines with libFM", ACM TIST 3(3), 2012, section 4.4; the rows of one
user share what belongs to the user, as in S. Rendle, "Scaling factorization machines to relational
data", VLDB 2013.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from benchmark.recommender import FloatArray, IntArray

_AT_ONCE = 1 << 14
"""Users or items drawn together at most, which bounds the memory."""


class GibbsFM:
    r"""The state of the chain, for rows :math:`x = (u, i, a_u)` with targets ``y`` (n,).

    ``auxiliary`` (n_users, n_columns) holds the :math:`a_u`. Each block has one row
    :math:`(w, v)` (1 + k,) a column of the design, a weight and k factors. The model is

    .. math:: \hat y(x) = w_0 + \sum_j w_j x_j + \sum_{j<l} x_j x_l \, v_j \cdot v_l
    """

    def __init__(
        self,
        users: IntArray,
        items: IntArray,
        y: FloatArray,
        auxiliary: sparse.csr_matrix,
        n_items: int,
        factors: int,
        rng: np.random.Generator,
    ) -> None:
        self.rows, self.y, self.a = (users, items), y, auxiliary
        n, n_users = len(y), auxiliary.shape[0]
        self._of_user = sparse.csr_matrix((np.ones(n), (users, np.arange(n))), (n_users, n))
        self._of_item = sparse.csr_matrix((np.ones(n), (items, np.arange(n))), (n_items, n))
        self._counts = (self._of_user @ self._of_item.T).tocsr()  # ratings of a user and an item
        self._colours = _colours(auxiliary, np.flatnonzero(np.bincount(users, minlength=n_users)))
        seen = [users, items, np.concatenate([c for c, *_ in self._colours] or [users[:0]])]
        self.seen = [np.unique(ids) for ids in seen]
        sizes = (n_users, n_items, auxiliary.shape[1])
        self.blocks = [np.zeros((size, 1 + factors)) for size in sizes]
        for block, ids in zip(self.blocks, self.seen, strict=True):
            block[ids, 1:] = rng.normal(0, 0.1, (len(ids), factors))  # libFM's -init_stdev
        self.w0 = float(y.mean())
        self.alpha = 1.0
        self.means, self.precisions = np.zeros((3, 1 + factors)), np.ones((3, 1 + factors))
        self.residuals = y - self.predict(users, items)

    def profiles(self) -> FloatArray:
        """What users are to items (n_users, 1 + k): ``y = w0 + w_i + profile . (1, v_i)``."""
        (w, v), (w_a, v_a) = (np.split(self.blocks[b], [1], axis=1) for b in (0, 2))
        z = self.a @ v_a
        # The pairwise term among the auxiliary columns, Lemma 3.1 of Rendle, "Factorization
        # machines", ICDM 2010.
        among = (z**2 - self.a.multiply(self.a) @ v_a**2).sum(axis=1, keepdims=True) / 2
        own = w + self.a @ w_a + (v * z).sum(axis=1, keepdims=True) + among
        return np.hstack([own, v + z])

    def predict(self, users: IntArray, items: IntArray) -> FloatArray:
        """The model's values (n,) for pairs, at the current state."""
        profiles, block = self.profiles(), self.blocks[1]
        products = (profiles[users, 1:] * block[items, 1:]).sum(axis=1)
        return np.asarray(self.w0 + profiles[users, 0] + block[items, 0] + products)

    def sweep(self, rng: np.random.Generator) -> None:
        """One draw of everything, in the order of libFM: hyperparameters first."""
        n = len(self.y)
        self.alpha = rng.gamma((1 + n) / 2) / ((1 + (self.residuals**2).sum()) / 2)
        for b, (block, ids) in enumerate(zip(self.blocks, self.seen, strict=True)):
            # Rendle 2012, Eq. (34) and (35) with its constants: all 1, and prior mean 0.
            theta, mean = block[ids], self.means[b]
            rate = (1 + mean**2 + ((theta - mean) ** 2).sum(axis=0)) / 2
            self.precisions[b] = rng.gamma((2 + len(ids)) / 2, size=len(rate)) / rate
            spread = 1 / np.sqrt(self.precisions[b] * (1 + len(ids)))
            self.means[b] = rng.normal(theta.sum(axis=0) / (1 + len(ids)), spread)
            unseen = np.ones(len(block), dtype=bool)
            unseen[ids] = False
            # Differs: what no row has would be drawn from its prior, noise about the mean. Of
            # auxiliary columns few rows may tell that mean, and it would count once a rating.
            block[unseen] = self.means[b] if b < 2 else 0.0
        self.w0 += self.residuals.mean() + rng.normal() / np.sqrt(self.alpha * n)
        self.update(rng)

    def update(self, rng: np.random.Generator | None) -> None:
        """One pass over the blocks: draws, or without ``rng`` the conditional means (ALS)."""
        users, items = self.rows
        self.residuals = self.y - self.predict(users, items)
        z = self.a @ self.blocks[2][:, 1:]
        self._update(0, self._counts, self._of_user, self._ones(1)[items], self._ones(1), z, rng)
        profiles = self.profiles()
        profiles[:, 0] = 1
        self.residuals = self.y - self.predict(users, items)
        at_rows = profiles[users]
        self._update(1, self._counts.T.tocsr(), self._of_item, at_rows, profiles, None, rng)
        self.residuals = self.y - self.predict(users, items)
        if self._colours:
            self._update_auxiliary(rng)
            self.residuals = self.y - self.predict(users, items)

    def _ones(self, b: int) -> FloatArray:
        """The rows (1, v) of a block."""
        return np.hstack([np.ones((len(self.blocks[b]), 1)), self.blocks[b][:, 1:]])

    def _update(
        self,
        b: int,
        counts: sparse.csr_matrix,
        gather: sparse.csr_matrix,
        at_rows: FloatArray,
        known: FloatArray,
        shift: FloatArray | None,
        rng: np.random.Generator | None,
    ) -> None:
        """Draws a block of which each row of the design has one: independent regressions.

        ``known`` (m, 1 + k) is what the other side is to this one, ``at_rows`` (n, 1 + k) the same
        by rating; ``shift`` (n_block, k) adds to its factors.
        """
        products = (known[:, :, None] * known[:, None, :]).reshape(len(known), -1)
        against = self.residuals[:, None] * at_rows
        for ids in np.array_split(self.seen[b], len(self.seen[b]) // _AT_ONCE + 1):
            d = known.shape[1]
            gram = np.asarray(counts[ids] @ products).reshape(-1, d, d)
            moment = np.asarray(gather[ids] @ against)
            if shift is not None:
                gram, moment = _sheared(gram, shift[ids]), _slanted(moment, shift[ids])
            self.blocks[b][ids] = self._drawn(b, gram, moment, self.blocks[b][ids], rng)

    def _update_auxiliary(self, rng: np.random.Generator | None) -> None:
        """Draws the auxiliary columns; those of one colour share no user and go together."""
        d = self.blocks[1].shape[1]
        items = self._ones(1)
        products = (items[:, :, None] * items[:, None, :]).reshape(len(items), -1)
        grams = np.asarray(self._counts @ products).reshape(-1, d, d)
        moments = np.asarray(self._of_user @ (self.residuals[:, None] * items[self.rows[1]]))
        factors = self.profiles()[:, 1:]
        for columns, starts, of, users, a in self._colours:
            old = self.blocks[2][columns]
            # dy/dtheta = a (1, v_i + s): s is the user's factors without this column.
            s = factors[users] - a * old[of, 1:]
            at = grams[users]
            gram = np.add.reduceat(a[:, :, None] ** 2 * _sheared(at, s), starts)
            moment = np.add.reduceat(a * _slanted(moments[users], s), starts)
            new = self._drawn(2, gram, moment, old, rng)
            step = a * (new - old)[of]
            step[:, 0] += (s * step[:, 1:]).sum(axis=1)
            moments[users] -= (at @ step[:, :, None])[:, :, 0]
            factors[users] += step[:, 1:]
            self.blocks[2][columns] = new

    def _drawn(
        self,
        b: int,
        gram: FloatArray,
        moment: FloatArray,
        old: FloatArray,
        rng: np.random.Generator | None,
    ) -> FloatArray:
        """Draws (m, d) of coefficients with gram matrices (m, d, d), given their old values."""
        moment = moment + (gram @ old[:, :, None])[:, :, 0]
        prior = self.precisions[b]
        return drawn(
            self.alpha * gram + np.diag(prior), self.alpha * moment + prior * self.means[b], rng
        )


def drawn(precision: FloatArray, rhs: FloatArray, rng: np.random.Generator | None) -> FloatArray:
    """Draws (m, d) from normals of these precisions (m, d, d) and means ``precision^-1 rhs``."""
    if rng is not None:
        root: Any = np.linalg.cholesky(precision)
        rhs = rhs + (root @ rng.standard_normal((*rhs.shape, 1)))[:, :, 0]
    solution: Any = np.linalg.solve(precision, rhs[:, :, None])
    return np.asarray(solution[:, :, 0])


def _sheared(gram: FloatArray, s: FloatArray) -> FloatArray:
    """Sums (m, d, d) of outer products of (1, v), turned into those of (1, v + s)."""
    gram = gram.copy()
    gram[:, 1:] += s[:, :, None] * gram[:, :1]
    gram[:, :, 1:] += gram[:, :, :1] * s[:, None]
    return gram


def _slanted(moment: FloatArray, s: FloatArray) -> FloatArray:
    """Sums (m, d) of (1, v) e, turned into those of (1, v + s) e."""
    return np.hstack([moment[:, :1], moment[:, 1:] + s * moment[:, :1]])


Colour = tuple[IntArray, IntArray, IntArray, IntArray, FloatArray]


def _colours(auxiliary: sparse.csr_matrix, users: IntArray) -> list[Colour]:
    """Columns in groups within which no two share any of ``users``, greedily, largest first.

    Given the rest, such columns are independent. A group is its columns (c,), the start of each in
    its entries (c,), and the entries' position in the columns, users and values (m, 1).
    """
    rated: Any = auxiliary[users].tocsc()
    taken = [0] * len(users)  # which colours a user has, as bits
    groups: dict[int, list[int]] = {}
    counts = np.diff(rated.indptr)
    for column in np.argsort(-counts, kind="stable")[: np.count_nonzero(counts)].tolist():
        rows = rated.indices[rated.indptr[column] : rated.indptr[column + 1]].tolist()
        used = 0
        for row in rows:
            used |= taken[row]
        bit = ~used & (used + 1)
        for row in rows:
            taken[row] |= bit
        groups.setdefault(bit.bit_length(), []).append(column)
    colours = []
    for columns in map(np.array, groups.values()):
        part, sizes = rated[:, columns], counts[columns]
        of = np.repeat(np.arange(len(columns)), sizes)
        starts = np.cumsum(sizes) - sizes
        colours.append((columns, starts, of, users[part.indices], part.data[:, None]))
    return colours
