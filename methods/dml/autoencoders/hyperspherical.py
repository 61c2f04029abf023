"""The hyperspherical variational autoencoder of Table 11.

Davidson, Falorsi, De Cao, Kipf, Tomczak, "Hyperspherical Variational Auto-Encoders", UAI 2018.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import normalize, softplus

from methods.dml.autoencoders.coder import Coder
from methods.dml.autoencoders.variational import KL_WEIGHT
from methods.dml.autoencoders.von_mises_fisher import kl_from_uniform, sample


class HypersphericalAutoEncoder(Coder):
    """Codes are the directions of von Mises-Fisher posteriors, on the unit ball's surface."""

    def __init__(self, width: int, dimension: int) -> None:
        super().__init__(width, dimension + 1, dimension)
        self.dimension = dimension

    def encode(self, features: Tensor) -> Tensor:
        """Codes (n, d) of features (n, m), of length 1."""
        return self._posterior(features)[0]

    def loss(self, features: Tensor) -> Tensor:
        """Eq. (2) of samples, and the divergence from the uniform prior."""
        direction, concentration = self._posterior(features)
        lost = self.lost(features, sample(direction, concentration))
        return lost + KL_WEIGHT * kl_from_uniform(concentration, self.dimension).mean()

    def _posterior(self, features: Tensor) -> tuple[Tensor, Tensor]:
        direction, raw = self.encoder(features).split([self.dimension, 1], dim=1)
        # Silent: the concentration's unit; of the order of d, below which draws in d dimensions
        # hardly tell of their direction.
        concentration = 1 + 4 * self.dimension * softplus(raw.squeeze(1))
        return normalize(direction, dim=1), concentration
