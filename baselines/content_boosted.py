"""CCCFNet's network: factors and attributes of two domains that share the users' side.

J. Lian, F. Zhang, X. Xie and G. Sun, "CCCFNet: a content-boosted collaborative filtering neural
network for cross domain recommender systems", WWW 2017 Companion, figure 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from scipy import sparse
from torch import Tensor, nn

from benchmark.recommender import FloatArray

_ROWS = 1024
"""Rows of attributes that are pooled at once."""


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
        self.content = nn.ModuleDict()
        if users is not None and any(table is not None for table in items):
            self.content["users"] = AttributeNetwork(users, factors, hidden)
            for d, table in enumerate(items):
                if table is not None:
                    self.content[f"items {d}"] = AttributeNetwork(table, factors, hidden)

    def forward(self, domain: int, users: Tensor, items: Tensor) -> tuple[Tensor, Tensor]:
        """Vectors (n, d) of users and of items whose products are the scores about the mean."""
        p, q = self.users(users), self.items[domain](items)
        # [u, 1] . [1, v]: the first of a user's numbers and the last of an item's are biases.
        x, y = [p, torch.ones_like(p[:, :1])], [torch.ones_like(q[:, :1]), q]
        if f"items {domain}" in self.content:
            x.append(self.content["users"](users))
            y.append(self.content[f"items {domain}"](items))
        return torch.cat(x, dim=1), torch.cat(y, dim=1)

    @torch.inference_mode()
    def tables(self, domain: int) -> tuple[FloatArray, FloatArray]:
        """The vectors (n, d) of all users and of all items of a domain."""
        table: Any = self.items[domain]
        sizes = self.users.num_embeddings, table.num_embeddings
        none = torch.zeros(_ROWS, dtype=torch.long)
        sides: list[list[Tensor]] = [[], []]
        for side, size in enumerate(sizes):
            for rows in torch.arange(size).split(_ROWS):
                both = [none[: len(rows)]] * 2
                both[side] = rows
                sides[side].append(self(domain, *both)[side])
        users, items = (torch.cat(parts).double().numpy() for parts in sides)
        return users, items


class AttributeNetwork(nn.Module):
    """The sum of the embeddings of a row's attributes, and one layer of tanh on it."""

    def __init__(self, attributes: sparse.csr_matrix, factors: int, hidden: int) -> None:
        super().__init__()
        self.attributes = attributes
        self.embeddings = nn.EmbeddingBag(attributes.shape[1], factors, mode="sum")
        nn.init.normal_(self.embeddings.weight, std=0.01)
        self.layers = nn.Sequential(
            nn.Linear(factors, hidden), nn.Tanh(), nn.Linear(hidden, factors)
        )

    def forward(self, rows: Tensor) -> Tensor:
        """The vectors (n, factors) of these ``rows`` (n,) of the attributes."""
        told = self.attributes[rows.numpy()]
        indices, starts = (
            torch.from_numpy(part.astype(np.int64)) for part in (told.indices, told.indptr[:-1])
        )
        pooled = self.embeddings(indices, starts, per_sample_weights=torch.from_numpy(told.data))
        images: Tensor = self.layers(pooled)
        return images
