"""Supervised learning in the source domain, the first stage of Algorithm 1.

Wang, Niepert, Li: RecSys-DAN, TNNLS 2020, Eqs. (3), (4) and (8).
"""

from __future__ import annotations

import copy
import math
import time
from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn

from benchmark.recommender import IntArray
from methods.recsys_dan.layers import Dense
from methods.recsys_dan.networks import Generators
from methods.recsys_dan.optimizers import OptimizerName, optimizer_of
from methods.recsys_dan.samples import Samples


class SourceModel(nn.Module):
    """M^s and the scoring function G^s_y, Eq. (1)."""

    def __init__(self, generators: Generators, width: int) -> None:
        super().__init__()
        self.generators = generators
        # Silent: the scoring function; one linear unit, the least that turns Gf's output into
        # a number. Not clipped: Table V prints a prediction of 5.08.
        self.scoring = Dense(width, 1)

    def forward(self, samples: Samples, rows: IntArray) -> Tensor:
        """Predicted ratings (n,) of the pairs ``rows``, in stars."""
        ratings: Tensor = self.scoring(self.generators(samples, rows))
        return ratings.squeeze(1)


def pretrain(
    model: SourceModel,
    samples: Samples,
    held_out: Samples,
    *,
    optimizer: OptimizerName,
    penalty: float,
    batch_size: int,
    max_epochs: int,
    patience: int,
    rng: np.random.Generator,
) -> dict[str, list[float]]:
    """Minimise Eq. (4) and leave ``model`` as it was when best on the held-out pairs.

    Returns:
        Curves by epoch: errors in stars, and seconds.
    """
    ratings = torch.from_numpy(samples.ratings).float()
    updater = optimizer_of(optimizer, model.parameters())
    curves: dict[str, list[float]] = defaultdict(list)
    best, best_state, waited = math.inf, copy.deepcopy(model.state_dict()), 0
    for _ in range(max_epochs):
        started = time.perf_counter()
        model.train()
        squared_errors = 0.0
        for rows in batches(len(samples), batch_size, rng):
            mse = nn.functional.mse_loss(model(samples, rows), ratings[rows])
            loss = mse + penalty * _norm(model) if penalty else mse  # Eq. (4)
            updater.zero_grad()
            loss.backward()
            updater.step()  # Eq. (8)
            squared_errors += float(mse.detach()) * len(rows)
        rmse = _rmse(model, held_out)
        curves["source training RMSE"].append(math.sqrt(squared_errors / len(samples)))
        curves["source held-out RMSE"].append(rmse)
        curves["pre-training seconds"].append(time.perf_counter() - started)
        waited += 1
        if rmse < best:
            best, best_state, waited = rmse, copy.deepcopy(model.state_dict()), 0
        if waited == patience:
            break
    model.load_state_dict(best_state)
    return dict(curves)


def batches(n: int, size: int, rng: np.random.Generator) -> Iterator[IntArray]:
    """The rows 0 to n - 1 in random order, ``size`` at a time; the last batch may be smaller."""
    order = rng.permutation(n)
    for start in range(0, n, size):
        yield order[start : start + size]


def _norm(model: nn.Module) -> Tensor:
    """||Theta||, not squared, as Eqs. (3) and (4) write it."""
    return torch.stack([weights.square().sum() for weights in model.parameters()]).sum().sqrt()


def _rmse(model: SourceModel, samples: Samples) -> float:
    model.eval()
    with torch.no_grad():
        predicted = model(samples, np.arange(len(samples))).double().numpy()
    return float(np.sqrt(np.mean((predicted - samples.ratings) ** 2)))
