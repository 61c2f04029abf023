"""The paper's autoencoder.

Li and Tuzhilin, "Dual Metric Learning for Effective and Efficient Cross-Domain Recommendations",
section 3.1, Eq. (2).
"""

from __future__ import annotations

from torch import Tensor

from methods.dml.autoencoders.coder import Coder, into_ball


class AutoEncoder(Coder):
    """Nothing but reconstruction."""

    def __init__(self, width: int, dimension: int) -> None:
        super().__init__(width, dimension, dimension)

    def encode(self, features: Tensor) -> Tensor:
        """Codes (n, d) of features (n, m)."""
        codes: Tensor = self.encoder(features)
        return into_ball(codes)

    def loss(self, features: Tensor) -> Tensor:
        """Eq. (2)."""
        return self.lost(features, self.encode(features))
