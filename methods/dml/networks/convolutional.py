"""A convolutional recommendation network (Table 10)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from methods.dml.networks.architecture import layer
from methods.dml.networks.differentiated import Differentiated, dropped_out

WIDTH = 3
FILTERS = 8


@dataclass(frozen=True)
class Cnn(Differentiated):
    """User and item as two channels of d positions: convolution, hidden layer -> 1."""

    # Silent: the network; Table 10 cites a graph convolution [68] and names no layer. One layer of
    # filters of the usual width, then the MLP's first and last.
    dimension: int
    hidden: int

    @property
    def dropped(self) -> int:
        """What the filters find at every position, and the hidden layer."""
        return FILTERS * self.dimension + self.hidden

    def initial(self, generator: torch.Generator) -> list[Tensor]:
        """Filters (2 * WIDTH, FILTERS), hidden layer and output."""
        widths = (
            (2 * WIDTH, FILTERS),
            (FILTERS * self.dimension, self.hidden),
            (self.hidden, 1),
        )
        return [part for each in widths for part in layer(*each, generator)]

    def __call__(
        self, parameters: Sequence[Tensor], pairs: Tensor, kept: Tensor | None = None
    ) -> Tensor:
        """Ratings (k, b)."""
        filters, b1, w2, b2, w3, b3 = parameters
        k, b, d = *pairs.shape[:2], self.dimension
        channels = torch.nn.functional.pad(pairs.view(k, b, 2, d), (WIDTH // 2, WIDTH // 2))
        windows = channels.unfold(-1, WIDTH, 1).transpose(2, 3)  # (k, b, d, 2, WIDTH)
        found = torch.baddbmm(b1, windows.reshape(k, b * d, 2 * WIDTH), filters).relu()
        split = FILTERS * d
        hidden = dropped_out(found.view(k, b, split), None if kept is None else kept[..., :split])
        hidden = torch.baddbmm(b2, hidden, w2).relu()
        hidden = dropped_out(hidden, None if kept is None else kept[..., split:])
        return torch.baddbmm(b3, hidden, w3).squeeze(-1)
