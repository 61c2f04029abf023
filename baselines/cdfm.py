"""A factorisation machine that sees the user's other domain: the CDFM row of DML (section 5.3).

B. Loni, Y. Shi, M. Larson and A. Hanjalic, "Cross-domain collaborative filtering with
factorization machines", ECIR 2014.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from scipy import sparse

from baselines.gibbs_fm import GibbsFM
from benchmark.data.views import TrainingData
from benchmark.recommender import (
    FloatArray,
    Overlap,
    Pairs,
    Recommender,
    Selection,
    Signal,
)
from benchmark.space import Choice, Integer, Space

_CHUNK = 4096
"""Pairs scored at once, which bounds the memory."""


@dataclass
class CDFM(Recommender):
    """A row is a user, an item of the target, and what a shared user has rated in the source.

    The user's source ratings are real features divided by their number (section 3, Eq. (4)), so
    that all users' rows weigh alike. A user who is not shared has none, and the machine is then
    a factorisation of the target's ratings.
    """

    name: ClassVar[str] = "cdfm"
    paper: ClassVar[str] = (
        "Loni et al., Cross-domain collaborative filtering with factorization machines, ECIR 2014"
    )
    title: ClassVar[str] = "CDFM"
    source_data: ClassVar[Signal] = Signal.RATINGS
    target_data: ClassVar[Signal] = Signal.RATINGS
    overlap: ClassVar[Overlap] = Overlap.USERS
    selection: ClassVar[Selection] = Selection.TARGET
    space: ClassVar[Space] = {
        "factors": Choice((4, 8, 16, 32)),
        "sweeps": Integer(50, 200),
    }
    smoke: ClassVar[dict[str, int]] = {"factors": 3, "sweeps": 6, "burn_in": 2, "kept": 2}

    # Silent: DML gives no settings. The paper uses libFM with MCMC; the values are libFM's.
    factors: int = 8
    """Width of the factors; libFM's default."""
    sweeps: int = 100
    """Draws of all parameters; libFM's default."""
    # Silent: libFM averages over all draws, the first ones included.
    burn_in: int = 20
    """First draws that do not count."""
    kept: int = 20
    """Draws that predictions are averaged over at most, evenly spaced, as each costs memory."""

    def fit(self, data: TrainingData, *, seed: int) -> Self:
        view, rng = data.target, np.random.default_rng(seed)
        auxiliary = source_rows(data)
        machine = GibbsFM(
            view.users, view.items, view.ratings, auxiliary, view.n_items, self.factors, rng
        )
        after = self.sweeps - min(self.burn_in, self.sweeps - 1)
        kept = set(
            np.linspace(self.sweeps - after + 1, self.sweeps, min(self.kept, after)).round()
        )
        users, items, errors = [], [], []
        for sweep in range(1, self.sweeps + 1):
            machine.sweep(rng)
            errors.append(float(np.sqrt(np.mean(machine.residuals**2))))
            if sweep in kept:
                users.append(machine.profiles())
                items.append(machine.blocks[1] + machine.w0 * np.eye(1, 1 + self.factors))
        self.users_ = np.stack(users, axis=1).astype(np.float32)  # (n_users, kept, 1 + k)
        self.items_ = np.stack(items, axis=1).astype(np.float32)  # (n_items, kept, 1 + k)
        self.range_ = view.ratings.min(), view.ratings.max()
        self.history_ = {"training RMSE": errors}
        self.facts_ = {
            "users with source ratings": int(np.count_nonzero(np.diff(auxiliary.indptr))),
            "noise": float(1 / np.sqrt(machine.alpha)),
        }
        return self

    def predict(self, pairs: Pairs) -> FloatArray:
        scores = np.empty(len(pairs))
        for start in range(0, len(pairs), _CHUNK):
            chunk = slice(start, start + _CHUNK)
            users, items = self.users_[pairs.users[chunk]], self.items_[pairs.items[chunk]]
            products = (users[:, :, 1:] * items[:, :, 1:]).sum(axis=2, dtype=np.float64)
            draws = users[:, :, 0] + items[:, :, 0] + products
            scores[chunk] = np.clip(draws, *self.range_).mean(axis=1)  # As libFM, each draw
        return scores


def source_rows(data: TrainingData) -> sparse.csr_matrix:
    """Each target user's training ratings of the source over their number (n_users, n_items).

    Rows of users who are not shared are empty.
    """
    shared, view = data.shared_users, data.source
    target = np.full(view.n_users, -1)
    target[shared[:, 0]] = shared[:, 1]
    mine = target[view.users] >= 0
    users, items = target[view.users[mine]], view.items[mine]
    shape = (data.target.n_users, view.n_items)
    counts = np.bincount(users, minlength=shape[0])
    # Copies of a rating, where the protocol keeps them, count as often as they stand there.
    return sparse.csr_matrix((view.ratings[mine] / counts[users], (users, items)), shape=shape)
