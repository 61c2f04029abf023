"""A factorisation machine over the codes of a user and an item: the top of DeepCoNN.

S. Rendle, "Factorization machines", ICDM 2010, Eqs. (1) and (5).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class FactorizationMachine(nn.Module):
    """Ratings (n,) of inputs (n, d): bias, linear and pairwise terms through ``k`` factors."""

    def __init__(self, d: int, k: int, *, dropout: float) -> None:
        super().__init__()
        # The authors' code of DeepCoNN's row: initial values, and dropout of pairwise terms only.
        self.bias = nn.Parameter(torch.tensor(0.1))
        self.linear = nn.Parameter(torch.empty(d).uniform_(-0.1, 0.1))
        self.factors = nn.Parameter(torch.empty(d, k).uniform_(-0.1, 0.1))
        self.dropout = nn.Dropout(dropout)

    def forward(self, inputs: Tensor) -> Tensor:
        linear, sums, squares = self.sums(inputs)
        pairwise = self.dropout((sums**2 - squares) / 2)  # Eq. (5)
        ratings: Tensor = self.bias + linear + pairwise.sum(dim=1)
        return ratings

    def sums(self, inputs: Tensor, rows: slice = slice(None)) -> tuple[Tensor, Tensor, Tensor]:
        """The linear terms (n,), and of each factor the sum (n, k) and that of squares (n, k).

        ``inputs`` may be a part of all d, ``rows`` of them; sums of parts add up to those of all.
        """
        factors = self.factors[rows]
        return inputs @ self.linear[rows], inputs @ factors, inputs**2 @ factors**2
