"""Recommendation networks of both domains, stacked so that one call runs the two.

Li and Tuzhilin, "Dual Metric Learning for Effective and Efficient Cross-Domain Recommendations",
section 3.4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import torch
from torch import Tensor


class Architecture(Protocol):
    """A network from a pair's embeddings to its rating, written for k networks at once."""

    @property
    def dropped(self) -> int:
        """How many hidden units of a pair dropout acts on."""
        ...

    def initial(self, generator: torch.Generator) -> list[Tensor]:
        """The parameters of one network, each a matrix of inputs by outputs."""
        ...

    def __call__(self, parameters: Sequence[Tensor], pairs: Tensor, kept: Tensor | None) -> Tensor:
        """Ratings (k, b) of ``pairs`` (k, b, 2 d) by parameters (k, inputs, outputs) each.

        ``kept`` (k, b, dropped) scales the hidden units; None leaves them as they are.
        """
        ...


@dataclass(frozen=True)
class Mlp:
    """[2 d, hidden, d] -> 1 with ReLU and dropout, and a linear output.

    Silent: the layers; [16, 64, 8] -> 1 in the released code, where d = 8.
    """

    dimension: int
    hidden: int

    @property
    def dropped(self) -> int:
        """All hidden units."""
        return self.hidden + self.dimension

    def initial(self, generator: torch.Generator) -> list[Tensor]:
        """Weights and bias of each layer, uniform as PyTorch's linear layers are."""
        widths = (2 * self.dimension, self.hidden, self.dimension, 1)
        parameters = []
        for before, after in pairwise(widths):
            bound = before**-0.5
            for rows in (before, 1):
                layer = torch.empty(rows, after)
                parameters.append(layer.uniform_(-bound, bound, generator=generator))
        return parameters

    def __call__(self, parameters: Sequence[Tensor], pairs: Tensor, kept: Tensor | None) -> Tensor:
        """Ratings (k, b) of ``pairs`` (k, b, 2 d)."""
        w1, b1, w2, b2, w3, b3 = parameters
        hidden = torch.baddbmm(b1, pairs, w1).relu()
        if kept is not None:
            hidden = hidden * kept[..., : self.hidden]
        hidden = torch.baddbmm(b2, hidden, w2).relu()
        if kept is not None:
            hidden = hidden * kept[..., self.hidden :]
        return torch.baddbmm(b3, hidden, w3).squeeze(-1)


class NetworkPair:
    """RS_A and RS_B, of one architecture, with an Adam each.

    The parameters of a network are one vector, a row of one matrix, so that Adam is one call;
    the architecture sees the same memory as stacked matrices.
    """

    def __init__(
        self, architecture: Architecture, generators: Sequence[torch.Generator], *, lr: float
    ) -> None:
        initial = [architecture.initial(generator) for generator in generators]
        self.architecture = architecture
        self._shapes = [parameter.shape for parameter in initial[0]]
        self._values = torch.stack([torch.cat([p.flatten() for p in ps]) for ps in initial])
        self._gradients = torch.zeros_like(self._values)
        self._stacks: dict[tuple[int, ...], list[Tensor]] = {
            rows: self._stack(rows) for rows in ((0, 1), (0,), (1,))
        }
        self._vectors = [vector.requires_grad_() for vector in self._values.detach().unbind()]
        # Silent: the optimiser; Adam, as in the baselines.
        self._adam = torch.optim.Adam(self._vectors, lr=lr, fused=True)

    def parameters(self, network: int) -> list[Tensor]:
        """One network's parameters, as the architecture takes them."""
        return [stack.detach().clone() for stack in self._stacks[(network,)]]

    def step(
        self,
        networks: tuple[int, ...],
        pairs: Tensor,
        kept: Tensor | None,
        ratings: Tensor,
        weights: Tensor,
        *,
        scale: float = 1.0,
    ) -> Tensor:
        """Update ``networks`` by a batch each, and return their losses (k,).

        A loss is the sum of squared errors times ``weights`` (k, b); it counts ``scale`` times.
        Other shapes as in :class:`Architecture`.
        """
        stacks = self._stacks[networks]
        errors = self.architecture(stacks, pairs, kept) - ratings
        losses = (errors.square() * weights).sum(dim=1)
        gradients = torch.autograd.grad(scale * losses.sum(), stacks)
        rows = self._gradients[networks[0] : networks[-1] + 1]
        torch.cat([gradient.flatten(1) for gradient in gradients], dim=1, out=rows)
        for network, vector in enumerate(self._vectors):
            vector.grad = self._gradients[network] if network in networks else None
        self._adam.step()
        return losses.detach()

    def _stack(self, networks: tuple[int, ...]) -> list[Tensor]:
        rows = self._values[networks[0] : networks[-1] + 1]
        parts = rows.split([shape.numel() for shape in self._shapes], dim=1)
        return [
            part.unflatten(1, shape).requires_grad_()
            for part, shape in zip(parts, self._shapes, strict=True)
        ]
