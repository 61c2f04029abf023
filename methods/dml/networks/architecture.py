"""What a recommendation network is: one call runs those of several domains.

Li and Tuzhilin, "Dual Metric Learning for Effective and Efficient Cross-Domain Recommendations",
section 3.4.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor


class Architecture(Protocol):
    """A network from a pair's embeddings to its rating, written for k networks at once.

    ``parameters`` are of shape (k, inputs, outputs) each; ``pairs`` (k, b, 2 d) hold a user's and
    an item's embedding; ``kept`` (k, b, dropped) scales the hidden units that dropout acts on.
    """

    @property
    def dropped(self) -> int:
        """How many hidden units of a pair dropout acts on."""
        ...

    def initial(self, generator: torch.Generator) -> list[Tensor]:
        """The parameters of one network, matrices of inputs by outputs."""
        ...

    def __call__(self, parameters: Sequence[Tensor], pairs: Tensor) -> Tensor:
        """Ratings (k, b), without dropout."""
        ...

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
        """Errors (k, b), having put the gradients of their weighted squares' sum into place.

        Those of the parameters into ``gradients``, those of the pairs into ``to_pairs``.
        """
        ...


def uniform(inputs: int, outputs: int, generator: torch.Generator, *, rows: int) -> Tensor:
    """An initial matrix (rows, outputs) of a layer of so many ``inputs``."""
    # Silent: the initialisation; uniform as PyTorch's linear layers, so the released code's.
    bound = inputs**-0.5
    return torch.empty(rows, outputs).uniform_(-bound, bound, generator=generator)


def layer(inputs: int, outputs: int, generator: torch.Generator) -> list[Tensor]:
    """Initial weights (inputs, outputs) and biases (1, outputs)."""
    return [uniform(inputs, outputs, generator, rows=rows) for rows in (inputs, 1)]
