"""The maths of DML's studies: bounds, descent and exactness that can be proved."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.linalg import hadamard

from methods.dml.orthogonal import gram_schmidt, procrustes
from methods.dml.studies.composed_maps import composed
from methods.dml.studies.dual_factorisation import (
    DualPair,
    lee_seung,
    random_orthogonal,
    signed_update,
)
from methods.dml.studies.overlap_needed import least_squares, overlaps
from methods.dml.studies.perturbation import highest_alpha, sufficient_alpha
from methods.dml.studies.scaling import line, planted_ratings

seeds = st.integers(0, 2**31)


def pair(seed: int, alpha: float, *, m: int = 6, n: int = 7, lift: float = 0.0) -> DualPair:
    rng = np.random.default_rng(seed)
    a, b = (rng.integers(1, 6, (m, n)) + lift for _ in range(2))
    return DualPair(a, b, random_orthogonal(rng, m), alpha)


def factors(seed: int, m: int = 6, n: int = 7, rank: int = 3) -> list:
    rng = np.random.default_rng(seed + 1)
    return [(rng.uniform(0.1, 2, (m, rank)), rng.uniform(0.1, 2, (rank, n))) for _ in range(2)]


def squared(v: np.ndarray, w: np.ndarray, h: np.ndarray) -> float:
    return float(((v - w @ h) ** 2).sum())


@given(seed=seeds)
@settings(max_examples=20, deadline=None)
def test_lee_and_seung_never_raise_the_error(seed: int) -> None:
    v = np.random.default_rng(seed).uniform(0, 5, (6, 7))
    w, h = factors(seed)[0]
    for _ in range(20):
        before = squared(v, w, h)
        w, h = lee_seung(v, w, h)
        assert squared(v, w, h) <= before * (1 + 1e-12)
        assert (w >= 0).all()
        assert (h >= 0).all()


@given(seed=seeds)
@settings(max_examples=20, deadline=None)
def test_the_signed_update_never_raises_the_error_of_a_signed_matrix(seed: int) -> None:
    v = np.random.default_rng(seed).normal(size=(6, 7))
    w, h = factors(seed)[0]
    for _ in range(20):
        before = squared(v, w, h)
        w, h = signed_update(v, w, h)
        assert squared(v, w, h) <= before * (1 + 1e-12)
        assert (w >= 0).all()


@given(seed=seeds, alpha=st.floats(0, 0.49))
@settings(max_examples=20, deadline=None)
def test_the_direct_updates_never_raise_equation_7(seed: int, alpha: float) -> None:
    dual, f = pair(seed, alpha), factors(seed)
    for _ in range(20):
        before = dual.loss(f)
        f = dual.updated(f)
        assert dual.loss(f) <= before * (1 + 1e-12)


@given(seed=seeds, alpha=st.floats(0, 0.49))
@settings(max_examples=20, deadline=None)
def test_what_solves_equations_8_and_9_solves_equation_7(seed: int, alpha: float) -> None:
    dual = pair(seed, alpha)
    a, b = dual.eliminated
    exact = [(a, np.eye(a.shape[1])), (b, np.eye(b.shape[1]))]
    assert dual.loss(exact) == pytest.approx(0, abs=1e-16 * (a**2 + b**2).sum() * 1e4)


@given(seed=seeds, alpha=st.floats(0, 0.49))
@settings(max_examples=20, deadline=None)
def test_equation_7_lies_between_multiples_of_the_loss_of_8_and_9(seed: int, alpha: float) -> None:
    # (1-alpha) E + alpha X F and (1-alpha) F + alpha X^T E have norms between 1 - 2 alpha and 1
    # times that of (E, F), for X is orthogonal.
    dual, f = pair(seed, alpha), factors(seed)
    apart = dual.loss_apart(f)
    assert (1 - 2 * alpha) ** 2 * apart <= dual.loss(f) * (1 + 1e-9)
    assert dual.loss(f) <= apart * (1 + 1e-9)


def test_equation_7_of_one_rating_done_by_hand() -> None:
    # X = 1, alpha = 1/4, V_A = 3, V_B = 1, W_A H_A = 2, W_B H_B = 4:
    # (3 - 1.5 - 1)^2 + (1 - 3 - 0.5)^2 = 0.25 + 6.25.
    one = np.ones((1, 1))
    dual = DualPair(3 * one, one, one, 0.25)
    assert dual.loss([(2 * one, one), (4 * one, one)]) == pytest.approx(6.5)
    # ((0.75 * 3 - 0.25 * 1) / 0.5, (0.75 * 1 - 0.25 * 3) / 0.5)
    assert_allclose(np.ravel(dual.eliminated), [4, 0])


@given(seed=seeds, power=st.integers(0, 5), k=st.integers(1, 10))
@settings(max_examples=30, deadline=None)
def test_below_the_sufficient_alpha_the_perturbation_always_works(
    seed: int, power: int, k: int
) -> None:
    rng = np.random.default_rng(seed)
    m = 2**power
    x = random_orthogonal(rng, m)
    a, b = (rng.integers(0, k + 1, (m, 9)) + m * k for _ in range(2))
    assert highest_alpha(a, b, x) >= sufficient_alpha(m) - 1e-12


def test_for_a_hadamard_map_the_perturbation_is_not_enough() -> None:
    x, k = hadamard(16) / 4, 1
    a, b = np.ones((16, 1)), np.ones((16, 1))
    b[0] = 0
    highest = highest_alpha(a + 16 * k, b + 16 * k, x)
    assert highest == pytest.approx(sufficient_alpha(16)) == pytest.approx(0.190, abs=1e-3)
    for alpha, holds in ((highest - 1e-6, True), (highest + 1e-6, False)):
        assert DualPair(a + 16 * k, b + 16 * k, x, alpha).is_positive == holds


@given(seed=seeds, m=st.integers(2, 8))
@settings(max_examples=30, deadline=None)
def test_the_highest_alpha_is_where_the_conditions_end(seed: int, m: int) -> None:
    rng = np.random.default_rng(seed)
    x = random_orthogonal(rng, m)
    a, b = (rng.integers(1, 6, (m, 4)).astype(float) for _ in range(2))
    highest = highest_alpha(a, b, x)
    assert DualPair(a, b, x, highest - 1e-9).is_positive
    if highest < 0.5 - 1e-6:
        assert not DualPair(a, b, x, highest + 1e-6).is_positive


def rows(seed: int, n: int, k: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.empty(n, k, dtype=torch.float64).normal_(generator=generator)


@given(seed=seeds, k=st.integers(1, 12))
@settings(max_examples=20, deadline=None)
def test_as_many_users_as_dimensions_determine_the_map(seed: int, k: int) -> None:
    x, users = gram_schmidt(rows(seed, k, k)), rows(seed + 1, k, k)
    # How exact depends on how independent the users are.
    tolerance = 1e-10 * float(torch.linalg.cond(users)) ** 2
    assert_allclose(procrustes(users, users @ x.T), x, atol=tolerance)
    assert_allclose(least_squares(users, users @ x.T), x, atol=tolerance)


def test_one_user_less_leaves_a_reflection_and_two_a_rotation() -> None:
    x, users = gram_schmidt(rows(1, 6, 6)), rows(2, 6, 6)
    for missing in (1, 2):
        some = users[missing:]
        other = procrustes(some, some @ x.T)
        normals = torch.linalg.svd(some)[2][-missing:]
        reflected = x @ (torch.eye(6, dtype=torch.float64) - 2 * normals.T @ normals)
        for candidate in (other, x, reflected):
            assert_allclose(some @ candidate.T, some @ x.T, atol=1e-10)


@pytest.mark.parametrize("n", [1, 3, 5])
def test_what_nobody_spans_is_left_to_chance(n: int) -> None:
    errors = []
    for seed in range(200):
        x, users = gram_schmidt(rows(seed, 6, 6)), rows(seed + 1000, n, 6)
        errors.append(float((procrustes(users, users @ x.T) - x).square().sum() / 6))
    assert np.mean(errors) == pytest.approx(2 * (6 - n) / 6, abs=0.15)


def test_the_papers_count_is_among_the_overlaps_tried() -> None:
    assert {8, 15, 16, 120} <= set(overlaps(16))
    assert overlaps(2) == [1, 2, 3, 4, 8]


def test_maps_of_columns_compose_from_right_to_left() -> None:
    x12, x23 = gram_schmidt(rows(1, 5, 5)), gram_schmidt(rows(2, 5, 5))
    w = rows(3, 5, 1)
    assert_allclose(composed([x12, x23]) @ w, x23 @ (x12 @ w), atol=1e-12)
    # With users as rows the order is that of the paper.
    assert_allclose(w.T @ x12.T @ x23.T, (composed([x12, x23]) @ w).T, atol=1e-12)


def test_planted_ratings_are_as_many_as_asked_and_share_users() -> None:
    data = planted_ratings(2000, per_user=20, per_item=50, overlap=0.1, seed=1)
    for view in (data.source, data.target):
        assert len(view.ratings) == 1000
        assert (view.n_users, view.n_items) == (50, 20)
        assert set(view.ratings) <= {1, 2, 3, 4, 5}
    assert data.shared_users.tolist() == [[k, k] for k in range(5)]


def test_a_line_is_fitted_exactly() -> None:
    slope, intercept, r2 = line(np.array([1.0, 2, 4]), np.array([5.0, 7, 11]))
    assert (slope, intercept, r2) == pytest.approx((2, 3, 1))
