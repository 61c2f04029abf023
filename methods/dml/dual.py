"""Dual learning: two domains' networks, each trained by both domains' ratings.

Li and Tuzhilin, "Dual Metric Learning for Effective and Efficient Cross-Domain Recommendations",
section 3.3: Algorithm 1, Eqs. (5) and (6).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor

from methods.dml.orthogonal import LatentMap
from methods.dml.pair import NetworkPair

DualKind = Literal["swap", "same", "off"]
"""Who rates for a mapped user: the other domain's network (Algorithm 1, line 13), the own one
(Eqs. 5 and 6, which say otherwise), or nobody."""

BATCHES_AT_ONCE = 64


@dataclass(frozen=True)
class Ratings:
    """A domain's ratings and the tables of embeddings that they refer to.

    ``users`` and ``items`` (n,) are rows of ``user_table`` (n_users, d) and ``item_table``
    (n_items, d); ``values`` (n,) are in shares of the scale's maximum.
    """

    user_table: Tensor
    item_table: Tensor
    users: Tensor
    items: Tensor
    values: Tensor

    def __len__(self) -> int:
        return len(self.values)


@dataclass
class DualLearning:
    """Algorithm 1. ``overlap`` are shared users' embeddings (n, d) in A and in B, row by row."""

    networks: NetworkPair
    map: LatentMap
    domains: tuple[Ratings, Ratings]
    overlap: tuple[Tensor, Tensor]
    generators: tuple[torch.Generator, torch.Generator]
    dual: DualKind
    alpha: float
    dropout: float
    batch_size: int

    def run(self, *, epochs: int, tolerance: float) -> dict[str, list[float]]:
        """Train for ``epochs``, or until the loss changes by less than ``tolerance`` (§6.8)."""
        self.map.start(*self.overlap)
        history: dict[str, list[float]] = {}
        for _ in range(epochs):
            for curve, value in self.epoch().items():
                history.setdefault(curve, []).append(value)
            losses = history["training loss"]
            if len(losses) > 1 and abs(losses[-1] - losses[-2]) < tolerance:
                break
        return history

    def epoch(self) -> dict[str, float]:
        """One turn of Algorithm 1's outer loop; its losses are named as there."""
        losses = {}
        own = 1 if self.dual == "off" else 1 - self.alpha
        losses["L_A"], losses["L_B"] = self._train(self.domains, own)  # lines 3-6
        if len(self.overlap[0]):
            self.map.learn(*self.overlap, batch_size=self.batch_size)  # lines 7-11
            losses["L_o"] = self.map.loss(*self.overlap)
        if self.dual != "off":
            losses["L_A*"], losses["L_B*"] = self._train_dual()  # lines 12-16
        # Silent: which loss is watched; the sum of all.
        total = sum(losses.values())
        return {"training loss": total, **losses, "||XX^T - I||": self.map.deviation}

    def _train_dual(self) -> Sequence[float]:
        a, b = self.domains
        mapped = (
            replace(a, user_table=self.map.to_target(a.user_table)),
            replace(b, user_table=self.map.to_source(b.user_table)),
        )
        if self.dual == "same":
            return self._train(mapped, self.alpha)  # Eqs. (5), (6)
        return self._train(mapped[::-1], self.alpha)[::-1]  # Algorithm 1, line 13

    def _train(self, inputs: Sequence[Ratings], weight: float) -> Sequence[float]:
        """One pass of each network over its input's ratings; the mean squared errors."""
        orders = [
            shuffled(len(ratings), self.batch_size, generator)
            for ratings, generator in zip(inputs, self.generators, strict=True)
        ]
        totals = [0.0, 0.0]
        for networks, some in _zipped(len(orders[0]), len(orders[1])):
            gathered = [self._gather(inputs[k], orders[k][some], k) for k in networks]
            pairs, kept, values, weights = (
                torch.stack(parts).transpose(0, 1) for parts in zip(*gathered, strict=True)
            )
            errors = [
                self.networks.step(networks, *batch)
                for batch in zip(pairs, kept, values, weight * weights, strict=True)
            ]
            losses = (torch.stack(errors).square() * weights).sum(dim=(0, 2))
            for k, loss in zip(networks, losses.tolist(), strict=True):
                totals[k] += loss
        return [total / len(order) for total, order in zip(totals, orders, strict=True)]

    def _gather(self, ratings: Ratings, order: Tensor, network: int) -> tuple[Tensor, ...]:
        """Of s batches: embeddings (s, b, 2 d), dropout (s, b, units), ratings, weights (s, b)."""
        rows = order.clamp(min=0)
        users = ratings.user_table.index_select(0, ratings.users[rows].flatten())
        items = ratings.item_table.index_select(0, ratings.items[rows].flatten())
        pairs = torch.cat([users, items], dim=1).view(*order.shape, -1)
        real = (order >= 0).float()
        kept = dropout_mask(
            (*order.shape, self.networks.architecture.dropped),
            self.dropout,
            self.generators[network],
        )
        return pairs, kept, ratings.values[rows], real / real.sum(dim=1, keepdim=True)


def _zipped(a: int, b: int) -> Iterator[tuple[tuple[int, ...], slice]]:
    """The networks that train together on their batches number ..., of ``a`` and ``b`` in all."""
    # Silent: what happens when one domain ends; the released code stops there and never sees the
    # rest. Here the rest of the longer one is trained alone: each rating counts once an epoch.
    both, longer = min(a, b), int(b > a)
    for networks, first, last in (((0, 1), 0, both), ((longer,), both, max(a, b))):
        for start in range(first, last, BATCHES_AT_ONCE):
            yield networks, slice(start, min(start + BATCHES_AT_ONCE, last))


def dropout_mask(shape: tuple[int, ...], rate: float, generator: torch.Generator) -> Tensor:
    """Zeros with probability ``rate``, otherwise 1 / (1 - rate)."""
    # One 64-bit draw serves four units: a draw a unit would cost as much as the step it is for.
    draws = torch.empty(*shape[:-1], -(-shape[-1] // 4), dtype=torch.int64)
    draws.random_(-(2**63), None, generator=generator)
    mask = torch.empty(shape)
    torch.ge(draws.view(torch.int16)[..., : shape[-1]], round(rate * 2**16) - 2**15, out=mask)
    return mask.div_(1 - rate)


def shuffled(n: int, batch_size: int, generator: torch.Generator) -> Tensor:
    """All rows in random order as batches (steps, batch_size), the last filled up with -1."""
    steps = -(-n // batch_size)
    order = torch.full((steps * batch_size,), -1)
    order[:n] = torch.randperm(n, generator=generator)
    return order.view(steps, batch_size)
