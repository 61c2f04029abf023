"""The Wasserstein autoencoder of Table 11, in its form with a maximum mean discrepancy.

Tolstikhin, Bousquet, Gelly, Schölkopf, "Wasserstein Auto-Encoders", ICLR 2018.
"""

from __future__ import annotations

from torch import Tensor

from methods.dml.autoencoders.coder import Coder, from_ball, into_ball

# Silent: the penalty's weight and the prior: that paper's kernel and lowest weight (1; 10 for
# images), points drawn evenly from the unit ball.
MMD_WEIGHT = 1.0


class WassersteinAutoEncoder(Coder):
    """Codes are, all together, distributed as the prior."""

    def __init__(self, width: int, dimension: int) -> None:
        super().__init__(width, dimension, dimension)

    def encode(self, features: Tensor) -> Tensor:
        """Codes (n, d) of features (n, m)."""
        codes: Tensor = self.encoder(features)
        return into_ball(codes)

    def loss(self, features: Tensor) -> Tensor:
        """Eq. (2) and the codes' discrepancy from the prior."""
        codes = self.encode(features)
        apart = discrepancy(codes, from_ball(*codes.shape)) if len(codes) > 1 else 0
        return self.lost(features, codes) + MMD_WEIGHT * apart


def discrepancy(one: Tensor, other: Tensor) -> Tensor:
    """The unbiased squared maximum mean discrepancy of two samples (n, d), n > 1."""
    n = len(one)
    within = (_likeness(one, one) + _likeness(other, other)).fill_diagonal_(0)
    return within.sum() / (n * (n - 1)) - 2 * _likeness(one, other).mean()


def _likeness(one: Tensor, other: Tensor) -> Tensor:
    """The inverse multiquadratic kernel (n, n), on the scale of distances in the prior."""
    d = one.shape[1]
    scale = 2 * d / (d + 2)
    # Not by torch.cdist: its slope is not a number where points meet.
    distances = (one.unsqueeze(1) - other.unsqueeze(0)).square().sum(dim=-1)
    return scale / (scale + distances)
