"""DDTCDR: two domains' recommenders that rate each other's users through an orthogonal map.

P. Li and A. Tuzhilin, "DDTCDR: Deep dual transfer cross domain recommendation", WSDM 2020: the
DDTCDR row of DML (section 5.3).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Literal, Self, get_args

import numpy as np
import torch
from torch import Tensor

from benchmark.data.views import TrainingData
from benchmark.errors import BenchError, suggestion
from benchmark.recommender import FloatArray, Pairs, Recommender, Scores, Selection, Side, Signal
from benchmark.space import Choice, Real, Space
from methods.ddtcdr.transfer import DualTransfer
from methods.dml.embedding import Embedder
from methods.dml.networks import Mlp
from methods.dml.pair import NetworkPair
from methods.dml.scoring import rated_in_chunks

Version = Literal["paper", "as-released"]
"""``as-released``: the dual losses are constants to the optimiser, as in the authors' code, which
leaves two networks that do not meet, and each domain is rated by its own."""


@dataclass
class DDTCDR(Recommender):
    """Domain A is the task's source, domain B its target; either can be queried.

    Shared users are not read: every user of a domain is mapped into the other.
    """

    name: ClassVar[str] = "ddtcdr"
    paper: ClassVar[str] = (
        "Li and Tuzhilin, DDTCDR: Deep dual transfer cross domain recommendation, WSDM 2020"
    )
    title: ClassVar[str] = "DDTCDR"
    source_data: ClassVar[Signal] = Signal.RATINGS | Signal.REVIEWS | Signal.FEATURES
    target_data: ClassVar[Signal] = source_data
    optional: ClassVar[Signal] = Signal.REVIEWS | Signal.FEATURES
    scores: ClassVar[Scores] = Scores.BOTH
    selection: ClassVar[Selection] = Selection.TARGET
    # Silent: the space of a search; DML's, but for the width of embeddings and the batches.
    space: ClassVar[Space] = {
        "lr": Real(1e-4, 1e-2, log=True),
        "hidden": Choice((32, 64, 128)),
        "dropout": Real(0.0, 0.5),
        "alpha": Real(0.01, 0.5, log=True),
    }
    smoke: ClassVar[dict[str, Any]] = {"epochs": 1, "autoencoder_steps": 30}

    version: Version = "paper"
    """What is meant, or what the released code computes."""
    alpha: float = 0.03
    """Weight of what is transferred against 1 - alpha; the released code's."""
    # Differs: the released code's embeddings of 8 and batches of 1,024 become those that DML
    # states (its section 5.4), where DDTCDR is a row beside it.
    dimension: int = 16
    """Of the embeddings."""
    batch_size: int = 64
    """Of autoencoders and networks."""
    # Silent: which epoch counts; the last, as in DML, where other baselines keep their best on
    # rows held out. On pairs as small as Beauty and Fashion the last ones differ widely.
    epochs: int = 100
    """At most; the released code."""
    tolerance: float = 1e-5
    """Training ends when an epoch changes the loss by less; DML's section 6.8."""
    hidden: int = 64
    """Units of the first hidden layer, the second having ``dimension``; the released code."""
    dropout: float = 0.1
    """Of all hidden units; the released code."""
    # Differs: Adam, as in DML and the other baselines, and not SGD at 0.01.
    lr: float = 1e-3
    """Of networks and map."""
    columns: int = 256
    """At most, for history and for each text, by hashing; as in DML."""
    autoencoder_steps: int = 2000
    """Batches an autoencoder learns from; as in DML."""
    autoencoder_lr: float = 1e-3
    """Adam's; as in DML."""

    def __post_init__(self) -> None:
        if self.version not in get_args(Version):
            raise BenchError(
                f"ddtcdr: version = {self.version!r} is unknown"
                f"{suggestion(self.version, get_args(Version))}"
            )

    def fit(self, data: TrainingData, *, seed: int) -> Self:
        seeds = np.random.SeedSequence(seed).generate_state(5).tolist()
        # Differs: embeddings are DML's, of the same features, lest a row beside DML be lower for
        # its features; the released code embeds categories.
        embedder = Embedder(
            kind="ae",
            dimension=self.dimension,
            columns=self.columns,
            folds=0,
            steps=self.autoencoder_steps,
            batch_size=self.batch_size,
            lr=self.autoencoder_lr,
        )
        a = embedder.embed(data.source, seed=seeds[0])
        b = embedder.embed(data.target, seed=seeds[1])
        first, second = (torch.Generator().manual_seed(seed) for seed in seeds[2:4])
        adam = partial(torch.optim.Adam, lr=self.lr, fused=True)
        networks = NetworkPair(Mlp(self.dimension, self.hidden), (first, second), adam)
        transfer = DualTransfer(
            networks,
            (a.ratings, b.ratings),
            (first, second),
            alpha=None if self.version == "as-released" else self.alpha,
            dropout=self.dropout,
            batch_size=self.batch_size,
            optimiser=adam,
        )
        self.history_ = transfer.run(epochs=self.epochs, tolerance=self.tolerance)
        self.rate_ = networks.architecture
        self.parameters_ = [networks.parameters(k) for k in (0, 1)]
        self.users_, self.items_ = (a.users, b.users), (a.items, b.items)
        self.mapped_ = (a.users @ transfer.map.T, b.users @ transfer.map)
        self.map_: FloatArray = transfer.map.double().numpy()
        self.maxima_ = (data.source.scale[1], data.target.scale[1])
        self.facts_ = {"epochs": len(self.history_["training loss"])}
        return self

    def predict(self, pairs: Pairs) -> FloatArray:
        side = int(pairs.side is Side.TARGET)
        return self.maxima_[side] * rated_in_chunks(pairs, partial(self._rated, side))

    def _rated(self, side: int, users: Tensor, items: Tensor) -> Tensor:
        """Hybrid ratings (n,) of pairs of a domain, in shares of the maximum."""

        def rated(network: int, table: Tensor) -> Tensor:
            pairs = torch.cat([table[users], self.items_[side][items]], dim=1)
            return self.rate_(self.parameters_[network], pairs[None])[0]

        own = rated(side, self.users_[side])
        if self.version == "as-released":
            return own
        return (1 - self.alpha) * own + self.alpha * rated(1 - side, self.mapped_[side])
