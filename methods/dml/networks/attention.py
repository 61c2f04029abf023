"""A recommendation network with attention (Table 10)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from methods.dml.networks.architecture import layer
from methods.dml.networks.differentiated import Differentiated, dropped_out

TOKENS = 3


@dataclass(frozen=True)
class Attention(Differentiated):
    """User, item and their product attend to each other; then a hidden layer -> 1."""

    # Silent: the network; Table 10 cites DAN [70], whose attention is over a user's clicks in
    # order. Here a pair's parts attend to each other by scaled products, added to themselves.
    dimension: int
    hidden: int

    @property
    def dropped(self) -> int:
        """The hidden layer."""
        return self.hidden

    def initial(self, generator: torch.Generator) -> list[Tensor]:
        """Queries, keys and values in one matrix (d, 3 d), hidden layer and output."""
        d = self.dimension
        widths = ((d, 3 * d), (TOKENS * d, self.hidden), (self.hidden, 1))
        return [part for each in widths for part in layer(*each, generator)]

    def __call__(
        self, parameters: Sequence[Tensor], pairs: Tensor, kept: Tensor | None = None
    ) -> Tensor:
        """Ratings (k, b)."""
        w1, b1, w2, b2, w3, b3 = parameters
        k, b, d = *pairs.shape[:2], self.dimension
        users, items = pairs.split(d, dim=-1)
        tokens = torch.stack([users, items, users * items], dim=2)  # (k, b, TOKENS, d)
        projected = torch.baddbmm(b1, tokens.view(k, b * TOKENS, d), w1)
        queries, keys, values = projected.view(k, b, TOKENS, 3 * d).chunk(3, dim=-1)
        # Summed row by row: so small products would be slower as matrices.
        likeness = (queries.unsqueeze(3) * keys.unsqueeze(2)).sum(dim=-1) * d**-0.5
        attended = (likeness.softmax(dim=-1).unsqueeze(-1) * values.unsqueeze(2)).sum(dim=3)
        seen = (tokens + attended).view(k, b, TOKENS * d)
        hidden = dropped_out(torch.baddbmm(b2, seen, w2).relu(), kept)
        return torch.baddbmm(b3, hidden, w3).squeeze(-1)
