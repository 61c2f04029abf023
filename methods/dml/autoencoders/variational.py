"""The variational autoencoder of Table 11.

Kingma and Welling, "Auto-Encoding Variational Bayes", ICLR 2014.
"""

from __future__ import annotations

import torch
from torch import Tensor

from methods.dml.autoencoders.coder import Coder, into_ball

# Silent: the decoder's variance, of which this is twice; kinds of features have a variance of 1
# each. At 1 codes collapse into the prior: a user's few features say less than that.
KL_WEIGHT = 0.01


class VariationalAutoEncoder(Coder):
    """Codes are means of normal posteriors; reconstruction is from samples of those."""

    def __init__(self, width: int, dimension: int) -> None:
        super().__init__(width, 2 * dimension, dimension)

    def encode(self, features: Tensor) -> Tensor:
        """Codes (n, d) of features (n, m)."""
        return self._posterior(features)[0]

    def loss(self, features: Tensor) -> Tensor:
        """Eq. (2) of samples, and the divergence from the prior."""
        mean, log_variance = self._posterior(features)
        sample = mean + torch.exp(log_variance / 2) * torch.randn_like(mean)
        return self.lost(features, sample) + KL_WEIGHT * kl_from_prior(mean, log_variance).mean()

    def _posterior(self, features: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_variance = self.encoder(features).chunk(2, dim=1)
        return into_ball(mean), log_variance


def kl_from_prior(mean: Tensor, log_variance: Tensor) -> Tensor:
    """The divergences (n,) of N(mean, variance) from N(0, I / d), rows (n, d)."""
    # Silent: the prior; a standard normal lies outside the unit ball, this one about its surface.
    d = mean.shape[1]
    scaled = d * (mean.square() + log_variance.exp())
    return 0.5 * torch.sum(scaled - 1 - log_variance - torch.log(torch.tensor(d)), dim=1)
