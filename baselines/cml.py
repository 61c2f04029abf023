"""Users and items in one metric space, near where a user likes an item: the CML row of DML (5.3).

C.-K. Hsieh, L. Yang, Y. Cui, T.-Y. Lin, S. Belongie and D. Estrin, "Collaborative metric
learning", WWW 2017.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from baselines.bias import Bias
from benchmark.data.views import TrainingData
from benchmark.recommender import FloatArray, Pairs, Recommender, Selection, Signal
from benchmark.space import Choice, Real, Space


@dataclass
class CML(Recommender):
    r"""Learns a metric from likes (section 3), and from the metric ratings.

    Predictions are :math:`\mu + b_u + b_i - s \, (d(u, i)^2 - m)`. The biases are those of the
    bias model; the slope s and the mean m of the squared distances are least squares on rows
    that the metric was not trained on, where distances are what they are on new pairs.
    """

    name: ClassVar[str] = "cml"
    paper: ClassVar[str] = "Hsieh et al., Collaborative metric learning, WWW 2017"
    title: ClassVar[str] = "CML"
    source_data: ClassVar[Signal] = Signal.NONE
    target_data: ClassVar[Signal] = Signal.RATINGS
    selection: ClassVar[Selection] = Selection.TARGET
    space: ClassVar[Space] = {
        "factors": Choice((16, 32, 64, 100)),
        "margin": Real(0.5, 2.5),
        "lr": Real(0.01, 0.5, log=True),
        "covariance": Choice((0.0, 0.1, 1.0, 10.0)),
    }
    smoke: ClassVar[dict[str, int]] = {"factors": 8, "epochs": 2}

    # Silent: DML gives no settings. These are the authors' code's.
    factors: int = 100
    """Dimensions of the space; the authors' code."""
    margin: float = 1.5
    """By how much the squared distance of a like is to be the smaller; the authors' code."""
    covariance: float = 0.1
    """Weight of the covariance loss; the authors' code."""
    lr: float = 0.1
    """AdaGrad's learning rate; the authors' code."""
    negatives: int = 20
    """Items drawn for a like; the authors' code."""
    # Differs: 50,000 in the authors' code, which would be an epoch or two a step here.
    batch_size: int = 1024
    """Likes in a batch."""
    epochs: int = 50
    """At most."""
    # Silent: which ratings are likes. DML's metrics take those of half of the highest on.
    liked: float = 0.5
    """From which share of the highest rating on a rating is a like."""
    held_out: float = 0.1
    """Share of the training rows that calibrates distances and chooses the epoch."""
    patience: int = 5
    """Epochs without a new lowest error before training stops."""

    def fit(self, data: TrainingData, *, seed: int) -> Self:
        torch.manual_seed(seed)
        view = data.target
        order = torch.randperm(len(view.ratings)).numpy()
        held, rest = np.split(order, [max(1, round(self.held_out * len(order)))])
        likes = rest[view.ratings[rest] >= self.liked * view.scale[1]]
        liked = torch.from_numpy(np.stack([view.users[likes], view.items[likes]]))
        sizes = view.n_users, view.n_items
        self.placed_ = [
            np.isin(np.arange(n), ids) for n, ids in zip(sizes, liked.numpy(), strict=True)
        ]
        pairs = Pairs(view.users[held], view.items[held])
        part = replace(view, **{c: getattr(view, c)[rest] for c in ("users", "items", "ratings")})
        biases = Bias().fit(replace(data, target=part), seed=seed)
        residuals = view.ratings[held] - biases.predict(pairs)

        places = [(torch.randn(n, self.factors) / self.factors**0.5) for n in sizes]
        for table in places:
            table.renorm_(2, 0, 1).requires_grad_()  # Section 3.4: all within the unit ball
        # TensorFlow's accumulators, and so the authors', start at 0.1.
        adagrad = torch.optim.Adagrad(places, self.lr, initial_accumulator_value=0.1)
        losses: list[float] = []
        errors: list[float] = []
        best = 0
        kept: tuple[list[FloatArray], float, float]
        while len(errors) < self.epochs and len(errors) < best + self.patience:
            losses.append(self._epoch(places, liked, adagrad))
            self.places_ = [table.detach().double().numpy() for table in places]
            self.mean_, self.slope_ = self._calibrated(pairs, residuals)
            errors.append(float(np.sqrt(np.mean((residuals - self._term(pairs)) ** 2))))
            if errors[-1] == min(errors):
                best, kept = len(errors), (self.places_, self.mean_, self.slope_)
        self.places_, self.mean_, self.slope_ = kept
        self.biases_ = Bias().fit(data, seed=seed)
        self.history_ = {"loss": losses, "held-out RMSE": errors}
        self.facts_ = {
            "likes": len(likes),
            "epochs": len(errors),
            "best epoch": best,
            "stars per squared distance": self.slope_,
        }
        return self

    def _epoch(self, places: list[Tensor], liked: Tensor, adagrad: torch.optim.Adagrad) -> float:
        """One pass over the shuffled likes (2, n); returns the mean loss."""
        users, items = places
        known = torch.unique(liked[0] * len(items) + liked[1])
        total = 0.0
        for u, i in liked[:, torch.randperm(liked.shape[1])].split(self.batch_size, dim=1):
            others = torch.randint(len(items), (len(u), self.negatives))
            # Differs: the authors draw again what a user likes; here it does not count.
            keys = u[:, None] * len(items) + others
            place = torch.searchsorted(known, keys).clamp_(max=len(known) - 1)
            hinge = ranking_loss(
                users[u], items[i], items, others, known[place] != keys, self.margin
            )
            loss = hinge + self.covariance * covariance_loss(torch.cat([users[u], items[i]]))
            adagrad.zero_grad()
            loss.backward()
            adagrad.step()
            with torch.no_grad():
                for table in places:
                    table.renorm_(2, 0, 1)
            total += loss.item()
        return total / max(liked.shape[1], 1)

    def _calibrated(self, pairs: Pairs, residuals: FloatArray) -> tuple[float, float]:
        """The mean of the squared distances and the stars that one costs, at least 0."""
        squared, placed = self._squared(pairs)
        squared, residuals = squared[placed], residuals[placed]
        if not len(squared):
            return 0.0, 0.0
        mean = float(squared.mean())
        centred = squared - mean
        variation = float(centred @ centred)
        return mean, max(-float(centred @ residuals) / variation, 0.0) if variation else 0.0

    def _squared(self, pairs: Pairs) -> tuple[FloatArray, NDArray[np.bool_]]:
        """Squared distances (n,), and whether user and item have a like that tells their place."""
        users, items = self.places_
        squared = ((users[pairs.users] - items[pairs.items]) ** 2).sum(axis=1)
        return squared, self.placed_[0][pairs.users] & self.placed_[1][pairs.items]

    def _term(self, pairs: Pairs) -> FloatArray:
        squared, placed = self._squared(pairs)
        return np.where(placed, -self.slope_ * (squared - self.mean_), 0.0)

    def predict(self, pairs: Pairs) -> FloatArray:
        return self.biases_.predict(pairs) + self._term(pairs)


