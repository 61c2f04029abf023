"""The paper's recommendation network: a multi-layer perceptron with dropout.

Li and Tuzhilin, "Dual Metric Learning for Effective and Efficient Cross-Domain Recommendations",
section 3.4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from methods.dml.networks.architecture import layer


@dataclass(frozen=True)
class Mlp:
    """[2 d, hidden, d] -> 1 with ReLU and dropout, and a linear output."""

    # Silent: the layers; [16, 64, 8] -> 1 in the released code, where d = 8.
    dimension: int
    hidden: int

    @property
    def dropped(self) -> int:
        """All hidden units."""
        return self.hidden + self.dimension

    def initial(self, generator: torch.Generator) -> list[Tensor]:
        """Weights and bias of each layer."""
        widths = pairwise((2 * self.dimension, self.hidden, self.dimension, 1))
        return [part for widths in widths for part in layer(*widths, generator)]

    def __call__(self, parameters: Sequence[Tensor], pairs: Tensor) -> Tensor:
        """Ratings (k, b)."""
        w1, b1, w2, b2, w3, b3 = parameters
        hidden = torch.baddbmm(b1, pairs, w1).relu()
        hidden = torch.baddbmm(b2, hidden, w2).relu()
        return torch.baddbmm(b3, hidden, w3).squeeze(-1)

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
        """Errors (k, b) and gradients, by hand: half the time of autograd's for so small a net."""
        w1, b1, w2, b2, w3, b3 = parameters
        to_w1, to_b1, to_w2, to_b2, to_w3, to_b3 = gradients
        first = torch.baddbmm(b1, pairs, w1)
        # Slopes of ReLU and dropout together.
        slope1 = _where_positive(first, kept[..., : self.hidden])
        first *= slope1
        second = torch.baddbmm(b2, first, w2)
        slope2 = _where_positive(second, kept[..., self.hidden :])
        second *= slope2
        errors = torch.baddbmm(b3, second, w3).squeeze(-1) - ratings

        above = (2 * weights * errors).unsqueeze(-1)
        torch.bmm(second.mT, above, out=to_w3)
        torch.sum(above, dim=1, keepdim=True, out=to_b3)
        above = torch.bmm(above, w3.mT).mul_(slope2)
        torch.bmm(first.mT, above, out=to_w2)
        torch.sum(above, dim=1, keepdim=True, out=to_b2)
        above = torch.bmm(above, w2.mT).mul_(slope1)
        torch.bmm(pairs.mT, above, out=to_w1)
        torch.sum(above, dim=1, keepdim=True, out=to_b1)
        if to_pairs is not None:
            torch.bmm(above, w1.mT, out=to_pairs)
        return errors


def _where_positive(inputs: Tensor, values: Tensor) -> Tensor:
    """``values`` where ``inputs`` are positive, else 0."""
    chosen: Tensor = torch.ops.aten.threshold_backward(values, inputs, 0)
    return chosen
