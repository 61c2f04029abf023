"""A recurrent recommendation network (Table 10)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from methods.dml.networks.architecture import layer, uniform
from methods.dml.networks.differentiated import Differentiated, dropped_out


@dataclass(frozen=True)
class Rnn(Differentiated):
    """Gated recurrent units that read the user, then the item; their last state -> 1."""

    # Silent: the network; Table 10 cites GRU4Rec [69], which reads sessions. There are none here:
    # the sequence is the pair itself.
    dimension: int
    hidden: int

    @property
    def dropped(self) -> int:
        """The last state."""
        return self.hidden

    def initial(self, generator: torch.Generator) -> list[Tensor]:
        """Weights of the inputs and of the state to three gates each, and the output."""
        h, d = self.hidden, self.dimension
        sizes = ((h, d), (h, 1), (h, h), (h, 1))
        gates = [uniform(n, 3 * h, generator, rows=rows) for n, rows in sizes]
        return [*gates, *layer(h, 1, generator)]

    def __call__(
        self, parameters: Sequence[Tensor], pairs: Tensor, kept: Tensor | None = None
    ) -> Tensor:
        """Ratings (k, b)."""
        w_in, b_in, w_state, b_state, w_out, b_out = parameters
        k, b, d = *pairs.shape[:2], self.dimension
        read = torch.baddbmm(b_in, pairs.view(k, b * 2, d), w_in).view(k, b, 2, 3 * self.hidden)
        user, item = read.unbind(dim=2)
        state = _advanced(pairs.new_zeros(()), user, b_state)  # Nothing recurs yet.
        state = _advanced(state, item, torch.baddbmm(b_state, state, w_state))
        return torch.baddbmm(b_out, dropped_out(state, kept), w_out).squeeze(-1)


def _advanced(state: Tensor, read: Tensor, recurrent: Tensor) -> Tensor:
    """The next state (k, b, h) of gated recurrent units from gates (k, b, 3 h)."""
    reset, update, new = read.chunk(3, dim=-1)
    of_reset, of_update, of_new = recurrent.chunk(3, dim=-1)
    new = torch.tanh(new + torch.sigmoid(reset + of_reset) * of_new)
    return new + torch.sigmoid(update + of_update) * (state - new)
