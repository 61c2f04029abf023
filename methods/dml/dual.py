"""Dual learning: two domains' networks, each trained by both domains' ratings.

Li and Tuzhilin, "Dual Metric Learning for Effective and Efficient Cross-Domain Recommendations",
section 3.3: Algorithm 1, Eqs. (5) and (6).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor

from methods.dml.autoencoders.coder import into_ball
from methods.dml.orthogonal import LatentMap
from methods.dml.pair import NetworkPair

DualKind = Literal["swap", "same", "one-way", "off"]
"""Who rates for a mapped user: the other domain's network (Algorithm 1, line 13), the own one
(Eqs. 5 and 6, which say otherwise), the other one but of source users only, so that nothing comes
back, or nobody, so that the domains do not touch."""

UserKind = Literal["own", "shared"]
"""What stands for a shared user: the own domain's embedding, or that and the one mapped from the
other domain, weighed by alpha."""

StepOrder = Literal[
    "own-map-dual", "own-dual-map", "map-own-dual", "map-dual-own", "dual-own-map", "dual-map-own"
]
"""Which of Algorithm 1's steps comes first in an epoch: ``own`` lines 3 to 6, ``map`` lines 7 to
11, ``dual`` lines 12 to 16."""

BATCHES_AT_ONCE = 64

Way = Callable[[Tensor], Tensor]


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

    def none(self) -> Ratings:
        """The tables without a rating."""
        return replace(self, users=self.users[:0], items=self.items[:0], values=self.values[:0])


@dataclass
class DualLearning:
    """Algorithm 1.

    ``users`` are both domains' embeddings (n_users, d), ``shared`` (n, 2) those rows of them that
    are the same user; ``user_table`` may hold a domain's users several times over, one after the
    other. With an ``id_lr`` the tables are learnt too: each rating moves its user and its item by
    so many of its gradients.
    """

    networks: NetworkPair
    map: LatentMap
    domains: tuple[Ratings, Ratings]
    users: tuple[Tensor, Tensor]
    shared: Tensor
    generators: tuple[torch.Generator, torch.Generator]
    dual: DualKind
    represent: UserKind
    steps: StepOrder
    alpha: float
    dropout: float
    batch_size: int
    id_lr: float = 0.0

    def run(self, *, epochs: int, tolerance: float) -> dict[str, list[float]]:
        """Train for ``epochs``, or until the loss changes by less than ``tolerance`` (§6.8)."""
        self.map.start(*self.overlap)
        history: dict[str, list[float]] = {}
        for _ in range(epochs):
            for curve, value in self.epoch().items():
                history.setdefault(curve, []).append(value)
            if converged(history, tolerance):
                break
        return history

    @property
    def overlap(self) -> tuple[Tensor, Tensor]:
        """Shared users' embeddings (n, d) in A and in B, row by row."""
        a, b = self.users
        return a[self.shared[:, 0]], b[self.shared[:, 1]]

    def represented(self, domain: int, table: Tensor) -> Tensor:
        """What stands for the users (m n_users, d) of a domain."""
        if self.represent == "own":
            return table
        a, b = self.overlap
        mapped = self.map.to_target(a) if domain else self.map.to_source(b)
        copies = table.clone().view(-1, *self.users[domain].shape)
        rows = self.shared[:, domain]
        copies[:, rows] = (1 - self.alpha) * copies[:, rows] + self.alpha * mapped
        return copies.view_as(table)

    def epoch(self) -> dict[str, float]:
        """One turn of Algorithm 1's outer loop; its losses are named as there."""
        losses: dict[str, float] = {}
        for step in self.steps.split("-"):
            if step == "own":
                losses |= self._own()
            elif step == "map" and len(self.shared):
                self.map.learn(*self.overlap, batch_size=self.batch_size)  # lines 7-11
                losses["L_o"] = self.map.loss(*self.overlap)
            elif step == "dual" and self.dual != "off":
                losses |= self._dual()
        # Silent: which loss is watched; the sum of all.
        total = sum(losses.values())
        return {"training loss": total, **losses, "||XX^T - I||": self.map.deviation}

    def _own(self) -> dict[str, float]:
        """Algorithm 1, lines 3 to 6."""
        inputs = [self._inputs(domain) for domain in (0, 1)]
        losses = self._train(inputs, 1 if self.dual == "off" else 1 - self.alpha)
        self._settle(inputs)
        return dict(zip(("L_A", "L_B"), losses, strict=True))

    def _dual(self) -> dict[str, float]:
        """Algorithm 1, lines 12 to 16."""
        a, b = inputs = [self._inputs(domain, self._mapped[domain]) for domain in (0, 1)]
        if self.dual == "same":  # Eqs. (5), (6)
            losses = self._train((a, b), self.alpha)
        else:  # Algorithm 1, line 13
            losses = self._train((b if self.dual == "swap" else b.none(), a), self.alpha)[::-1]
        self._settle(inputs, self._mapped, self._mapped[::-1])
        both = dict(zip(("L_A*", "L_B*"), losses, strict=True))
        return {"L_A*": both["L_A*"]} if self.dual == "one-way" else both

    @property
    def _mapped(self) -> tuple[Way, Way]:
        """The way of each domain's users into the other domain's space."""
        return self.map.to_target, self.map.to_source

    def _inputs(self, domain: int, way: Way = Tensor.clone) -> Ratings:
        """A domain's ratings by users as they are represented, sent on their way."""
        ratings = self.domains[domain]
        table = self.represented(domain, ratings.user_table)
        return replace(ratings, user_table=way(table))

    def _settle(
        self,
        inputs: Sequence[Ratings],
        ways: tuple[Way, Way] = (Tensor.clone, Tensor.clone),
        back: tuple[Way, Way] = (Tensor.clone, Tensor.clone),
    ) -> None:
        """Let users' embeddings follow what a pass has learnt of them where it sent them.

        The slope of X W is X^T times that of W's image, so that this is gradient descent.
        """
        if not self.id_lr:
            return
        for domain, learnt in enumerate(inputs):
            users = self.users[domain]
            moved = learnt.user_table - self._inputs(domain, ways[domain]).user_table
            users.copy_(into_ball(users + back[domain](moved)))

    def _train(self, inputs: Sequence[Ratings], weight: float) -> Sequence[float]:
        """One pass of each network over its input's ratings; the mean squared errors."""
        orders = [
            shuffled(len(ratings), self.batch_size, generator)
            for ratings, generator in zip(inputs, self.generators, strict=True)
        ]
        totals = [0.0, 0.0]
        # Tables that are learnt can be read one batch ahead, no further.
        ahead = 1 if self.id_lr else BATCHES_AT_ONCE
        for networks, some in _zipped(len(orders[0]), len(orders[1]), ahead):
            pairs, kept, values, weights = batches(
                [inputs[k] for k in networks],
                [orders[k][some] for k in networks],
                [self.generators[k] for k in networks],
                self.networks.architecture.dropped,
                self.dropout,
            )
            slopes = torch.empty_like(pairs[0]) if self.id_lr else None
            errors = [
                self.networks.step(networks, *batch, slopes)
                for batch in zip(pairs, kept, values, weight * weights, strict=True)
            ]
            if slopes is not None:
                for k, slope in zip(networks, slopes, strict=True):
                    self._move(inputs[k], orders[k][some][0], slope)
            losses = (torch.stack(errors).square() * weights).sum(dim=(0, 2))
            for k, loss in zip(networks, losses.tolist(), strict=True):
                totals[k] += loss
        return [total / max(len(order), 1) for total, order in zip(totals, orders, strict=True)]

    def _move(self, ratings: Ratings, order: Tensor, slopes: Tensor) -> None:
        """Descend the slopes (b, 2 d) of a batch's mean loss, a step a rating."""
        # Silent: how ids' embeddings learn. A step a rating moves no other user or item, so that
        # an epoch takes time by its ratings alone.
        real = order >= 0
        steps = -self.id_lr * real.sum() * slopes[real]
        parts = zip(
            (ratings.user_table, ratings.item_table),
            (ratings.users, ratings.items),
            steps.chunk(2, dim=1),
            strict=True,
        )
        for table, ids, step in parts:
            rows = ids[order[real]]
            table.index_add_(0, rows, step)
            table.index_copy_(0, rows, into_ball(table[rows]))


