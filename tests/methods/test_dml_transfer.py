"""When dual learning pays: on the planted pair, embeddings are the very tastes and factors.

So nothing is asked of autoencoders, and what remains is Algorithm 1. It maps users and leaves
items where they are: rating A's items in B's network presumes that both domains' items are
described in one space. Where that is so, it must gain from related domains and from nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, partial

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from scipy import stats
from torch import Tensor
from torch.nn.functional import pad

from benchmark.data.synthetic import Planted, PlantedPair, planted_pair
from benchmark.recommender import FloatArray, IntArray
from methods.dml.dual import DualKind, DualLearning, Ratings
from methods.dml.networks import NetworkKind, network
from methods.dml.orthogonal import LatentMap, MapKind
from methods.dml.pair import NetworkPair

K = 4
"""Factors of the planted pair."""
WIDTH = 8
"""Of embeddings: factors and zeros, for K units in a layer of ReLU are too easily all dead."""
EPOCHS = 20
SEEDS = range(1, 11)


@dataclass(frozen=True)
class World:
    """Both domains to learn from and the target's tested ratings, in shares of 5 stars."""

    domains: tuple[Ratings, Ratings]
    tested: Ratings
    map: Tensor


def rows_of(pair: PlantedPair, side: int) -> tuple[IntArray, IntArray, FloatArray]:
    """Who rated what how, in the order of tastes and item factors."""
    rows = (pair.source, pair.target)[side].rows
    users, items = (
        np.array([{name: i for i, name in enumerate(ids)}[name] for name in rows[column]])
        for column, ids in (("user", pair.user_ids[side]), ("item", pair.item_ids[side]))
    )
    return users, items, rows["rating"].to_numpy(copy=True)


def world(pair: PlantedPair, *, one_item_space: bool, target_share: float, seed: int = 0) -> World:
    """The pair with ``target_share`` of the target's ratings to learn from, the rest for the test.

    Items are each in their own domain's axes, or all in the target's.
    """
    factors = list(pair.item_factors)
    if one_item_space:
        factors[0] = factors[0] @ pair.map.T
    users, items = (_in_ball(tables) for tables in (pair.tastes, tuple(factors)))
    rng, parts = np.random.default_rng(seed), []
    for side, share in ((0, 1.0), (1, target_share)):
        rated = [torch.from_numpy(column) for column in rows_of(pair, side)]
        all_of = Ratings(users[side], items[side], rated[0], rated[1], rated[2].float() / 5)
        learnt = torch.from_numpy(rng.random(len(all_of)) < share)
        parts += [_some(all_of, learnt), _some(all_of, ~learnt)]
    planted = torch.eye(WIDTH, dtype=torch.float64)
    planted[:K, :K] = torch.from_numpy(pair.map)
    return World((parts[0], parts[2]), parts[3], planted)


def _in_ball(tables: tuple[FloatArray, ...]) -> list[Tensor]:
    longest = max(np.linalg.norm(table, axis=1).max() for table in tables)
    return [
        pad(torch.from_numpy(table / longest).float(), (0, WIDTH - table.shape[1]))
        for table in tables
    ]


def _some(ratings: Ratings, rows: Tensor) -> Ratings:
    columns = {name: getattr(ratings, name)[rows] for name in ("users", "items", "values")}
    return replace(ratings, **columns)


def error(
    of: World,
    seed: int,
    *,
    dual: DualKind = "swap",
    x: MapKind | Tensor = "procrustes",
    shared: int = 2 * K,
    epochs: int = EPOCHS,
    kind: NetworkKind = "mlp",
    lr: float = 3e-3,
) -> float:
    """The target's test RMSE in stars of dual learning; ``x`` may be the map itself."""
    draws = [torch.Generator().manual_seed(10 * seed + k) for k in range(3)]
    fixed = isinstance(x, Tensor)
    latent = LatentMap("random" if fixed else x, WIDTH, lr=0.5, penalty=0, generator=draws[2])
    if fixed:
        latent.matrix = x.clone()
    networks = NetworkPair(
        network(kind, WIDTH, 32), draws[:2], partial(torch.optim.Adam, lr=lr, fused=True)
    )
    learning = DualLearning(
        networks,
        latent,
        of.domains,
        (of.domains[0].user_table, of.domains[1].user_table),
        torch.arange(shared)[:, None].expand(shared, 2),
        (draws[0], draws[1]),
        dual=dual,
        represent="own",
        steps="map-own-dual",
        alpha=0.5,
        dropout=0.0,
        batch_size=64,
    )
    learning.run(epochs=epochs, tolerance=0)
    tested = of.tested
    pairs = torch.cat([tested.user_table[tested.users], tested.item_table[tested.items]], dim=1)
    rated = networks.architecture(networks.parameters(1), pairs[None])[0]
    return float(5 * (rated - tested.values).square().mean().sqrt())


