"""The autoencoder of the released code: a linear encoder to directions.

https://github.com/lpworld/DOML, autoencoder/models.py.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import normalize

from methods.dml.autoencoders.coder import Coder


class LinearAutoEncoder(Coder):
    """One linear layer each way, codes scaled to length 1."""

    def __init__(self, width: int, dimension: int) -> None:
        super().__init__(width, dimension, dimension, hidden=())

    def encode(self, features: Tensor) -> Tensor:
        """Codes (n, d) of features (n, m)."""
        return normalize(self.encoder(features), dim=1)

    def loss(self, features: Tensor) -> Tensor:
        """Eq. (2)."""
        return self.lost(features, self.encode(features))
