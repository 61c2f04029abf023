"""CCCFNet's network: factors and attributes of two domains that share the users' side.

J. Lian, F. Zhang, X. Xie and G. Sun, "CCCFNet: a content-boosted collaborative filtering neural
network for cross domain recommender systems", WWW 2017 Companion, figure 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from scipy import sparse
from torch import Tensor, nn

from benchmark.recommender import FloatArray

_ROWS = 1024
"""Rows of attributes that are written out at once."""


class ContentBoosted(nn.Module):
    """Scores users and items of domain 0 or 1; a user has the same row in both.

    ``users`` (n_users, m) and ``items`` (n_items, m) of either domain are their attributes; where
    one of the two is None, the domain has no content part.
    """

    def __init__(
        self,
        n_users: int,
        n_items: Sequence[int],
        users: sparse.csr_matrix | None,
        items: Sequence[sparse.csr_matrix | None],
        factors: int,
        hidden: int,
    ) -> None:
        super().__init__()
        self.users = nn.Embedding(n_users, factors + 1)
        self.items = nn.ModuleList(nn.Embedding(n, factors + 1) for n in n_items)
        for table in (self.users, *self.items):
            nn.init.normal_(table.weight, std=0.01)
        # A sum of attributes' embeddings is a linear layer on their vector.
        self.user_net = None if users is None else _network(users.shape[1], factors, hidden)
        self.item_nets = nn.ModuleList(
            nn.Identity() if table is None else _network(table.shape[1], factors, hidden)
            for table in items
        )
        self._attributes = users, tuple(items)

    def forward(self, domain: int, users: Tensor, items: Tensor) -> Tensor:
        """Scores (n,) about the domain's mean."""
        p, q = self.users(users), self.items[domain](items)
        # [u, 1] . [1, v]: the first of a user's numbers and the last of an item's are biases.
        scores: Tensor = p[:, 0] + q[:, -1] + (p[:, 1:] * q[:, :-1]).sum(dim=1)
        of_users, of_items = self._attributes[0], self._attributes[1][domain]
        if self.user_net is None or of_users is None or of_items is None:
            return scores
        x, y = (
            self.user_net(_dense(of_users, users)),
            self.item_nets[domain](_dense(of_items, items)),
        )
        return scores + (x * y).sum(dim=1)

    @torch.inference_mode()
    def tables(self, domain: int) -> tuple[FloatArray, FloatArray]:
        """Vectors of users and items (n, d) whose products are the domain's scores."""
        item_table: Any = self.items[domain]
        p, q = self.users.weight, item_table.weight
        users = [torch.ones_like(p[:, :1]), p]
        items = [q[:, -1:], torch.ones_like(q[:, :1]), q[:, :-1]]
        of_users, of_items = self._attributes[0], self._attributes[1][domain]
        if self.user_net is not None and of_users is not None and of_items is not None:
            users.append(_images(self.user_net, of_users))
            items.append(_images(self.item_nets[domain], of_items))
        return torch.cat(users, 1).double().numpy(), torch.cat(items, 1).double().numpy()


def _network(n_attributes: int, factors: int, hidden: int) -> nn.Module:
    embedding = nn.Linear(n_attributes, factors, bias=False)
    nn.init.normal_(embedding.weight, std=0.01)
    return nn.Sequential(
        embedding, nn.Linear(factors, hidden), nn.Tanh(), nn.Linear(hidden, factors)
    )


def _dense(attributes: sparse.csr_matrix, rows: Tensor) -> Tensor:
    return torch.from_numpy(attributes[rows.numpy()].toarray())


def _images(network: nn.Module, attributes: sparse.csr_matrix) -> Tensor:
    parts = torch.arange(attributes.shape[0]).split(_ROWS)
    return torch.cat([network(_dense(attributes, part)) for part in parts])
