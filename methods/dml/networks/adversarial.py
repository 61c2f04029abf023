"""Adversarial training of a recommendation network (Table 10).

He, He, Du, Chua: "Adversarial Personalized Ranking for Recommendation", SIGIR 2018.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from methods.dml.networks.mlp import Mlp

EPSILON = 0.1
"""Length of a perturbation, of embeddings in the unit ball."""


@dataclass(frozen=True)
class Adversarial:
    """The MLP, which also learns from each pair moved to where its error grows fastest."""

    # Silent: the network; Table 10 cites a streaming recommender [71] whose adversary picks items
    # that were not chosen, of which rating prediction has none. Here the adversary moves the
    # embeddings, and both losses count alike.
    mlp: Mlp

    @property
    def dropped(self) -> int:
        """As the MLP's."""
        return self.mlp.dropped

    def initial(self, generator: torch.Generator) -> list[Tensor]:
        """The MLP's parameters."""
        return self.mlp.initial(generator)

    def __call__(self, parameters: Sequence[Tensor], pairs: Tensor) -> Tensor:
        """Ratings (k, b) of pairs where they are."""
        return self.mlp(parameters, pairs)

    def errors(
        self,
        parameters: Sequence[Tensor],
        pairs: Tensor,
        kept: Tensor,
        ratings: Tensor,
        weights: Tensor,
        gradients: Sequence[Tensor],
        to_pairs: Tensor | None = None,
    ) -> Tensor:
        """Errors (k, b) of pairs where they are, and both losses' gradients."""
        uphill = torch.empty_like(pairs)
        errors = self.mlp.errors(parameters, pairs, kept, ratings, weights, gradients, uphill)
        lengths = torch.linalg.vector_norm(uphill, dim=-1, keepdim=True)
        moved = pairs + EPSILON * uphill / lengths.clamp(min=1e-12)
        of_moved = [torch.empty_like(gradient) for gradient in gradients]
        to_moved = None if to_pairs is None else torch.empty_like(to_pairs)
        self.mlp.errors(parameters, moved, kept, ratings, weights, of_moved, to_moved)
        for gradient, other in zip(gradients, of_moved, strict=True):
            gradient += other
        if to_pairs is not None and to_moved is not None:
            torch.add(uphill, to_moved, out=to_pairs)
        return errors
