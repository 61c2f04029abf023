"""The map between users' embeddings: recovery of the planted one, and what always holds of it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from torch import Tensor

from benchmark.data.synthetic import PlantedPair
from methods.dml.orthogonal import LatentMap, MapKind, gram_schmidt, procrustes

SHARED = 60
seeds = st.integers(0, 2**31)


def random(seed: int, *shape: int) -> Tensor:
    return torch.empty(shape, dtype=torch.float64).normal_(
        generator=torch.Generator().manual_seed(seed)
    )


def in_ball(rows: Tensor) -> Tensor:
    return rows / rows.norm(dim=1).max()


def latent_map(
    kind: MapKind, dimension: int, *, lr: float = 0.5, penalty: float = 1e-6
) -> LatentMap:
    generator = torch.Generator().manual_seed(0)
    return LatentMap(kind, dimension, lr=lr, penalty=penalty, generator=generator)


def learnt(x: LatentMap, source: Tensor, target: Tensor, passes: int = 300) -> LatentMap:
    x.start(source, target)
    for _ in range(passes):
        x.learn(source, target, batch_size=64)
    return x


@pytest.mark.parametrize("kind", ["gs", "procrustes", "free"])
@pytest.mark.parametrize("reflected", [False, True])
def test_the_planted_map_is_recovered_from_the_overlap(
    kind: MapKind, reflected: bool, pair: PlantedPair
) -> None:
    tastes, planted = torch.from_numpy(pair.tastes[0][:SHARED]), torch.from_numpy(pair.map)
    if reflected:
        planted = planted * torch.tensor([-1.0, 1, 1, 1])
    source = in_ball(tastes)
    x = learnt(latent_map(kind, len(planted)), source, source @ planted.T)
    assert_allclose(x.matrix, planted, atol=1e-3)


def test_the_planted_pair_is_what_the_map_is_learnt_from(pair: PlantedPair) -> None:
    scale = np.linalg.norm(pair.tastes[0], axis=1).max()
    source, target = (torch.from_numpy(tastes[:SHARED] / scale) for tastes in pair.tastes)
    x = learnt(latent_map("procrustes", pair.map.shape[0]), source, target)
    assert_allclose(x.to_target(source), target, atol=1e-8)


@given(seed=seeds, d=st.integers(2, 16), n=st.integers(1, 40))
@settings(max_examples=30, deadline=None)
@pytest.mark.parametrize("kind", ["gs", "procrustes", "random", "identity"])
def test_x_stays_orthogonal_after_every_update(kind: MapKind, seed: int, d: int, n: int) -> None:
    source, target = in_ball(random(seed, n, d)), in_ball(random(seed + 1, n, d))
    x = latent_map(kind, d)
    for _ in range(20):
        x.update(source, target) if kind == "gs" else x.learn(source, target, batch_size=64)
        assert x.deviation < 1e-6


@given(seed=seeds)
@settings(max_examples=20, deadline=None)
def test_the_transpose_inverts(seed: int) -> None:
    source, target = in_ball(random(seed, 30, 8)), in_ball(random(seed + 1, 30, 8))
    x = learnt(latent_map("gs", 8), source, target, passes=10)
    assert_allclose(x.to_source(x.to_target(source)), source, atol=1e-12)


@given(seed=seeds)
@settings(max_examples=20, deadline=None)
def test_no_orthogonal_matrix_beats_procrustes(seed: int) -> None:
    source, target = random(seed, 20, 5), random(seed + 1, 20, 5)
    best = (source @ procrustes(source, target).T - target).square().sum()
    other = (source @ gram_schmidt(random(seed + 2, 5, 5)).T - target).square().sum()
    assert best <= other + 1e-9


def test_gram_schmidt_of_a_matrix_done_by_hand() -> None:
    # Columns (3, 4) and (2, 1): the first has length 5, the second less its share of the first
    # is (2, 1) - 2 * (0.6, 0.8) = (0.8, -0.6), of length 1.
    result = gram_schmidt(torch.tensor([[3.0, 2.0], [4.0, 1.0]]))
    assert_allclose(result, [[0.6, 0.8], [0.8, -0.6]], atol=1e-6)


def test_one_step_of_the_free_map_done_by_hand() -> None:
    # X = 1, a = 0.5, b = 0.25: the derivative of (xa - b)^2 + (xb - a)^2 is
    # 2a(xa - b) + 2b(xb - a) = 0.25 - 0.125 = 0.125.
    x = latent_map("free", 1, lr=0.4)
    x.update(torch.tensor([[0.5]]).double(), torch.tensor([[0.25]]).double())
    assert_allclose(x.matrix, [[1 - 0.4 * 0.125]])


def test_the_penalty_pulls_towards_orthogonality() -> None:
    source, target = in_ball(random(1, 200, 6)), in_ball(random(2, 200, 6))
    free = learnt(latent_map("free", 6), source, target)
    soft = learnt(latent_map("soft", 6, lr=0.05, penalty=0.1), source, target)
    assert soft.deviation < 0.5 * free.deviation


@pytest.mark.parametrize("kind", ["gs", "procrustes", "soft", "free", "identity"])
def test_without_shared_users_x_stays_where_it_starts(kind: MapKind) -> None:
    nobody = torch.empty(0, 4)
    assert_allclose(learnt(latent_map(kind, 4), nobody, nobody, passes=1).matrix, np.eye(4))


def test_the_random_map_is_no_identity_and_does_not_learn() -> None:
    source, target = in_ball(random(1, 20, 4)), in_ball(random(2, 20, 4))
    x = latent_map("random", 4)
    before = x.matrix.clone()
    assert x.loss(source, source) > 0.01
    assert_allclose(learnt(x, source, target, passes=3).matrix, before)
