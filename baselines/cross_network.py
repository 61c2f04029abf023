"""Two towers, one a domain, that pass each other their hidden units: the network of CoNet.

G. Hu, Y. Zhang and Q. Yang, "CoNet: collaborative cross networks for cross-domain recommendation",
CIKM 2018, section 4.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from benchmark.recommender import IntArray


@dataclass(frozen=True)
class Instances:
    """Users with an item of either domain, of which one is rated: what the network takes in.

    ``users`` (n,) and ``items`` (2, n) are rows of its tables. ``crossed`` (n, 1) is 1 where
    hidden units cross and 0 where the towers run by themselves; ``rated`` (2, n) is 1 at the item
    that is rated and 0 at the other.
    """

    users: Tensor
    items: Tensor
    crossed: Tensor
    rated: Tensor

    def __len__(self) -> int:
        return len(self.users)

    def batches(self, size: int) -> Iterator[Instances]:
        """Consecutive parts."""
        parts = (self.users.split(size), self.items.split(size, 1), self.crossed.split(size))
        for part in zip(*parts, self.rated.split(size, 1), strict=True):
            yield Instances(*part)


def instances(
    users: IntArray,
    items: IntArray,
    side: IntArray,
    others: IntArray,
    crossed: NDArray[np.bool_],
) -> Instances:
    """Users' ``items`` (n,) of the domains ``side`` (n,), 0 or 1, beside ``others`` (n,).

    Where nothing is ``crossed`` (n,) the other item does not matter.
    """
    both = np.where(side == 0, [items, others], [others, items])
    return Instances(
        torch.from_numpy(users),
        torch.from_numpy(both),
        torch.from_numpy(crossed.astype(np.float32)[:, None]),
        torch.from_numpy(np.stack([side == 0, side == 1]).astype(np.float32)),
    )


class CrossNetwork:
    """Embeddings, towers 8 f -> 4 f -> 2 f -> f -> 1, and cross units on two transitions.

    All parameters are parts of one vector, and their gradients of another, so that Adam is one
    call. Those of the towers are stacked, source first: both run in one call.
    """

    def __init__(
        self, n_users: int, n_items: int, factors: int, generator: torch.Generator
    ) -> None:
        f = factors
        shapes = [
            (n_users, 4 * f),
            (n_items, 4 * f),
            *((2, 8 * f, 4 * f), (2, 1, 4 * f)),
            *((2, 4 * f, 2 * f), (2, 1, 2 * f)),
            *((2, 2 * f, f), (2, 1, f)),
            *((2, f, 1), (2, 1, 1)),
            *((8 * f, 4 * f), (4 * f, 2 * f)),
        ]
        sizes = [math.prod(shape) for shape in shapes]
        self.vector = torch.empty(sum(sizes)).normal_(0, 0.01, generator=generator)
        self.gradient = torch.zeros_like(self.vector)
        self.parts, self._gradients = (
            [part.view(shape) for part, shape in zip(whole.split(sizes), shapes, strict=True)]
            for whole in (self.vector, self.gradient)
        )
        # Differs: all of it starts N(0, 0.01) in the authors' code. Towers of so small weights
        # give outputs that hardly depend on the inputs: on Douban nothing is learnt in 8 epochs.
        # Embeddings and cross units start so; towers start as those of NCF.
        for weights, biases in zip(self.parts[2:10:2], self.parts[3:10:2], strict=True):
            bound = math.sqrt(6 / sum(weights.shape[1:]))
            weights.uniform_(-bound, bound, generator=generator)
            biases.zero_()

    def adam(self, *, lr: float) -> torch.optim.Adam:
        """An optimiser of all parameters."""
        self.vector.grad = self.gradient
        return torch.optim.Adam([self.vector], lr=lr, fused=True)

    @property
    def output_bias(self) -> Tensor:
        """The towers' last biases (2, 1, 1)."""
        return self.parts[9]

    @property
    def cross_units(self) -> list[Tensor]:
        """The matrices H, (8 f, 4 f) and (4 f, 2 f), each for both directions (Eq. 4)."""
        return self.parts[10:]

    def rate(self, batch: Instances) -> Tensor:
        """Ratings (n,) as shares of the highest one."""
        return (self._forward(batch)[-1] * batch.rated).sum(dim=0)

    def epoch(
        self,
        rows: Instances,
        values: Tensor,
        adam: torch.optim.Adam,
        *,
        batch_size: int,
        l1: float,
    ) -> float:
        """One pass over the rows and their ratings (n,) in batches; the mean squared error."""
        total = torch.zeros(())
        batches = zip(rows.batches(batch_size), values.split(batch_size), strict=True)
        for batch, ratings in batches:
            total += self.learn(batch, ratings, l1)
            adam.step()
        return total.item() / len(rows)

    def learn(self, batch: Instances, values: Tensor, l1: float) -> Tensor:
        """Put the gradient of the mean squared error and of the penalty into place.

        ``values`` (n,) are the ratings. Returns the sum of their squared errors.
        """
        (table_u, _, w1, _, w2, _, w3, _, w4, _, h1, h2) = self.parts
        g_u, g_i, g_w1, g_b1, g_w2, g_b2, g_w3, g_b3, g_w4, g_b4, g_h1, g_h2 = self._gradients
        inputs, first, second, third, ratings = self._forward(batch)
        errors = (ratings - values) * batch.rated
        # Backwards by hand: a third of autograd's time for so small a network.
        above = (errors * (2 / len(batch))).unsqueeze(-1)
        torch.bmm(third.mT, above, out=g_w4)
        torch.sum(above, dim=1, keepdim=True, out=g_b4)
        above = _where_positive(third, above * w4.mT)
        torch.bmm(second.mT, above, out=g_w3)
        torch.sum(above, dim=1, keepdim=True, out=g_b3)
        above = _where_positive(second, torch.bmm(above, w3.mT))
        torch.bmm(first.mT, above, out=g_w2)
        torch.sum(above, dim=1, keepdim=True, out=g_b2)
        across = above.flip(0) * batch.crossed
        torch.sum(torch.bmm(first.mT, across), dim=0, out=g_h2)
        above = _where_positive(first, torch.baddbmm(across @ h2.T, above, w2.mT))
        torch.bmm(inputs.mT, above, out=g_w1)
        torch.sum(above, dim=1, keepdim=True, out=g_b1)
        across = above.flip(0) * batch.crossed
        torch.sum(torch.bmm(inputs.mT, across), dim=0, out=g_h1)
        above = torch.baddbmm(across @ h1.T, above, w1.mT)
        width = table_u.shape[1]
        g_u.zero_().index_add_(0, batch.users, above[:, :, :width].sum(dim=0))
        g_i.zero_().index_add_(0, batch.items.flatten(), above[:, :, width:].flatten(0, 1))
        if l1:
            for h, gradient in ((h1, g_h1), (h2, g_h2)):
                gradient.add_(h.sign(), alpha=l1)
        return errors.square().sum()

    def _forward(self, batch: Instances) -> Sequence[Tensor]:
        """Inputs (2, n, 8 f), the units of three layers, and both items' ratings (2, n)."""
        table_u, table_i, w1, b1, w2, b2, w3, b3, w4, b4, h1, h2 = self.parts
        user = table_u.index_select(0, batch.users)
        item = table_i.index_select(0, batch.items.flatten()).view(2, *user.shape)
        inputs = torch.cat([user.expand_as(item), item], dim=2)
        # Eq. (5): a unit of a tower sees its own tower's units by W, the other's by H.
        first = torch.baddbmm(b1, inputs, w1).add_((inputs @ h1).flip(0) * batch.crossed).relu_()
        second = torch.baddbmm(b2, first, w2).add_((first @ h2).flip(0) * batch.crossed).relu_()
        third = torch.baddbmm(b3, second, w3).relu_()
        return inputs, first, second, third, torch.baddbmm(b4, third, w4).squeeze(-1)


def _where_positive(units: Tensor, values: Tensor) -> Tensor:
    """``values`` where ``units`` are positive, else 0: the slope of ReLU."""
    chosen: Tensor = torch.ops.aten.threshold_backward(values, units, 0)
    return chosen