def batches(
    inputs: Sequence[Ratings],
    orders: Sequence[Tensor],
    generators: Sequence[torch.Generator],
    dropped: int,
    dropout: float,
) -> tuple[Tensor, ...]:
    """For k networks, by their rows (s, b), -1 where there is none, everything s steps need.

    Pairs' embeddings (s, k, b, 2 d), the scale of hidden units (s, k, b, dropped), ratings and
    weights (s, k, b).
    """
    gathered = []
    for ratings, order, generator in zip(inputs, orders, generators, strict=True):
        rows = order.clamp(min=0)
        users = ratings.user_table.index_select(0, ratings.users[rows].flatten())
        items = ratings.item_table.index_select(0, ratings.items[rows].flatten())
        pairs = torch.cat([users, items], dim=1).view(*order.shape, -1)
        real = (order >= 0).to(ratings.values.dtype)
        kept = dropout_mask((*order.shape, dropped), dropout, generator)
        gathered.append((pairs, kept, ratings.values[rows], real / real.sum(dim=1, keepdim=True)))
    return tuple(torch.stack(parts).transpose(0, 1) for parts in zip(*gathered, strict=True))


def converged(history: dict[str, list[float]], tolerance: float) -> bool:
    """Whether the last epoch changed the loss by less than ``tolerance``."""
    losses = history["training loss"]
    return len(losses) > 1 and abs(losses[-1] - losses[-2]) < tolerance


def _zipped(a: int, b: int, ahead: int) -> Iterator[tuple[tuple[int, ...], slice]]:
    """The networks that train together on their batches number ..., of ``a`` and ``b`` in all."""
    # Silent: what happens when one domain ends; the released code stops there and never sees the
    # rest. Here the rest of the longer one is trained alone: each rating counts once an epoch.
    both, longer = min(a, b), int(b > a)
    for networks, first, last in (((0, 1), 0, both), ((longer,), both, max(a, b))):
        for start in range(first, last, ahead):
            yield networks, slice(start, min(start + ahead, last))


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
