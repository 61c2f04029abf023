"""Adversarial adaptation of the target's generators, the second stage of Algorithm 1.

Wang, Niepert, Li: RecSys-DAN, TNNLS 2020, Eqs. (5), (6) and (9).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from benchmark.recommender import IntArray
from methods.recsys_dan.networks import Generators, precoded
from methods.recsys_dan.optimizers import OptimizerName, optimizer_of
from methods.recsys_dan.pretraining import batches
from methods.recsys_dan.samples import Samples

Adapt = Literal["all", "f"]
GeneratorLoss = Literal["inverted", "saturating"]
Epoch = Literal["zipped", "nested"]

TARGET, SOURCE = 0, 1
"""The dummy domain labels y^d, section IV-C."""


@dataclass(frozen=True)
class Game:
    """How the discriminator and the target's generators play against each other."""

    adapt: Adapt
    loss: GeneratorLoss
    epoch: Epoch
    batch_size: int
    optimizer: OptimizerName
    source_dropout: bool


def adapt(
    source_generators: Generators,
    target_generators: Generators,
    source: Samples,
    target: Samples,
    discriminator: nn.Module,
    game: Game,
    rng: np.random.Generator,
) -> Iterator[dict[str, float]]:
    """Train ``target_generators`` in place; each value drawn is one epoch's averages.

    "Df accuracy" is the share recognised before each update, averaged over the two domains; "Df
    loss" is Eq. (5) with its sign turned, 2 ln 2 when the domains look alike; "Gf loss" is what
    ``game.loss`` says.
    """
    # M^s is fixed, so its users and items are encoded once.
    source_generators, source = precoded(source_generators, source)
    source_generators.train(game.source_dropout)
    if game.adapt == "f":
        target_generators, target = precoded(target_generators, target)
    target_generators.train()
    d_updater = optimizer_of(game.optimizer, discriminator.parameters())
    m_updater = optimizer_of(game.optimizer, target_generators.parameters())
    schedule = _zipped if game.epoch == "zipped" else _nested
    while True:
        started = time.perf_counter()
        steps = []
        for source_rows, target_rows in schedule(len(source), len(target), game.batch_size, rng):
            with torch.no_grad():
                from_source = source_generators(source, source_rows)
            # Differs: one forward pass of M^t serves both updates, hence one dropout mask.
            from_target = target_generators(target, target_rows)
            log_d_source = discriminator(from_source)
            log_d_target = discriminator(from_target.detach())
            # Eq. (5), to be maximised: log D of the source plus log(1 - D) of the target.
            d_loss = -(log_d_source[:, SOURCE].mean() + log_d_target[:, TARGET].mean())
            _update(d_updater, d_loss)  # Eq. (9)
            m_loss = _generator_loss(discriminator(from_target), game.loss)
            _update(m_updater, m_loss)
            steps.append((_accuracy(log_d_source, log_d_target), d_loss.item(), m_loss.item()))
        accuracy, mean_d_loss, mean_m_loss = np.mean(steps, axis=0).tolist()
        yield {
            "Df accuracy": accuracy,
            "Df loss": mean_d_loss,
            "Gf loss": mean_m_loss,
            "adversarial updates": len(steps),
            "adversarial seconds": time.perf_counter() - started,
        }


def _update(updater: torch.optim.Optimizer, loss: Tensor) -> None:
    updater.zero_grad()
    loss.backward()
    updater.step()


def _generator_loss(log_d_target: Tensor, loss: GeneratorLoss) -> Tensor:
    if loss == "saturating":
        return log_d_target[:, TARGET].mean()  # Eq. (6)
    # Differs: Eq. (6) has no gradient where the discriminator is sure; labels inverted instead.
    return -log_d_target[:, SOURCE].mean()


def _accuracy(log_d_source: Tensor, log_d_target: Tensor) -> float:
    right = [
        (log_d.argmax(dim=1) == label).float().mean().item()
        for log_d, label in ((log_d_source, SOURCE), (log_d_target, TARGET))
    ]
    return sum(right) / 2


def _zipped(
    n_source: int, n_target: int, size: int, rng: np.random.Generator
) -> Iterator[tuple[IntArray, IntArray]]:
    """Both domains side by side until the larger has been seen once."""
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
