"""The adversarial autoencoder of Table 11.

Makhzani, Shlens, Jaitly, Goodfellow, Frey, "Adversarial Autoencoders", arXiv:1511.05644.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from methods.dml.autoencoders.coder import Coder, from_ball, into_ball, mlp

# Silent: the adversary, its weight and the prior: two layers, a weight that leaves reconstruction
# the larger part, points drawn evenly from the unit ball.
CRITIC_HIDDEN = 32
ADVERSARY_WEIGHT = 0.1


class AdversarialAutoEncoder(Coder):
    """A critic learns to tell codes from draws of the prior, the encoder that it cannot."""

    def __init__(self, width: int, dimension: int) -> None:
        super().__init__(width, dimension, dimension)
        self.critic = mlp(dimension, CRITIC_HIDDEN, 1)

    def encode(self, features: Tensor) -> Tensor:
        """Codes (n, d) of features (n, m)."""
        codes: Tensor = self.encoder(features)
        return into_ball(codes)

    def loss(self, features: Tensor) -> Tensor:
        """Eq. (2) and the critic's loss, whose gradient reaches the encoder turned round."""
        # Differs: critic and encoder step together, the encoder against the critic's own loss.
        codes = self.encode(features)
        drawn = from_ball(*codes.shape)
        verdicts = self.critic(torch.cat([drawn, Reversed.apply(codes)])).squeeze(1)
        real = (torch.arange(len(verdicts)) < len(drawn)).float()
        return self.lost(features, codes) + binary_cross_entropy_with_logits(verdicts, real)


class Reversed(torch.autograd.Function):
    """The identity, which turns gradients round and weighs them."""

    @staticmethod
    def forward(ctx: Any, codes: Tensor) -> Tensor:
        """The codes."""
        return codes.view_as(codes)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:  # type: ignore[override]
        """The gradient that the encoder is given."""
        return -ADVERSARY_WEIGHT * gradient
