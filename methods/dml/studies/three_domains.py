"""DML between the outer two of three domains: with a map of its own, and with a composed one.

Li and Tuzhilin, "Dual Metric Learning for Effective and Efficient Cross-Domain Recommendations",
section 4.3: N - 1 maps between neighbouring domains serve N domains.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar, get_args

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from benchmark.data.views import DomainView
from benchmark.study import Panel, Study
from methods.dml.dml import DML
from methods.dml.dual import DualLearning, UserKind
from methods.dml.embedding import EmbeddedDomain, Embedder
from methods.dml.networks import network
from methods.dml.orthogonal import LatentMap, MapKind
from methods.dml.pair import NetworkPair
from methods.dml.studies.composed_maps import composed
from methods.dml.studies.scaling import planted_view

DIRECT, COMPOSED, RANDOM = "map learned directly", "composed map", "random map"
FACTORS = 4
"""Of the planted tastes."""
HELD_OUT = 0.2
"""Share of the last domain's ratings that DML is tested on."""


@dataclass
class ThreeDomains(Study):
    """Planted ratings of three domains, some of whose users are in all of them.

    DML is at its defaults, but for what is named here. A random map is what knowing nothing of the
    map would give.
    """

    name: ClassVar[str] = "dml-three-domains"
    paper: ClassVar[str] = "DML, section 4.3"
    title: ClassVar[str] = "DML with a map composed of two against one learnt for the pair"
    panels: ClassVar[tuple[Panel, ...]] = tuple(
        Panel("overlap users", "RMSE", "map", where={"users": users}, log="x", title=title)
        for users, title in (("own", "as in Algorithm 1"), ("shared", "shared users mapped"))
    )
    quick: ClassVar[Mapping[str, Any]] = {
        "overlaps": (8, 32),
        "private": 40,
        "epochs": 1,
        "autoencoder_steps": 30,
    }

    overlaps: tuple[int, ...] = (8, 32, 128)
    """Users in all three domains that a map is learnt from, in turn."""
    private: int = 272
    """Users of one domain only."""
    items: int = 100
    """Of each domain."""
    per_user: int = 20
    """Ratings of a user on average, in each domain."""
    epochs: int = 30
    """Of training, and passes of the maps over shared users."""
    autoencoder_steps: int = 2000
    """Batches an autoencoder learns from."""

    def run(self, *, seed: int) -> pd.DataFrame:
        """Rows by overlap users, what stands for shared users, and map; RMSE in stars."""
        rng = np.random.default_rng(seed)
        common = rng.normal(size=(max(self.overlaps), FACTORS))
        first, middle, last = (self._domain(rng, common) for _ in range(3))
        tested = rng.random(len(last.users)) < HELD_OUT
        views = first, middle, _part(last, ~tested)
        a, b, c = (self._embedded(view, seed + 1000 * k) for k, view in enumerate(views))
        rows = []
        for n in self.overlaps:
            neighbours = [self._map(one, other, n, seed).matrix for one, other in ((a, b), (b, c))]
            for users in get_args(UserKind):
                for row, kind in ((DIRECT, DML.map), (COMPOSED, "identity"), (RANDOM, "random")):
                    x = _latent_map(kind, seed)
                    if row == COMPOSED:
                        x.matrix = composed(neighbours)
                    error = self._error(a, c, n, x, users, _part(last, tested), seed)
                    rows.append({"overlap users": n, "users": users, "map": row, "RMSE": error})
        return pd.DataFrame(rows)

    def _domain(self, rng: np.random.Generator, common: NDArray[np.float64]) -> DomainView:
        own = rng.normal(size=(self.private, FACTORS))
        tastes = np.concatenate([common, own])
        return planted_view(rng, tastes, len(tastes) * self.per_user, self.items)

    def _embedded(self, view: DomainView, seed: int) -> EmbeddedDomain:
        embedder = Embedder(
            DML.embedding,
            DML.dimension,
            DML.columns,
            DML.folds,
            self.autoencoder_steps,
            DML.batch_size,
            DML.autoencoder_lr,
        )
        return embedder.embed(view, seed=seed)

    def _map(self, one: EmbeddedDomain, other: EmbeddedDomain, n: int, seed: int) -> LatentMap:
        """X between two neighbours, learnt from their first ``n`` users."""
        x = _latent_map(DML.map, seed)
        x.start(one.users[:n], other.users[:n])
        for _ in range(self.epochs):
            x.learn(one.users[:n], other.users[:n], batch_size=DML.batch_size)
        return x

    def _error(
        self,
        a: EmbeddedDomain,
        b: EmbeddedDomain,
        n: int,
        x: LatentMap,
        users: UserKind,
        tested: DomainView,
        seed: int,
    ) -> float:
        """RMSE on rows of B of DML trained on A and B with the map ``x``."""
        generators = [_generator(seed), _generator(seed + 1)]
        networks = NetworkPair(
            network(DML.network, DML.dimension, DML.hidden),
            generators,
            partial(torch.optim.Adam, lr=DML.lr, fused=True),
        )
        learning = DualLearning(
            networks,
            x,
            (a.ratings, b.ratings),
            (a.users, b.users),
            torch.arange(n).repeat(2, 1).T,
            (generators[0], generators[1]),
            dual=DML.dual,
            represent=users,
            steps=DML.steps,
            alpha=DML.alpha,
            dropout=DML.dropout,
            batch_size=DML.batch_size,
        )
        learning.run(epochs=self.epochs, tolerance=0.0)
        table = learning.represented(1, b.users)
        pairs = torch.cat([table[tested.users], b.items[tested.items]], dim=1)
        shares = networks.architecture(networks.parameters(1), pairs[None])[0]
        off = tested.scale[1] * shares.double().numpy() - tested.ratings
        return float(np.sqrt((off**2).mean()))

    def summary(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Mean RMSE by overlap users and what stands for them, a column a map."""
        means = rows.groupby(["users", "overlap users", "map"])["RMSE"].mean().unstack()
        return means[[DIRECT, COMPOSED, RANDOM]].reset_index()

    def findings(self, rows: pd.DataFrame) -> list[str]:
        """What composing costs, beside what the map matters at all."""
        table = self.summary(rows)
        most = table[table["overlap users"] == table["overlap users"].max()].set_index("users")
        return [
            f"{told}, {most['overlap users'][users]:,.0f} shared users: RMSE "
            f"{most[DIRECT][users]:.4f} with the map learnt for the pair, "
            f"{most[COMPOSED][users]:.4f} with the composed one, {most[RANDOM][users]:.4f} with a "
            "random one."
            for users, told in (
                ("own", "DML as in Algorithm 1, whose map only trains the networks"),
                ("shared", "Shared users represented by what both domains know"),
            )
        ]

    def measured(self, rows: pd.DataFrame) -> dict[tuple[str, str, str, str], list[float]]:
        """RMSE by seed of Algorithm 1 with the most shared users."""
        most = rows[(rows["overlap users"] == max(self.overlaps)) & (rows["users"] == DML.users)]
        return {
            ("dml_section4.3", str(row), "three domains", "RMSE"): group.sort_values("seed")[
                "RMSE"
            ].tolist()
            for row, group in most.groupby("map")
        }


def _latent_map(kind: MapKind, seed: int) -> LatentMap:
    return LatentMap(
        kind, DML.dimension, lr=DML.map_lr, penalty=DML.penalty, generator=_generator(seed)
    )


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _part(view: DomainView, kept: NDArray[np.bool_]) -> DomainView:
    """The view with only some of its rows."""
    return replace(
        view,
        users=view.users[kept],
        items=view.items[kept],
        times=view.times[kept],
        ratings=view.ratings[kept],
    )