def ranking_loss(
    users: Tensor, likes: Tensor, items: Tensor, others: Tensor, counts: Tensor, margin: float
) -> Tensor:
    """Eq. (1) with the approximate ranks of section 3.2.

    Args:
        users: places of users (b, d).
        likes: places of an item that each likes (b, d).
        items: places of all items (n, d).
        others: items drawn for each (b, m).
        counts: which of these count (b, m).
        margin: by how much they are to be farther than the like.
    """
    near = ((users - likes) ** 2).sum(dim=1)
    with torch.no_grad():
        products = torch.bmm(items[others], users[:, :, None])[:, :, 0]
        norms = (items**2).sum(dim=1)[others] + (users**2).sum(dim=1, keepdim=True)
        far = (norms - 2 * products).masked_fill(~counts, torch.inf)
        impostors = (margin + near[:, None] - far > 0).sum(dim=1)
        ranks = len(items) * impostors / counts.sum(dim=1).clamp(min=1)
        nearest = others.gather(1, far.argmin(dim=1, keepdim=True))[:, 0]
        weights = torch.log1p(ranks)  # Eq. (3); 0 where none counts
    far = ((users - items[nearest]) ** 2).sum(dim=1)
    return (weights * torch.relu(margin + near - far)).sum()


def covariance_loss(places: Tensor) -> Tensor:
    """The covariances among the coordinates of a batch of ``places`` (n, d), section 3.4."""
    # Differs: the paper squares one of the two norms only, which would reward variance. The
    # authors' code takes all places, here they are a batch's, and the gradient is a billionth of
    # the hinge's: no weight that is searched changes much.
    n = len(places)
    centred = places - places.mean(dim=0)
    covariance = centred.T @ centred / n
    return (covariance.square().sum() - covariance.diagonal().square().sum()) / n
