"""What NCF and NCF-joint have in common: NeuMF fitted to ratings, for clicks.

X. He, L. Liao, H. Zhang, L. Nie, X. Hu and T.-S. Chua, "Neural collaborative filtering", WWW 2017.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from baselines.neumf import NeuMF
from benchmark.recommender import FloatArray, IntArray, Recommender, Selection, Signal
from benchmark.space import Choice, Real, Space

_CHUNK = 1024
"""Pairs scored at once, the last chunk padded: rows of a product may depend on their number."""


@dataclass
class NeuMFRecommender(Recommender):
    """One network for all ratings it is given; its instances differ in which these are."""

    paper: ClassVar[str] = "He et al., Neural collaborative filtering, WWW 2017"
    target_data: ClassVar[Signal] = Signal.RATINGS
    selection: ClassVar[Selection] = Selection.TARGET
    # The values that section 4.1 tries, and the penalty that is an option of the authors' code.
    space: ClassVar[Space] = {
        "factors": Choice((8, 16, 32, 64)),
        "batch_size": Choice((128, 256, 512, 1024)),
        "lr": Real(1e-4, 5e-3, log=True),
        "l2": Choice((0.0, 1e-6, 1e-5, 1e-4, 1e-3)),
    }
    smoke: ClassVar[dict[str, int]] = {"epochs": 3}

    factors: int = 8
    """Width of the last layer of either part; the tower narrows 8, 4, 2, 1 times as much."""
    batch_size: int = 256
    """The authors' code."""
    lr: float = 1e-3
    """Adam's learning rate; the authors' code."""
    l2: float = 0.0
    """Penalty on the embeddings; 0 in the authors' code."""
    epochs: int = 100
    """At most; the authors' code."""
    # Silent: neither paper says when to stop. Few ratings are overfitted within a few epochs, so
    # the epoch with the lowest error on rows held out of training is kept.
    held_out: float = 0.1
    """Share of the training rows that choose the epoch."""
    patience: int = 5
    """Epochs without a new lowest error before training stops."""

    def _learn(
        self,
        users: IntArray,
        items: IntArray,
        values: FloatArray,
        *,
        size: tuple[int, int],
        seed: int,
    ) -> None:
        """Fit to the ratings (n,), in shares of the highest, of ``size`` users and items."""
        torch.manual_seed(seed)
        columns = (users, items, values.astype(np.float32))
        held, train = _shares(tuple(map(torch.from_numpy, columns)), self.held_out)
        self.model_ = kept = NeuMF(*size, self.factors)
        # Differs: the output starts at the mean rating and not at 0, lest the first epochs, of
        # which one is the best, go into moving every embedding towards it.
        nn.init.constant_(self.model_.output.bias, train[2].mean().item())
        embeddings = [self.model_.users.weight, self.model_.items.weight]
        rest = [*self.model_.tower.parameters(), *self.model_.output.parameters()]
        groups: list[dict[str, Any]] = [
            {"params": embeddings, "weight_decay": self.l2},
            {"params": rest},
        ]
        adam = torch.optim.Adam(groups, lr=self.lr, fused=True)
        losses: list[float] = []
        errors: list[float] = []
        best = 0
        while len(errors) < self.epochs and len(errors) < best + self.patience:
            losses.append(self._epoch(train, adam))
            errors.append(_error(self.model_, held) ** 0.5)
            if errors[-1] == min(errors):
                best, kept = len(errors), copy.deepcopy(self.model_)
        self.model_ = kept
        self.history_ = {"loss": losses, "held-out RMSE": errors}
        self.facts_ = {"epochs": len(errors), "best epoch": best}

    def _epoch(self, rows: tuple[Tensor, ...], adam: torch.optim.Adam) -> float:
        """One pass over the shuffled rows; returns the mean loss."""
        order = torch.randperm(len(rows[0]))
        total = 0.0
        shuffled = (torch.split(column[order], self.batch_size) for column in rows)
        for users, items, targets in zip(*shuffled, strict=True):
            # Differs: the paper's binary cross-entropy on clicks and sampled negatives becomes
            # the squared error of the observed ratings over the highest one.
            loss = nn.functional.mse_loss(self.model_(users, items), targets)
            adam.zero_grad()
            loss.backward()
            adam.step()
            total += loss.item() * len(users)
        return total / len(order)

    def _rated(self, users: IntArray, items: IntArray) -> FloatArray:
        """Ratings (n,) in shares of the highest."""
        chunks = (
            torch.split(torch.from_numpy(np.pad(column, (0, -len(users) % _CHUNK))), _CHUNK)
            for column in (users, items)
        )
        with torch.inference_mode():
            scores = torch.cat([self.model_(u, i) for u, i in zip(*chunks, strict=True)])
        rated: FloatArray = scores[: len(users)].double().numpy()
        return rated


def _shares(
    rows: tuple[Tensor, ...], share: float
) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
    """A random ``share`` of the rows, at least one, and the others: users, items and targets."""
    order = torch.randperm(len(rows[0]))
    cut = max(1, round(share * len(order)))
    return (
        tuple(column[order[:cut]] for column in rows),
        tuple(column[order[cut:]] for column in rows),
    )


@torch.inference_mode()
def _error(model: nn.Module, rows: tuple[Tensor, ...]) -> float:
    users, items, targets = rows
    return nn.functional.mse_loss(model(users, items), targets).item()
