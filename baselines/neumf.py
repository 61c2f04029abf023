"""The network of neural matrix factorisation, GMF and a tower side by side, for ratings.

X. He, L. Liao, H. Zhang, L. Nie, X. Hu and T.-S. Chua, "Neural collaborative filtering", WWW 2017,
section 3.4 and figure 3.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn


class NeuMF(nn.Module):
    """Figure 3 of the paper; ``users`` and ``items`` hold the embeddings of both parts."""

    def __init__(self, n_users: int, n_items: int, factors: int) -> None:
        super().__init__()
        self.factors = factors
        self.users = nn.Embedding(n_users, 5 * factors)
        self.items = nn.Embedding(n_items, 5 * factors)
        widths = [8 * factors, 4 * factors, 2 * factors, factors]
        layers = [nn.Linear(*pair) for pair in pairwise(widths)]
        self.tower = nn.Sequential(*(part for layer in layers for part in (layer, nn.ReLU())))
        # Differs: no sigmoid, as the targets are ratings.
        self.output = nn.Linear(2 * factors, 1)
        for table in (self.users, self.items):
            nn.init.normal_(table.weight, std=0.01)  # Section 4.1
        for layer in layers:
            nn.init.xavier_uniform_(layer.weight)  # Keras's default, as in the authors' code
        nn.init.kaiming_uniform_(self.output.weight, nonlinearity="linear")  # Its lecun_uniform
        for layer in (*layers, self.output):
            nn.init.zeros_(layer.bias)

    def forward(self, users: Tensor, items: Tensor) -> Tensor:
        """Scores (n,) as shares of the highest rating."""
        gmf_u, mlp_u = self.users(users).split([self.factors, 4 * self.factors], dim=1)
        gmf_i, mlp_i = self.items(items).split([self.factors, 4 * self.factors], dim=1)
        gmf = gmf_u * gmf_i  # Eq. (8)
        mlp = self.tower(torch.cat([mlp_u, mlp_i], dim=1))  # Eq. (10)
        scores: Tensor = self.output(torch.cat([gmf, mlp], dim=1))  # Eq. (12), (n, 1)
        return scores.squeeze(1)
