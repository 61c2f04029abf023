"""Factors and attribute networks added up, users shared by two domains: DML's CCCFNet row (5.3).

J. Lian, F. Zhang, X. Xie and G. Sun, "CCCFNet: a content-boosted collaborative filtering neural
network for cross domain recommender systems", WWW 2017 Companion.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from baselines.attributes import item_attributes, user_attributes
from baselines.content_boosted import ContentBoosted
from baselines.shared_users import rows_of_users
from benchmark.data.views import TrainingData
from benchmark.recommender import (
    FloatArray,
    Overlap,
    Pairs,
    Recommender,
    Scores,
    Selection,
    Side,
    Signal,
)
from benchmark.space import Choice, Real, Space

Rows = tuple[Tensor, Tensor, Tensor]


@dataclass
class CCCFNet(Recommender):
    r"""Predicts :math:`\mu + [p_u, 1] \cdot [1, q_i] + g(x_u) \cdot h(y_i)` in either domain.

    The biases are inside the vectors p and q; g and h are networks on the attributes x and y. A
    shared user has one p and, with the attributes of both domains, one g(x), which carry the
    transfer. Without attributes of items the second product is left out.
    """

    name: ClassVar[str] = "cccfnet"
    paper: ClassVar[str] = (
        "Lian et al., CCCFNet: a content-boosted collaborative filtering neural network for cross "
        "domain recommender systems, WWW 2017 Companion"
    )
    title: ClassVar[str] = "CCCFNet"
    source_data: ClassVar[Signal] = Signal.RATINGS | Signal.FEATURES
    target_data: ClassVar[Signal] = Signal.RATINGS | Signal.FEATURES
    optional: ClassVar[Signal] = Signal.FEATURES
    overlap: ClassVar[Overlap] = Overlap.USERS
    scores: ClassVar[Scores] = Scores.BOTH
    selection: ClassVar[Selection] = Selection.TARGET
    space: ClassVar[Space] = {
        "factors": Choice((8, 16, 32, 64)),
        "hidden": Choice((16, 32, 64)),
        "lr": Real(5e-4, 1e-2, log=True),
        "l2": Real(0.01, 1.0, log=True),
        "l2_content": Real(0.001, 1.0, log=True),
    }
    smoke: ClassVar[dict[str, int]] = {"epochs": 2, "batch_size": 4096}

    # Silent: neither the paper, of two pages, nor DML gives any of these.
    factors: int = 16
    """Width of p, q, g and h; DML's width of embeddings."""
    hidden: int = 32
    """Units of the networks' one layer, tanh; twice the factors, as in DML's autoencoders."""
    batch_size: int = 256
    """As for NCF."""
    lr: float = 1e-3
    """Adam's learning rate; as for NCF."""
    l2: float = 0.1
    """Penalty on p and q, a rating; of 0.02 to 0.2 the middle, by Douban's validation rows."""
    l2_content: float = 0.01
    """Penalty on g and h, a rating."""
    epochs: int = 100
    """At most; as for NCF."""
    held_out: float = 0.1
    """Share of either domain's training rows that chooses the epoch."""
    patience: int = 5
    """Epochs without a new lowest error before training stops."""

    def fit(self, data: TrainingData, *, seed: int) -> Self:
        torch.manual_seed(seed)
        views = data.source, data.target
        self.row_of_user_ = rows_of_users(data)
        self.means_ = tuple(float(view.ratings.mean()) for view in views)
        held, train = zip(*(self._rows(data, d) for d in (0, 1)), strict=True)
        n_users = 1 + max(int(rows.max()) for rows in self.row_of_user_)
        items = [item_attributes(view) for view in views]
        users = self._attributes_of_users(data, n_users)
        net = ContentBoosted(
            n_users, [view.n_items for view in views], users, items, self.factors, self.hidden
        )
        kept, best = net, 0
        adam = torch.optim.Adam(net.parameters(), lr=self.lr, fused=True)
        losses: list[float] = []
        errors: list[float] = []
        while len(errors) < self.epochs and len(errors) < best + self.patience:
            losses.append(self._epoch(net, train, adam))
            errors.append(sum(_error(net, d, rows) ** 0.5 for d, rows in enumerate(held)) / 2)
            if errors[-1] == min(errors):
                best, kept = len(errors), copy.deepcopy(net)
        self.tables_ = kept.tables(0), kept.tables(1)
        self.history_ = {"error": losses, "held-out RMSE": errors}
        self.facts_ = {
            "epochs": len(errors),
            "best epoch": best,
            "shared users": len(data.shared_users),
            "item attributes": sum(0 if table is None else table.shape[1] for table in items),
            "user attributes": 0 if users is None else users.shape[1],
        }
        return self

    def _rows(self, data: TrainingData, d: int) -> tuple[Rows, Rows]:
        """A random share of a domain's rows, at least one, and the others."""
        view = (data.source, data.target)[d]
        users = torch.from_numpy(self.row_of_user_[d][view.users])
        targets = torch.from_numpy((view.ratings - self.means_[d]).astype(np.float32))
        columns = users, torch.from_numpy(view.items), targets
        order = torch.randperm(len(targets))
        cut = max(1, round(self.held_out * len(order)))
        held, rest = ([column[part] for column in columns] for part in order.tensor_split([cut]))
        return (held[0], held[1], held[2]), (rest[0], rest[1], rest[2])

    def _attributes_of_users(self, data: TrainingData, n: int) -> sparse.csr_matrix | None:
        """The vectors (n, m) of users in both domains side by side, 0 where not told."""
        blocks = []
        for view, rows in zip((data.source, data.target), self.row_of_user_, strict=True):
            told = user_attributes(view)
            if told is not None:
                entries = np.ones(len(rows)), (rows, np.arange(len(rows)))
                blocks.append(sparse.csr_matrix(entries, shape=(n, len(rows))) @ told)
        if not blocks:
            return None
        joined: sparse.csr_matrix = sparse.hstack(blocks, format="csr", dtype=np.float32)
        return joined

    def _epoch(
        self, net: ContentBoosted, train: tuple[Rows, ...], adam: torch.optim.Adam
    ) -> float:
        """One pass over both domains, their shuffled batches in turns; returns the mean error."""
        batches = [
            (d, part)
            for d, rows in enumerate(train)
            for part in torch.randperm(len(rows[0])).split(self.batch_size)
        ]
        total = 0.0
        for at in torch.randperm(len(batches)).tolist():
            d, part = batches[at]
            users, items, targets = (column[part] for column in train[d])
            x, y = net(d, users, items)
            error = torch.nn.functional.mse_loss((x * y).sum(dim=1), targets)
            squares = ((x**2).sum(dim=0) + (y**2).sum(dim=0)) / len(part)
            inside, content = squares.tensor_split([self.factors + 2])
            loss = error + self.l2 * inside.sum() + self.l2_content * content.sum()
            adam.zero_grad()
            loss.backward()
            adam.step()
            total += error.item()
        return total / len(batches)

    def predict(self, pairs: Pairs) -> FloatArray:
        d = 0 if pairs.side is Side.SOURCE else 1
        users, items = self.tables_[d]
        products = users[self.row_of_user_[d][pairs.users]] * items[pairs.items]
        scores: FloatArray = self.means_[d] + products.sum(axis=1)
        return scores


@torch.inference_mode()
def _error(net: ContentBoosted, d: int, rows: Rows) -> float:
    users, items, targets = rows
    parts = zip(users.split(1024), items.split(1024), strict=True)
    vectors = (net(d, u, i) for u, i in parts)
    scores = torch.cat([(x * y).sum(dim=1) for x, y in vectors])
    return torch.nn.functional.mse_loss(scores, targets).item()
