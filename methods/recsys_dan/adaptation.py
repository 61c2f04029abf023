"""The game of target generators against a discriminator, and its first round, Algorithm 1.

Wang, Niepert, Li: RecSys-DAN, TNNLS 2020, Eqs. (5), (6), (7) and (9).
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from benchmark.recommender import IntArray
from methods.recsys_dan.networks import Frozen, Generators, precoded
from methods.recsys_dan.optimizers import OptimizerName, optimizer_of
from methods.recsys_dan.pretraining import batches
from methods.recsys_dan.samples import Samples
from methods.recsys_dan.shared import Level

Adapt = Literal["all", "f"]
GeneratorLoss = Literal["inverted", "saturating"]
Epoch = Literal["zipped", "nested"]

TARGET, SOURCE = 0, 1
"""The dummy domain labels y^d, section IV-C."""

_STAGES: dict[Level, str] = {
    "f": "adversarial",
    "u": "user fine-tuning",
    "v": "item fine-tuning",
}
"""What is adapted at the level of interactions, users and items."""


class Game:
    """A discriminator D_z and the target's generators, z the level at which they meet.

    ``learning`` are the generators' weights that learn; ``factor`` scales every learning rate.
    """

    def __init__(
        self,
        level: Level,
        discriminator: nn.Module,
        learning: Iterable[nn.Parameter],
        loss: GeneratorLoss,
        optimizer: OptimizerName,
        *,
        factor: float = 1.0,
    ) -> None:
        self.level = level
        self.discriminator = discriminator
        self.loss = loss
        self._d_updater = optimizer_of(optimizer, discriminator.parameters(), factor=factor)
        self._m_updater = optimizer_of(optimizer, learning, factor=factor)

    def epoch(self, codes: Iterable[tuple[Tensor, Tensor]]) -> dict[str, float]:
        """Update both sides for every batch of source and target codes; the epoch's averages.

        "Df accuracy" (Du, Dv) is the share recognised before each update, averaged over the two
        domains; "Df loss" is Eq. (5) with its sign turned, 2 ln 2 when the domains look alike;
        "Gf loss" is what ``loss`` says.
        """
        started = time.perf_counter()
        steps = []
        for from_source, from_target in codes:
            # Differs: one forward pass of M^t serves both updates, hence one dropout mask.
            both = torch.cat([from_source, from_target.detach()])
            log_d_source, log_d_target = self.discriminator(both).split(
                [len(from_source), len(from_target)]
            )
            d_loss = discriminator_loss(log_d_source, log_d_target)
            _update(self._d_updater, d_loss)  # Eq. (9)
            self.discriminator.requires_grad_(False)
            m_loss = generator_loss(self.discriminator(from_target), self.loss)
            _update(self._m_updater, m_loss)
            self.discriminator.requires_grad_(True)
            steps.append((accuracy(log_d_source, log_d_target), d_loss.item(), m_loss.item()))
        recognised, mean_d_loss, mean_m_loss = np.mean(steps, axis=0).tolist()
        return {
            f"D{self.level} accuracy": recognised,
            f"D{self.level} loss": mean_d_loss,
            f"G{self.level} loss": mean_m_loss,
            f"{_STAGES[self.level]} updates": len(steps),
            f"{_STAGES[self.level]} seconds": time.perf_counter() - started,
        }


def discriminator_loss(log_d_source: Tensor, log_d_target: Tensor) -> Tensor:
    """Eq. (5), and (7) for users or items, to be minimised; log D are (n, 2)."""
    # To be maximised: log D of the source plus log(1 - D) of the target.
    return -(log_d_source[:, SOURCE].mean() + log_d_target[:, TARGET].mean())


def generator_loss(log_d_target: Tensor, loss: GeneratorLoss) -> Tensor:
    """Eq. (6), and (7) for users or items, as printed (``saturating``) or ``inverted``."""
    if loss == "saturating":
        return log_d_target[:, TARGET].mean()  # Eq. (6)
    # Differs: Eq. (6) has no gradient where the discriminator is sure; labels inverted instead.
    return -log_d_target[:, SOURCE].mean()


def accuracy(log_d_source: Tensor, log_d_target: Tensor) -> float:
    """The share of codes whose domain is recognised, averaged over the two domains."""
    right = [
        (log_d.argmax(dim=1) == label).float().mean().item()
        for log_d, label in ((log_d_source, SOURCE), (log_d_target, TARGET))
    ]
    return sum(right) / 2


@dataclass(frozen=True)
class Pools:
    """The pairs of both domains that Df is shown, and the generators that code them.

    What stays fixed is encoded once: M^s, and all but G^t_f where only that adapts.
    """

    source_generators: Frozen
    source: Samples
    target_generators: Generators
    target: Samples

    @classmethod
    def of(
        cls,
        source_generators: Generators,
        source: Samples,
        target_generators: Generators,
        target: Samples,
        *,
        adapt: Adapt,
        source_dropout: bool,
    ) -> Pools:
        fixed = Frozen(source_generators, source).train(source_dropout)
        if adapt == "f":
            target_generators, target = precoded(target_generators, target)
        target_generators.train()
        return cls(fixed, source, target_generators, target)

    def showing(self, source: Samples, target: Samples) -> Pools:
        """The same generators on other pairs of the same inputs."""
        return replace(self, source=source, target=self.target.showing(target))

    def codes(self, rows: Iterable[tuple[IntArray, IntArray]]) -> Iterator[tuple[Tensor, Tensor]]:
        """Interactions of each batch of rows, the target's as M^t is when they are drawn."""
        for source_rows, target_rows in rows:
            from_source = self.source_generators(self.source, source_rows)
            yield from_source, self.target_generators(self.target, target_rows)


def schedule(
    epoch: Epoch, n_source: int, n_target: int, size: int, rng: np.random.Generator
) -> Iterator[tuple[IntArray, IntArray]]:
    """The batches of an epoch: ``zipped`` side by side, or ``nested`` as Algorithm 1 reads."""
    if epoch == "zipped":
        return _zipped(n_source, n_target, size, rng)
    return _nested(n_source, n_target, size, rng)


def _update(updater: torch.optim.Optimizer, loss: Tensor) -> None:
    updater.zero_grad()
    loss.backward()
    updater.step()


def _zipped(
    n_source: int, n_target: int, size: int, rng: np.random.Generator
) -> Iterator[tuple[IntArray, IntArray]]:
    """Both domains side by side until the larger has been seen once."""
    # Silent: the smaller begins anew, in another order, as often as it takes; a pass may end in a
    # small batch, which weighs as much as any.
    n_steps = -(-max(n_source, n_target) // size)
    both = _endless(n_source, size, rng), _endless(n_target, size, rng)
    for _ in range(n_steps):
        yield next(both[0]), next(both[1])


def _endless(n: int, size: int, rng: np.random.Generator) -> Iterator[IntArray]:
    while True:
        yield from batches(n, size, rng)


def _nested(
    n_source: int, n_target: int, size: int, rng: np.random.Generator
) -> Iterator[tuple[IntArray, IntArray]]:
    """Every batch of the target for every batch of the source, as Algorithm 1 reads."""
    for source_rows in batches(n_source, size, rng):
        for target_rows in batches(n_target, size, rng):
            yield source_rows, target_rows
