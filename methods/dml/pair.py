"""Both domains' recommendation networks, with their optimisers, as one set of stacked matrices.

Li and Tuzhilin, "Dual Metric Learning for Effective and Efficient Cross-Domain Recommendations",
section 3.3.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.optim import Optimizer

from methods.dml.networks import Architecture


class NetworkPair:
    """RS_A and RS_B, of one architecture, that ``optimiser`` makes steps of, each for itself.

    The parameters of a network are one vector, a row of one matrix, so that a step is one call;
    the architecture sees the same memory as stacked matrices.
    """

    def __init__(
        self,
        architecture: Architecture,
        generators: Sequence[torch.Generator],
        optimiser: Callable[[Sequence[Tensor]], Optimizer],
    ) -> None:
        initial = [architecture.initial(generator) for generator in generators]
        shapes = [parameter.shape for parameter in initial[0]]
        values = torch.stack([torch.cat([p.flatten() for p in network]) for network in initial])
        gradients = torch.zeros_like(values)
        self.architecture = architecture
        which: list[tuple[int, ...]] = [(0, 1), (0,), (1,)]
        self._stacks = {
            networks: (_stacked(values, networks, shapes), _stacked(gradients, networks, shapes))
            for networks in which
        }
        self._vectors = values.unbind()
        self._gradients = gradients.unbind()
        self._optimiser = optimiser(self._vectors)

    def parameters(self, network: int) -> list[Tensor]:
        """One network's parameters, as the architecture takes them."""
        return [stack.clone() for stack in self._stacks[(network,)][0]]

    def step(
        self,
        networks: tuple[int, ...],
        pairs: Tensor,
        kept: Tensor,
        ratings: Tensor,
        weights: Tensor,
        to_pairs: Tensor | None = None,
    ) -> Tensor:
        """Update ``networks`` by a batch each and return the errors (k, b) before.

        The loss is the sum of squared errors times ``weights`` (k, b); its gradients by the pairs
        are put into ``to_pairs``.
        """
        parameters, gradients = self._stacks[networks]
        errors = self.architecture.errors(
            parameters, pairs, kept, ratings, weights, gradients, to_pairs
        )
        for network, vector in enumerate(self._vectors):
            vector.grad = self._gradients[network] if network in networks else None
        self._optimiser.step()
        return errors


def _stacked(
    rows: Tensor, networks: tuple[int, ...], shapes: Sequence[torch.Size]
) -> list[Tensor]:
    """Views of some rows as matrices of the given shapes."""
    chosen = rows[networks[0] : networks[-1] + 1]
    parts = torch.split(chosen, [shape.numel() for shape in shapes], dim=1)
    return [part.view(-1, *shape) for part, shape in zip(parts, shapes, strict=True)]
