"""Dual transfer: every rating teaches its own domain's network and, its user mapped, the other's.

P. Li and A. Tuzhilin, "DDTCDR: Deep dual transfer cross domain recommendation", WSDM 2020.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import InitVar, dataclass, replace

import torch
from torch import Tensor
from torch.optim import Optimizer

from methods.dml.dual import Ratings, converged, dropout_mask, shuffled
from methods.dml.orthogonal import gram_schmidt
from methods.dml.pair import NetworkPair


@dataclass(frozen=True)
class _Batch:
    """Embeddings (b, d), ratings and weights (b,) of a domain's rows, weights 0 where padded."""

    users: Tensor
    items: Tensor
    values: Tensor
    weights: Tensor

    @property
    def pairs(self) -> Tensor:
        """Users' and items' embeddings (b, 2 d)."""
        return torch.cat([self.users, self.items], dim=1)


@dataclass
class DualTransfer:
    """RS_A, RS_B and the orthogonal X between their users, learnt together.

    With an ``alpha`` of None nothing is transferred: X stays the identity and the networks do not
    meet, which is what the released code computes.
    """

    networks: NetworkPair
    domains: tuple[Ratings, Ratings]
    generators: tuple[torch.Generator, torch.Generator]
    alpha: float | None
    dropout: float
    batch_size: int
    optimiser: InitVar[Callable[[Sequence[Tensor]], Optimizer]]

    def __post_init__(self, optimiser: Callable[[Sequence[Tensor]], Optimizer]) -> None:
        # Silent: where X starts; at the identity, from where Gram-Schmidt leads to no reflection.
        self.map = torch.eye(self.domains[0].user_table.shape[1])
        self._optimiser = optimiser([self.map])

    def run(self, *, epochs: int, tolerance: float) -> dict[str, list[float]]:
        """Train for ``epochs``, or until the loss changes by less than ``tolerance``."""
        history: dict[str, list[float]] = {"training loss": [], "L_A": [], "L_B": []}
        while len(history["L_A"]) < epochs and not converged(history, tolerance):
            losses = self.epoch()
            for curve, loss in zip(history, (sum(losses), *losses), strict=True):
                history[curve].append(loss)
        return history

    def epoch(self) -> Sequence[float]:
        """One pass over both domains' ratings; the networks' mean squared errors at home."""
        orders = [
            shuffled(len(ratings), self.batch_size, generator)
            for ratings, generator in zip(self.domains, self.generators, strict=True)
        ]
        totals = torch.zeros(2)
        for step in range(max(map(len, orders))):
            # Silent: what happens when one domain ends; the released code stops there. Here the
            # other goes on, so that each rating counts once an epoch. The one that has ended then
            # learns what is transferred alone, whose weight alpha Adam's steps hardly feel.
            batches = [self._batch(k, order[step : step + 1]) for k, order in enumerate(orders)]
            if self.alpha is None:
                present = tuple(k for k in (0, 1) if step < len(orders[k]))
                errors = self._step_alone(present, [batches[k] for k in present])
            else:
                present = (0, 1)
                errors = self._step(batches[0], batches[1], self.alpha)
            for k, error in zip(present, errors, strict=True):
                totals[k] += (error.square() * (batches[k].weights > 0)).sum()
        return (totals / torch.tensor([len(ratings) for ratings in self.domains])).tolist()

    def _batch(self, domain: int, orders: Tensor) -> _Batch:
        """The rows of one batch; none of them is real where ``orders`` (0 or 1, b) has ended."""
        order = orders[0] if len(orders) else torch.full((self.batch_size,), -1)
        ratings, rows = self.domains[domain], order.clamp(min=0)
        real = (order >= 0).float()
        return _Batch(
            ratings.user_table.index_select(0, ratings.users[rows]),
            ratings.item_table.index_select(0, ratings.items[rows]),
            ratings.values[rows],
            real / real.sum().clamp(min=1),
        )

    def _step_alone(self, present: tuple[int, ...], batches: Sequence[_Batch]) -> Tensor:
        """Each network learns from its own domain; its errors (k, b)."""
        return self.networks.step(
            present,
            torch.stack([batch.pairs for batch in batches]),
            self._kept(present, self.batch_size),
            torch.stack([batch.values for batch in batches]),
            torch.stack([batch.weights for batch in batches]),
        )

    def _step(self, a: _Batch, b: _Batch, alpha: float) -> Tensor:
        """Each network learns from its own domain and the other's mapped users.

        X learns from both; the errors (2, b) are those at home.
        """
        inputs = (
            (a, replace(b, users=b.users @ self.map)),
            (b, replace(a, users=a.users @ self.map.T)),
        )
        pairs, values, weights = (
            torch.stack(rows)
            for rows in zip(
                *(
                    (
                        torch.cat([own.pairs, other.pairs]),
                        torch.cat([own.values, other.values]),
                        torch.cat([(1 - alpha) * own.weights, alpha * other.weights]),
                    )
                    for own, other in inputs
                ),
                strict=True,
            )
        )
        slopes = torch.empty_like(pairs)
        kept = self._kept((0, 1), pairs.shape[1])
        errors = self.networks.step((0, 1), pairs, kept, values, weights, slopes)
        to_b, to_a = slopes[:, self.batch_size :, : len(self.map)]
        self.map.grad = b.users.T @ to_b + to_a.T @ a.users
        self._optimiser.step()
        # Silent: how X is kept orthogonal. The released code has a penalty of 1e-6 that does not
        # keep it so; DML's section 5.4 names Gram-Schmidt.
        self.map.copy_(gram_schmidt(self.map))
        return errors[:, : self.batch_size]

    def _kept(self, networks: tuple[int, ...], rows: int) -> Tensor:
        shape = (rows, self.networks.architecture.dropped)
        return torch.stack(
            [dropout_mask(shape, self.dropout, self.generators[k]) for k in networks]
        )