@cache
def errors(relatedness: float, one_item_space: bool) -> tuple[FloatArray, FloatArray]:
    """Test RMSE (10,) of Algorithm 1 and of its ablation without transfer, a pair a seed."""
    transferred, alone = [], []
    for seed in SEEDS:
        pair = planted_pair(
            Planted(
                users=(150, 120),
                items=(80, 80),
                ratings_per_user=(20, 20),
                shared_users=2 * K,
                shared_items=0,
                relatedness=relatedness,
                noise=0.2,
                seed=seed,
            )
        )
        of = world(pair, one_item_space=one_item_space, target_share=0.1, seed=seed)
        transferred.append(error(of, seed))
        # As many steps on its own ratings as RS_B has made in all.
        own, dual = (-(-len(domain) // 64) for domain in of.domains[::-1])
        nobody = replace(of, domains=(of.domains[0].none(), of.domains[1]))
        alone.append(error(nobody, seed, dual="off", epochs=EPOCHS * (own + dual) // own))
    return np.array(transferred), np.array(alone)


@pytest.mark.slow
def test_few_overlap_users_of_related_domains_pay_where_items_share_a_space() -> None:
    transferred, alone = errors(1.0, True)
    assert stats.ttest_rel(transferred, alone, alternative="less").pvalue < 0.01
    assert transferred.mean() < 0.95 * alone.mean()


@pytest.mark.slow
def test_overlap_users_of_unrelated_domains_do_not_pay() -> None:
    transferred, alone = errors(0.0, True)
    assert stats.ttest_rel(transferred, alone, alternative="less").pvalue > 0.05
    assert transferred.mean() > alone.mean()


@pytest.mark.slow
def test_related_domains_do_not_pay_where_each_describes_items_in_axes_of_its_own() -> None:
    """As separate autoencoders do; the reason why DML gains so little end to end."""
    transferred, alone = errors(1.0, False)
    assert stats.ttest_rel(transferred, alone, alternative="less").pvalue > 0.05
    assert transferred.mean() > alone.mean()


def with_noise(pair: PlantedPair, noise: float) -> PlantedPair:
    """The pair with ratings of tastes and factors alone, whose best RMSE is the noise."""
    rng = np.random.default_rng(1)
    domains = []
    for side, domain in enumerate((pair.source, pair.target)):
        users, items, _ = rows_of(pair, side)
        affinity = (pair.tastes[side][users] * pair.item_factors[side][items]).sum(axis=1)
        stars = 3 + 0.6 * affinity / np.sqrt(K) + noise * rng.normal(size=len(users))
        rows = domain.rows.assign(rating=stars)
        domains.append(replace(domain, rows=rows, scale=(stars.min(), stars.max())))
    return replace(pair, source=domains[0], target=domains[1])


def test_through_the_planted_map_the_best_error_is_reached_without_a_rating_of_the_target() -> (
    None
):
    planted = Planted(users=(300, 100), items=(150, 80), ratings_per_user=(40, 20))
    noise = 0.5
    pair = with_noise(planted_pair(planted), noise)
    of = world(pair, one_item_space=True, target_share=0.0)
    options = {"epochs": 8, "kind": "attention", "lr": 5e-3}
    through = error(of, 1, x=of.map, **options)  # type: ignore[arg-type]
    assert_allclose(np.std(5 * of.tested.values.numpy()), 0.8, atol=0.1)
    assert through < 1.05 * noise
    assert error(of, 1, x="identity", **options) > 1.3 * noise  # type: ignore[arg-type]


@pytest.mark.parametrize("shared", [K, 2 * K, 60])
@pytest.mark.parametrize("noise", [0.0, 0.02, 0.1])
def test_the_map_from_few_users_errs_by_the_noise_of_their_embeddings(
    shared: int, noise: float, pair: PlantedPair
) -> None:
    source = torch.from_numpy(pair.tastes[0][:shared])
    planted = torch.from_numpy(pair.map)
    draw = torch.Generator().manual_seed(1)
    blur = torch.empty(source.shape, dtype=torch.float64).normal_(generator=draw)
    target = source @ planted.T + noise * blur
    x = LatentMap("procrustes", K, lr=0.5, penalty=0, generator=draw)
    x.learn(source, target, batch_size=64)
    # By perturbation an entry errs by about noise / sqrt(users), tastes being of variance 1; k
    # users may lie nearly in a plane, and determine the rest of the map less.
    slack = 6 if shared == K else 2
    assert (x.matrix - planted).square().mean().sqrt() <= slack * noise / shared**0.5 + 1e-8
