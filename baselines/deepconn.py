"""Convolution over users' and items' reviews: the DeepCoNN row of RecSys-DAN (V-B).

L. Zheng, V. Noroozi and P. S. Yu, "Joint deep modeling of users and items using reviews for
recommendation", WSDM 2017; settings from the code that RecSys-DAN names, chenchongthu/DeepCoNN.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import torch
from torch import Tensor, nn

from baselines.factorization_machine import FactorizationMachine
from baselines.text_cnn import TextCNN
from benchmark.data.text import Documents, Histories, Vocabulary
from benchmark.data.views import DomainView, TrainingData
from benchmark.recommender import FloatArray, IntArray, Pairs, Recommender, Selection, Signal
from benchmark.space import Choice, Real, Space


@dataclass
class DeepCoNN(Recommender):
    """Two networks, over user and over item documents, joined by a factorisation machine."""

    name: ClassVar[str] = "deepconn"
    paper: ClassVar[str] = (
        "Zheng et al., Joint deep modeling of users and items using reviews for recommendation, "
        "WSDM 2017"
    )
    title: ClassVar[str] = "DeepCoNN"
    source_data: ClassVar[Signal] = Signal.NONE
    target_data: ClassVar[Signal] = Signal.RATINGS | Signal.REVIEWS
    selection: ClassVar[Selection] = Selection.TARGET
    # Figures 4 and 5 of DeepCoNN's paper vary factors and kernels; the rest is the code's options.
    space: ClassVar[Space] = {
        "filters": Choice((50, 100, 150)),
        "latent": Choice((16, 32, 64)),
        "dropout": Choice((0.0, 0.2, 0.5)),
        "lr": Real(2e-4, 5e-3, log=True),
    }
    smoke: ClassVar[dict[str, int]] = {"embedding": 8, "filters": 8, "latent": 4, "epochs": 2}

    embedding: int = 300
    """Width of the word vectors; the code's."""
    width: int = 3
    """Words that a kernel spans; the code's."""
    filters: int = 100
    """Kernels a side; the code's, as in section 4.2 of the paper."""
    latent: int = 32
    """Width of a document's code; the code's."""
    factors: int = 8
    """Factors of the factorisation machine; the code's."""
    dropout: float = 0.5
    """Share of the pairwise terms dropped in training; the code's."""
    cut_percentile: float = 85.0
    """Percentile of the documents' lengths at which they are cut, on either side; the code's."""
    # Silent: neither the paper nor the code speaks of it. A training pair's documents contain its
    # own review, those of a pair to be rated do not; yet without it nothing is gained: over rows
    # held out of Musical Instruments' training parts, RMSE 0.922 without and 0.914 with it.
    own_review: bool = True
    """Whether a training pair's documents contain its own review; as in the code."""
    lr: float = 0.002
    """Adam's learning rate; the code's."""
    batch_size: int = 100
    """The code's."""
    epochs: int = 40
    """At most; the code's."""
    # Differs: the code prints the lowest error of all epochs on the very rows it reports. Here
    # rows held out of training choose the epoch, and their reviews stay out of all documents.
    held_out: float = 0.1
    """Share of the training rows that choose the epoch."""
    patience: int = 5
    """Epochs without a new lowest error before training stops."""

    def fit(self, data: TrainingData, *, seed: int) -> Self:
        torch.manual_seed(seed)
        rng = np.random.default_rng(seed)
        view = data.target
        order = rng.permutation(len(view.ratings))
        cut = max(1, round(self.held_out * len(order)))
        held, rows = order[:cut], np.sort(order[cut:])
        # The code has a vocabulary for either side; from the same reviews, they are the same.
        vocabulary = Vocabulary.of(view.reviews[rows], min_count=1)
        sides = self._sides(view, rows, vocabulary)
        network = _Network(
            self._text_cnn(len(vocabulary)),
            self._text_cnn(len(vocabulary)),
            FactorizationMachine(2 * self.latent, self.factors, dropout=self.dropout),
        )
        adam = torch.optim.Adam(network.parameters(), lr=self.lr, fused=True)
        ratings = torch.from_numpy(view.ratings[rows]).float()
        losses: list[float] = []
        errors: list[float] = []
        best = 0
        while len(errors) < self.epochs and len(errors) < best + self.patience:
            losses.append(self._epoch(network, sides, ratings, adam, rng))
            scorer = _Scorer.of(network, sides)
            error = scorer.score(view.users[held], view.items[held]) - view.ratings[held]
            errors.append(float(np.sqrt(np.mean(error**2))))
            if errors[-1] == min(errors):
                best, self.scorer_ = len(errors), scorer
        self.history_ = {"loss": losses, "held-out RMSE": errors}
        self.facts_ = {"words": len(vocabulary), "epochs": len(errors), "best epoch": best}
        for name, side in zip(("user", "item"), sides, strict=True):
            self.facts_[f"words of one {name} at most"] = side.documents.tokens.shape[1]
        return self

    def _sides(
        self, view: DomainView, rows: IntArray, vocabulary: Vocabulary
    ) -> tuple[_Side, _Side]:
        """User and item documents from the reviews of ``rows``."""
        reviews, times = vocabulary.encode(view.reviews[rows]), view.times[rows]

        def side(owners: IntArray, n_owners: int) -> _Side:
            histories = Histories.of(reviews, owners, times, n_owners=n_owners)
            lengths = histories.lengths[np.unique(owners)]
            cap = max(1, int(np.percentile(lengths, self.cut_percentile)))
            whole = histories.documents(cap=cap)
            if self.own_review:
                return _Side(whole, owners, n_owners)
            without = histories.documents_without_own(cap=cap)
            return _Side(whole + without, n_owners + np.arange(len(owners)), n_owners)

        return side(view.users[rows], view.n_users), side(view.items[rows], view.n_items)

    def _text_cnn(self, vocabulary: int) -> TextCNN:
        return TextCNN(
            vocabulary,
            embedding=self.embedding,
            width=self.width,
            filters=self.filters,
            latent=self.latent,
        )

    def _epoch(
        self,
        network: _Network,
        sides: tuple[_Side, _Side],
        ratings: Tensor,
        adam: torch.optim.Adam,
        rng: np.random.Generator,
    ) -> float:
        """One pass over the shuffled rows; returns the mean squared error."""
        network.train()
        total = 0.0
        for rows in np.array_split(
            rng.permutation(len(ratings)), -(-len(ratings) // self.batch_size)
        ):
            squares = (network(sides, rows) - ratings[rows]).square().sum()
            adam.zero_grad()
            (squares / 2).backward()  # Eq. (10), in the code half its sum over the batch
            adam.step()
            total += squares.item()
        return total / len(ratings)

    def predict(self, pairs: Pairs) -> FloatArray:
        return self.scorer_.score(pairs.users, pairs.items)


@dataclass(frozen=True)
class _Side:
    """``documents``, the first ``n_owners`` of which are the whole ones, and each row's (n,)."""

    documents: Documents
    of_row: IntArray
    n_owners: int


class _Network(nn.Module):
    def __init__(self, user: TextCNN, item: TextCNN, machine: FactorizationMachine) -> None:
        super().__init__()
        self.user, self.item, self.machine = user, item, machine

    def forward(self, sides: tuple[_Side, _Side], rows: IntArray) -> Tensor:
        """Ratings (n,) of training rows; a document that several share is encoded once."""
        codes = []
        for encoder, side in zip((self.user, self.item), sides, strict=True):
            distinct, of_row = np.unique(side.of_row[rows], return_inverse=True)
            codes.append(encoder(side.documents[distinct])[of_row])
        ratings: Tensor = self.machine(torch.relu(torch.cat(codes, dim=1)))
        return ratings


@dataclass(frozen=True)
class _Scorer:
    """The machine's sums over each user's and each item's code, to be added up pair by pair."""

    bias: float
    users: tuple[FloatArray, ...]
    items: tuple[FloatArray, ...]

    @classmethod
    @torch.no_grad()
    def of(cls, network: _Network, sides: tuple[_Side, _Side]) -> Self:
        """Encode the whole documents of all users and items."""
        parts = []
        for k, (encoder, side) in enumerate(zip((network.user, network.item), sides, strict=True)):
            codes = torch.relu(encoder(side.documents[np.arange(side.n_owners)]))
            rows = slice(k * codes.shape[1], (k + 1) * codes.shape[1])
            sums = network.machine.sums(codes, rows)
            parts.append(tuple(part.double().numpy() for part in sums))
        return cls(network.machine.bias.item(), *parts)

    def score(self, users: IntArray, items: IntArray) -> FloatArray:
        """Ratings (n,), each from its own row alone."""
        linear, sums, squares = (
            of_users[users] + of_items[items]
            for of_users, of_items in zip(self.users, self.items, strict=True)
        )
        ratings: FloatArray = self.bias + linear + ((sums**2 - squares) / 2).sum(axis=1)
        return ratings
