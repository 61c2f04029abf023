"""DML: two domains' recommenders, trained in turn on each other's users through an orthogonal map.

P. Li and A. Tuzhilin, "Dual Metric Learning for Effective and Efficient Cross-Domain
Recommendations", IEEE TKDE.
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
from benchmark.recommender import (
    FloatArray,
    Overlap,
    Pairs,
    Recommender,
    Scores,
    Selection,
    Side,
    Signal,
)
from benchmark.space import Choice, Real, Space
from methods.dml.dual import DualKind, DualLearning, StepOrder, UserKind, converged
from methods.dml.embedding import Embedder, EmbeddingKind
from methods.dml.networks import NetworkKind, network
from methods.dml.orthogonal import LatentMap, MapKind
from methods.dml.pair import NetworkPair
from methods.dml.scoring import rated_in_chunks

ScoreKind = Literal["own", "averaged"]
"""Who rates in the end: the domain's own network, or also the one that rates mapped users."""

_KINDS = {
    "embedding": EmbeddingKind,
    "network": NetworkKind,
    "dual": DualKind,
    "users": UserKind,
    "steps": StepOrder,
    "map": MapKind,
    "score": ScoreKind,
}


@dataclass
class DML(Recommender):
    """Domain A is the task's source, domain B its target; either can be queried."""

    name: ClassVar[str] = "dml"
    paper: ClassVar[str] = (
        "Li and Tuzhilin, Dual metric learning for effective and efficient cross-domain "
        "recommendations, IEEE TKDE"
    )
    title: ClassVar[str] = "DML"
    source_data: ClassVar[Signal] = Signal.RATINGS | Signal.REVIEWS | Signal.FEATURES
    target_data: ClassVar[Signal] = source_data
    optional: ClassVar[Signal] = Signal.REVIEWS | Signal.FEATURES
    overlap: ClassVar[Overlap] = Overlap.USERS
    scores: ClassVar[Scores] = Scores.BOTH
    selection: ClassVar[Selection] = Selection.TARGET
    # Silent: the space of the Bayesian optimisation (§5.4), which names what it chose: dimension
    # and batch size. The rest is what the paper leaves open of networks and training.
    space: ClassVar[Space] = {
        "dimension": Choice((8, 16, 32, 64)),
        "batch_size": Choice((32, 64, 128, 256)),
        "lr": Real(1e-4, 1e-2, log=True),
        "hidden": Choice((32, 64, 128)),
        "dropout": Real(0.0, 0.5),
        "alpha": Real(0.01, 0.5, log=True),
    }
    smoke: ClassVar[dict[str, Any]] = {"epochs": 2, "autoencoder_steps": 30}

    embedding: EmbeddingKind = "ae"
    """Of users and items (§3.1, Tables 9 and 11)."""
    dimension: int = 16
    """Of the embeddings (§5.4)."""
    batch_size: int = 64
    """Of autoencoders, networks and map (§5.4)."""
    epochs: int = 100
    """At most (§6.8)."""
    tolerance: float = 1e-5
    """Training ends when an epoch changes the loss by less (§6.8)."""
    dual: DualKind = "swap"
    """Algorithm 1's form; ``same`` is that of Eqs. (5) and (6)."""
    map: MapKind = "gs"
    """Gram-Schmidt (§5.4)."""
    steps: StepOrder = "own-map-dual"
    """Algorithm 1's order."""
    # Silent: which embedding of a shared user is "in the shared latent space" (§3.4); Algorithm 1
    # and the released code rate the own domain's. With ``shared`` what the other domain knows of a
    # user with ratings in both reaches the rating, which it cannot in Algorithm 1: there it only
    # trains the networks. Who has none in one domain is there represented by nothing.
    users: UserKind = "own"
    # Silent: how the final rating is formed (§3.4); the released code's way.
    score: ScoreKind = "own"
    alpha: float = 0.5
    """Weight of what is transferred against 1 - alpha (Eq. 7); Algorithm 1 weighs both alike."""
    network: NetworkKind = "mlp"
    """RS_A and RS_B (§3.4, Table 10)."""
    # Silent: width, dropout and learning rate of the networks; the released code's (there of SGD).
    hidden: int = 64
    """Units of the first hidden layer; the second has ``dimension``."""
    dropout: float = 0.1
    """Of all hidden units."""
    lr: float = 1e-3
    """Adam's, for the networks."""
    # Silent: the step of X. While embeddings are in the unit ball none larger is always stable,
    # and with few shared users there are few steps.
    map_lr: float = 0.5
    """Of gradient descent on Eqs. (3) and (4)."""
    penalty: float = 1e-6
    """Weight of orthogonality under ``map = soft``; the released code's."""
    # Silent: the step of ids' embeddings.
    id_lr: float = 0.1
    """Of gradient descent under ``embedding = id``, a step a rating."""
    # Silent: whether the rating to be learnt may be in the features of its own user and item. It
    # cannot be when tested, yet Algorithm 1 knows one embedding a user, so the literal form is the
    # default and no test figure chose it. Cross-fitted features (5) are a variant of its own name.
    folds: int = 0
    """Ratings of each fold are learnt with features of the others; 0: with those of all rows."""
    # Silent: how features are encoded and for how long autoencoders learn. On Douban's validation
    # part 64 to 1,024 columns and 1,000 to 10,000 steps are within the spread of seeds.
    columns: int = 256
    """At most, for history and for each text, by hashing."""
    autoencoder_steps: int = 2000
    """Batches an autoencoder learns from."""
    autoencoder_lr: float = 1e-3
    """Adam's."""

    def __post_init__(self) -> None:
        for field, kinds in _KINDS.items():
            value = getattr(self, field)
            if value not in get_args(kinds):
                raise BenchError(
                    f"dml: {field} = {value!r} is unknown{suggestion(value, get_args(kinds))}"
                )
        if self.folds and self.embedding == "id":
            raise BenchError(
                f"dml: folds = {self.folds} needs features, which embedding = 'id' does without; "
                "set folds to 0"
            )
        if self.dual in ("off", "one-way") and self.score == "averaged":
            raise BenchError(
                "dml: score = 'averaged' needs a network that has rated mapped users; "
                "set dual to 'swap' or 'same'"
            )

    def fit(self, data: TrainingData, *, seed: int) -> Self:
        seeds = np.random.SeedSequence(seed).generate_state(5).tolist()
        embedder = Embedder(
            self.embedding,
            self.dimension,
            self.columns,
            self.folds,
            self.autoencoder_steps,
            self.batch_size,
            self.autoencoder_lr,
        )
        # §3.1: each domain on its own, lest information leak between domains.
        a = embedder.embed(data.source, seed=seeds[0])
        b = embedder.embed(data.target, seed=seeds[1])
        # A user of whom one domain knows nothing has no embedding there to learn X from.
        known = np.isin(data.shared_users[:, 0], a.known_users)
        known &= np.isin(data.shared_users[:, 1], b.known_users)
        shared = torch.from_numpy(data.shared_users[known])

        generators = [torch.Generator().manual_seed(seed) for seed in seeds[2:]]
        networks = NetworkPair(
            network(self.network, self.dimension, self.hidden),
            generators[:2],
            # Silent: the optimiser; Adam, as in the baselines.
            partial(torch.optim.Adam, lr=self.lr, fused=True),
        )
        latent_map = LatentMap(
            self.map, self.dimension, lr=self.map_lr, penalty=self.penalty, generator=generators[2]
        )
        learning = DualLearning(
            networks,
            latent_map,
            (a.ratings, b.ratings),
            (a.users, b.users),
            shared,
            (generators[0], generators[1]),
            dual=self.dual,
            represent=self.users,
            steps=self.steps,
            alpha=self.alpha,
            dropout=self.dropout,
            batch_size=self.batch_size,
            id_lr=self.id_lr if self.embedding == "id" else 0.0,
        )
        self.history_ = learning.run(epochs=self.epochs, tolerance=self.tolerance)

        self.rate_ = networks.architecture
        self.parameters_ = [networks.parameters(k) for k in (0, 1)]
        self.users_ = [learning.represented(k, learning.users[k]) for k in (0, 1)]
        self.items_ = (a.items, b.items)
        self.mapped_ = (
            latent_map.to_target(self.users_[0]),
            latent_map.to_source(self.users_[1]),
        )
        self.map_: FloatArray = latent_map.matrix.numpy()
        self.maxima_ = (data.source.scale[1], data.target.scale[1])
        self.facts_ = {
            "overlap users": len(shared),
            "map residual": latent_map.loss(*learning.overlap),
            "epochs": len(self.history_["training loss"]),
            "converged": "yes" if converged(self.history_, self.tolerance) else "no",
        }
        return self

    def predict(self, pairs: Pairs) -> FloatArray:
        side = int(pairs.side is Side.TARGET)
        return self.maxima_[side] * rated_in_chunks(pairs, partial(self._rated, side))

    def _rated(self, side: int, users: Tensor, items: Tensor) -> Tensor:
        """Ratings (n,) in shares of the maximum, of pairs of the domain ``side``."""

        def rated(network: int, table: Tensor) -> Tensor:
            pairs = torch.cat([table[users], self.items_[side][items]], dim=1)
            return self.rate_(self.parameters_[network], pairs[None])[0]

        own = rated(side, self.users_[side])
        if self.score == "own":
            return own
        transferred = rated(1 - side if self.dual == "swap" else side, self.mapped_[side])
        return (1 - self.alpha) * own + self.alpha * transferred
