"""What an autoencoder of features is: codes in the unit ball, and a loss to learn them by.

Li and Tuzhilin, "Dual Metric Learning for Effective and Efficient Cross-Domain Recommendations",
section 3.1, Eq. (2).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from itertools import pairwise

import torch
from torch import Tensor, nn

HIDDEN = (32, 16)
"""Widths of the encoder's two hidden layers; the decoder mirrors them (§5.4). Codes of more than
16 dimensions span no more than 17 directions."""


class Coder(nn.Module, ABC):
    """Encoder m -> hidden -> outputs and decoder d -> hidden, reversed -> m."""

    def __init__(
        self, width: int, outputs: int, dimension: int, hidden: tuple[int, ...] = HIDDEN
    ) -> None:
        super().__init__()
        # Silent: the activation; ReLU, as in the recommendation networks.
        self.encoder = mlp(width, *hidden, outputs)
        self.decoder = mlp(dimension, *reversed(hidden), width)

    @abstractmethod
    def encode(self, features: Tensor) -> Tensor:
        """Codes (n, d) of features (n, m), in the unit ball."""

    @abstractmethod
    def loss(self, features: Tensor) -> Tensor:
        """What is minimised, over features (n, m); draws from torch's default generator."""

    def lost(self, features: Tensor, codes: Tensor) -> Tensor:
        """The mean squared norm of what is lost of features (n, m); Eq. (2)."""
        return torch.mean(torch.sum((features - self.decoder(codes)).square(), dim=1))


def into_ball(codes: Tensor) -> Tensor:
    """The codes (n, d), those outside the unit ball moved to its nearest point."""
    # Silent: how codes are kept in the ball. Projection is part of the encoder, so that the
    # decoder learns with it; scaling all of them by the longest would let one row shrink the rest.
    lengths: Tensor = torch.linalg.vector_norm(codes, dim=1, keepdim=True)
    return codes / lengths.clamp(min=1)


def from_ball(n: int, dimension: int) -> Tensor:
    """Points (n, d) drawn evenly from the unit ball."""
    directions = torch.nn.functional.normalize(torch.randn(n, dimension), dim=1)
    return torch.rand(n, 1) ** (1 / dimension) * directions


def mlp(*widths: int) -> nn.Sequential:
    """Linear layers with ReLU between them."""
    layers: list[nn.Module] = []
    for before, after in pairwise(widths):
        layers += [nn.Linear(before, after), nn.ReLU()]
    return nn.Sequential(*layers[:-1])
