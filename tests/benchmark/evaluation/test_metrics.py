"""Metrics against hand computation, every order of the ties, and other implementations."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import permutations

import ir_measures
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ir_measures import P, R
from scipy.sparse import csr_array
from sklearn.metrics import mean_absolute_error, root_mean_squared_error

from benchmark.evaluation.metrics import (
    METRICS,
    PerUser,
    Ranking,
    doml,
    full_ranking,
    mae,
    metrics_at,
    rank,
    rmse,
    score,
    standard,
    surprise,
)

Rows = list[tuple[float, float]]
"""Test rows of one user: truth and prediction, in stars."""

Outcome = tuple[float, float] | None
"""Precision and recall of one user, or None where a convention leaves the user out."""


# The conventions as loops over one user's rows in a given order: the oracles.


def standard_loop(rows: Rows, k: int, threshold: float) -> Outcome:
    ranked = sorted(rows, key=lambda row: row[1], reverse=True)
    n_rel = sum(true >= threshold for true, _ in rows)
    hits = sum(true >= threshold for true, _ in ranked[:k])
    return (hits / k, hits / n_rel) if n_rel else None


def surprise_loop(rows: Rows, k: int, threshold: float) -> Outcome:
    """The loop of scikit-surprise's FAQ, for one user."""
    ranked = sorted(rows, key=lambda row: row[1], reverse=True)
    n_rel = sum(true >= threshold for true, _ in ranked)
    n_rec_k = sum(est >= threshold for _, est in ranked[:k])
    both = sum(true >= threshold and est >= threshold for true, est in ranked[:k])
    return both / n_rec_k if n_rec_k else 0, both / n_rel if n_rel else 0


def doml_loop(rows: Rows, k: int, threshold: float, undefined: float = 1.0) -> Outcome:
    """The loop of lpworld/DOML's engine.py, for one user; ``undefined`` is 1 in A and 0 in B."""
    kept = sorted(rows, key=lambda row: row[1], reverse=True)[:k]
    n_rel = sum(true >= threshold for true, _ in kept)
    n_rec = sum(est >= threshold for _, est in kept)
    both = sum(true >= threshold and est >= threshold for true, est in kept)
    return both / n_rec if n_rec else undefined, both / n_rel if n_rel else 1


def doml_a(ranking: Ranking, *, threshold: float, k: int) -> PerUser:
    return doml(ranking, threshold=threshold, k=k, undefined_precision=1.0)


def doml_b(ranking: Ranking, *, threshold: float, k: int) -> PerUser:
    return doml(ranking, threshold=threshold, k=k, undefined_precision=0.0)


CONVENTIONS = [
    pytest.param(standard, standard_loop, id="standard"),
    pytest.param(surprise, surprise_loop, id="surprise"),
    pytest.param(doml_a, doml_loop, id="doml, domain A"),
    pytest.param(doml_b, partial(doml_loop, undefined=0.0), id="doml, domain B"),
]


def ranked(*users: Rows) -> Ranking:
    """The ranking of user 0, user 1, ... from their rows."""
    ids = np.repeat(np.arange(len(users)), [len(rows) for rows in users])
    truth, prediction = np.array([row for rows in users for row in rows]).T
    return rank(ids, truth, prediction)


def only(per_user: PerUser) -> tuple[float, float]:
    """Precision and recall of the only user."""
    assert len(per_user) == 1
    return float(per_user.precision[0]), float(per_user.recall[0])


def outcomes(per_user: PerUser, n_users: int) -> Iterator[Outcome]:
    """Each user's precision and recall, None where the user is left out."""
    values = zip(per_user.precision, per_user.recall, strict=True)
    found = dict(zip(per_user.users.tolist(), values, strict=True))
    return (found.get(user) for user in range(n_users))


def over_every_order(
    loop: Callable[..., Outcome], rows: Rows, k: int, threshold: float
) -> Outcome:
    """The mean of a loop over all orders of the rows: ties fall in every order equally often."""
    results = [loop(list(order), k, threshold) for order in permutations(rows)]
    defined = [result for result in results if result is not None]
    if not defined:
        return None
    precision, recall = np.mean(defined, axis=0)
    return precision, recall


def random_rows(
    seed: int, n: int = 3000, n_users: int = 400, *, tied: bool
) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    users, truth = rng.integers(0, n_users, n), rng.integers(1, 6, n).astype(float)
    prediction = truth + rng.normal(0, 1.5, n)
    return users, truth, np.round(prediction) if tied else prediction


# Hand-computed


def test_rating_errors_of_three_rows_computed_by_hand() -> None:
    truth, prediction = [5.0, 2.0, 4.0], [4.5, 4.0, 3.0]  # errors 1/2, 2, 1
    assert rmse(truth, prediction) == pytest.approx(((1 / 4 + 4 + 1) / 3) ** 0.5, rel=1e-15)
    assert mae(truth, prediction) == pytest.approx(3.5 / 3, rel=1e-15)


def test_every_convention_on_three_rows_computed_by_hand() -> None:
    ranking = ranked([(5.0, 4.5), (2.0, 4.0), (4.0, 3.0)])
    # The top two hold the first of two relevant items; both are predicted to be relevant.
    assert only(standard(ranking, threshold=4, k=2)) == (1 / 2, 1 / 2)
    assert only(surprise(ranking, threshold=4, k=2)) == (1 / 2, 1 / 2)
    # The second relevant item is below the top two, where doml does not look.
    assert only(doml_a(ranking, threshold=4, k=2)) == (1 / 2, 1)


def test_what_is_undefined_takes_the_value_of_its_convention() -> None:
    nothing_recommended = ranked([(5.0, 3.0), (2.0, 2.0), (1.0, 1.0)])
    assert only(standard(nothing_recommended, threshold=4, k=2)) == (1 / 2, 1)
    assert only(surprise(nothing_recommended, threshold=4, k=2)) == (0, 0)
    assert only(doml_a(nothing_recommended, threshold=4, k=2)) == (1, 0)
    assert only(doml_b(nothing_recommended, threshold=4, k=2)) == (0, 0)

    nothing_relevant = ranked([(3.0, 4.5), (2.0, 2.0), (1.0, 1.0)])
    assert len(standard(nothing_relevant, threshold=4, k=2)) == 0
    assert only(surprise(nothing_relevant, threshold=4, k=2)) == (0, 0)
    assert only(doml_a(nothing_relevant, threshold=4, k=2)) == (0, 1)


def test_users_without_a_relevant_item_are_left_out_of_standard_alone() -> None:
    ranking = ranked([(5.0, 3.0)], [(1.0, 5.0)], [(4.0, 4.0), (1.0, 2.0)])
    assert standard(ranking, threshold=4, k=1).users.tolist() == [0, 2]
    assert standard(ranking, threshold=4, k=1).mean().users == 2
    assert surprise(ranking, threshold=4, k=1).mean().users == 3
    assert doml_a(ranking, threshold=4, k=1).mean().users == 3


def test_precision_divides_by_k_where_a_user_has_fewer_items() -> None:
    assert only(standard(ranked([(5.0, 3.0), (4.0, 2.0)]), threshold=4, k=5)) == (2 / 5, 1)


def test_a_tie_at_the_edge_is_halved_by_hand() -> None:
    # One place for two equal predictions, of which one item is relevant.
    ranking = ranked([(5.0, 3.0), (4.0, 2.0), (1.0, 2.0)])
    assert only(standard(ranking, threshold=2.5, k=2)) == (1.5 / 2, 1.5 / 2)
    assert only(surprise(ranking, threshold=2.5, k=2)) == (1, 1 / 2)
    # The kept relevant items are one or two, equally likely: (1/1 + 1/2) / 2.
    assert only(doml_a(ranking, threshold=2.5, k=2)) == pytest.approx((1, 3 / 4), rel=1e-15)


def test_full_ranking_of_two_users_computed_by_hand() -> None:
    scores = np.array([[9.0, 8.0, 7.0, 6.0], [1.0, 2.0, 3.0, 4.0], [1.0, 1.0, 1.0, 2.0]])
    seen = np.array([[1, 0, 0, 0], [0, 0, 0, 0], [1, 0, 0, 1]], dtype=bool)
    relevant = np.array([[1, 1, 0, 1], [0, 0, 0, 0], [0, 0, 1, 1]], dtype=bool)
    found = full_ranking(scores, seen, relevant, k=2)
    # User 0: item 0 was seen, the top is items 1 and 2, relevant are 1 and 3. User 1 has nothing
    # relevant. User 2: only items 1 and 2 are left, and 2 alone is relevant.
    assert found.users.tolist() == [0, 2]
    assert found.precision.tolist() == [1 / 2, 1 / 2]
    assert found.recall.tolist() == [1 / 2, 1]
    # One place for the equal items 1 and 2 of user 2.
    assert full_ranking(scores, seen, relevant, k=1).recall.tolist() == [1 / 2, 1 / 2]


# Ties


stars = st.sampled_from([1.0, 2.0, 3.0, 4.0, 5.0])
predictions = st.sampled_from([2.0, 3.0, 4.0])
one_user = st.lists(st.tuples(stars, predictions), min_size=1, max_size=6)


@pytest.mark.parametrize(("convention", "loop"), CONVENTIONS)
@settings(max_examples=60, deadline=None)
@given(
    users=st.lists(one_user, min_size=1, max_size=3),
    k=st.integers(1, 5),
    threshold=st.sampled_from([2.5, 3.0, 4.0, 4.5]),
)
def test_ties_are_the_mean_over_every_order_of_the_rows(
    convention: Callable[..., PerUser],
    loop: Callable[..., Outcome],
    users: list[Rows],
    k: int,
    threshold: float,
) -> None:
    found = convention(ranked(*users), threshold=threshold, k=k)
    for rows, ours in zip(users, outcomes(found, len(users)), strict=True):
        expected = over_every_order(loop, rows, k, threshold)
        assert (ours is None) == (expected is None)
        if ours is not None:
            assert ours == pytest.approx(expected, abs=1e-12)


def test_recall_of_a_large_draw_is_the_mean_over_random_orders() -> None:
    rng = np.random.default_rng(3)
    rows = [(5.0, 4.0), (1.0, 4.0)] + [(5.0, 2.0)] * 7 + [(1.0, 2.0)] * 20
    orders = (rng.permutation(len(rows)) for _ in range(20_000))
    draws = np.array([doml_loop([rows[i] for i in order], 6, 2.5) for order in orders], float)
    expected = tuple(draws.mean(axis=0))
    # The recall of one order has a standard deviation below 1/2: four standard errors are 0.015.
    assert only(doml_a(ranked(rows), threshold=2.5, k=6)) == pytest.approx(expected, abs=0.015)


def test_full_ranking_equals_standard_on_the_candidates() -> None:
    rng = np.random.default_rng(4)
    shape = (60, 12)
    scores = rng.integers(0, 5, shape).astype(float)
    seen, relevant = rng.random(shape) < 0.5, rng.random(shape) < 0.2
    seen[0], relevant[0] = True, True  # a user with nothing left to rank
    user, item = np.nonzero(~seen)
    ranking = rank(user, relevant[user, item], scores[user, item])
    for k in (1, 3, 8, 20):
        expected = standard(ranking, threshold=1, k=k)
        found = full_ranking(scores, seen, relevant, k=k)
        np.testing.assert_array_equal(found.users, expected.users)
        np.testing.assert_array_equal(found.precision, expected.precision)
        np.testing.assert_array_equal(found.recall, expected.recall)
        sparse = full_ranking(scores, csr_array(seen), csr_array(relevant), k=k)
        np.testing.assert_array_equal(sparse.recall, expected.recall)


# Properties


def all_scores(users: np.ndarray, truth: np.ndarray, prediction: np.ndarray) -> dict[str, float]:
    return score(users, truth, prediction, scale=(1, 5), relevance=4, undefined_precision=1.0)


@pytest.mark.parametrize("tied", [False, True])
def test_the_order_of_the_rows_cannot_move_a_bit(tied: bool) -> None:
    users, truth, prediction = random_rows(0, tied=tied)
    expected = all_scores(users, truth, prediction)
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(len(users))
        assert all_scores(users[order], truth[order], prediction[order]) == expected


def test_the_numbering_of_the_users_cannot_move_a_bit() -> None:
    users, truth, prediction = random_rows(1, tied=True)
    renumbered = np.random.default_rng(0).permutation(users.max() + 1)[users]
    assert all_scores(renumbered, truth, prediction) == all_scores(users, truth, prediction)


ratings = st.floats(-100, 100)


@given(st.lists(st.tuples(ratings, ratings), min_size=1))
def test_rmse_is_never_below_mae(rows: Rows) -> None:
    truth, prediction = np.array(rows).T
    assert rmse(truth, prediction) >= mae(truth, prediction) - 1e-12


@pytest.mark.parametrize("constant", [2.5, 4.7])
def test_a_constant_from_the_threshold_up_has_full_doml_recall_and_the_base_rate(
    constant: float,
) -> None:
    users, truth, _ = random_rows(2, tied=False)
    mean = doml_b(rank(users, truth, np.full(len(users), constant)), threshold=2.5, k=5).mean()
    base_rate = np.mean([(truth[users == user] >= 2.5).mean() for user in np.unique(users)])
    assert mean.recall == 1.0
    assert mean.precision == pytest.approx(base_rate, abs=1e-12)


def test_standard_depends_on_the_order_of_the_predictions_alone() -> None:
    users, truth, prediction = random_rows(3, tied=True)
    expected = standard(rank(users, truth, prediction), threshold=4)
    for monotone in (np.exp, np.arctan, lambda x: 2 * x - 50):
        found = standard(rank(users, truth, monotone(prediction)), threshold=4)
        np.testing.assert_array_equal(found.precision, expected.precision)
        np.testing.assert_array_equal(found.recall, expected.recall)


def test_the_threshold_of_doml_is_half_the_maximum_of_the_scale() -> None:
    users, truth, prediction = random_rows(4, tied=False)
    small = all_scores(users, truth, prediction)
    # The same ratings out of ten; relevance 4 of 5 is 8 of 10.
    large = score(
        users, 2 * truth, 2 * prediction, scale=(2, 10), relevance=8, undefined_precision=1.0
    )
    assert large == {**small, "rmse": 2 * small["rmse"], "mae": 2 * small["mae"]}
    mean = doml_a(rank(users, truth, prediction), threshold=2.5, k=5).mean()
    assert (small["p@5-doml"], small["r@5-doml"]) == (mean.precision, mean.recall)


# Other implementations


def test_rating_errors_agree_with_scikit_learn() -> None:
    _, truth, prediction = random_rows(5, tied=False)
    assert rmse(truth, prediction) == pytest.approx(
        root_mean_squared_error(truth, prediction), rel=1e-13
    )
    assert mae(truth, prediction) == pytest.approx(
        mean_absolute_error(truth, prediction), rel=1e-13
    )


def test_standard_agrees_with_ir_measures() -> None:
    users, truth, _ = random_rows(6, tied=False)
    prediction = np.random.default_rng(6).permutation(len(users)).astype(float)
    rows = list(zip(users.astype(str), np.arange(len(users)).astype(str), strict=True))
    relevant = (truth >= 4).astype(int)
    qrels = [ir_measures.Qrel(*row, rel) for row, rel in zip(rows, relevant.tolist(), strict=True)]
    run = [
        ir_measures.ScoredDoc(*row, value)
        for row, value in zip(rows, prediction.tolist(), strict=True)
    ]
    theirs = {
        (m.query_id, m.measure): m.value for m in ir_measures.iter_calc([P @ 5, R @ 5], qrels, run)
    }
    ours = standard(rank(users, truth, prediction), threshold=4)
    names = ours.users.astype(str)
    np.testing.assert_allclose(ours.precision, [theirs[name, P @ 5] for name in names], rtol=1e-12)
    np.testing.assert_allclose(ours.recall, [theirs[name, R @ 5] for name in names], rtol=1e-12)
    # ir-measures counts a query without a relevant document as 0; standard leaves it out.
    left_out = set(np.unique(users).astype(str)) - set(names)
    assert left_out
    assert all(theirs[name, measure] == 0 for name in left_out for measure in (P @ 5, R @ 5))


@pytest.mark.parametrize(("convention", "loop"), CONVENTIONS)
@pytest.mark.parametrize("threshold", [2.5, 4.0])
def test_untied_predictions_agree_with_the_published_loops(
    convention: Callable[..., PerUser], loop: Callable[..., Outcome], threshold: float
) -> None:
    users, truth, prediction = random_rows(7, tied=False)
    found = convention(rank(users, truth, prediction), threshold=threshold, k=5)
    ids = np.unique(users)
    expected = [
        loop(list(zip(truth[users == user], prediction[users == user], strict=True)), 5, threshold)
        for user in ids
    ]
    counted = [pair for pair in expected if pair is not None]
    assert found.users.tolist() == [
        user for user, pair in zip(ids.tolist(), expected, strict=True) if pair is not None
    ]
    np.testing.assert_allclose(np.column_stack([found.precision, found.recall]), counted)
    mean = found.mean()
    assert (mean.precision, mean.recall) == pytest.approx(tuple(np.mean(counted, axis=0)))


# What the harness relies on


def test_score_has_every_metric_of_the_table_but_the_full_ranking() -> None:
    assert list(all_scores(*random_rows(8, tied=True))) == [
        "rmse", "mae", "p@5", "r@5", "p@5-surprise", "r@5-surprise", "p@5-doml", "r@5-doml",
    ]  # fmt: skip
    assert [*all_scores(*random_rows(8, tied=True)), "p@5-full", "r@5-full"] == list(METRICS)


def test_another_k_is_in_the_names() -> None:
    users, truth, prediction = random_rows(8, tied=True)
    found = score(
        users, truth, prediction, scale=(1, 5), relevance=4, undefined_precision=1.0, k=10
    )
    assert [*found, "p@10-full", "r@10-full"] == list(metrics_at(10))


def test_the_truth_as_prediction_is_at_least_as_good_in_every_direction() -> None:
    users, truth, prediction = random_rows(9, tied=False)
    best, other = all_scores(users, truth, truth), all_scores(users, truth, prediction)
    for key in other:
        assert (best[key] > other[key]) is METRICS[key].higher_is_better, key


def test_standard_is_left_out_of_the_scores_where_nobody_has_a_relevant_item() -> None:
    found = all_scores(np.array([0, 1]), np.array([1.0, 2.0]), np.array([3.0, 3.0]))
    assert list(found) == ["rmse", "mae", "p@5-surprise", "r@5-surprise", "p@5-doml", "r@5-doml"]
    assert all(np.isfinite(list(found.values())))


def test_the_mean_over_no_users_is_refused() -> None:
    with pytest.raises(ValueError, match="no user has a relevant item"):
        standard(ranked([(1.0, 3.0)]), threshold=4).mean()


@pytest.mark.parametrize("metric", [rmse, mae])
def test_no_rows_are_refused(metric: Callable[..., float]) -> None:
    with pytest.raises(ValueError, match="empty"):
        metric([], [])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e200])
def test_a_value_that_is_no_rating_is_refused_with_its_row(value: float) -> None:
    with pytest.raises(ValueError, match=r"prediction .* of row 1 is not a rating"):
        rmse([1.0, 2.0, 3.0], [1.0, value, 3.0])
    with pytest.raises(ValueError, match=r"truth .* of row 0 is not a rating"):
        rank(np.array([0]), [value], [3.0])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_candidate_without_a_finite_score_is_refused(value: float) -> None:
    scores, relevant = np.array([[1.0, value]]), np.array([[True, False]])
    with pytest.raises(ValueError, match="not finite"):
        full_ranking(scores, np.array([[False, False]]), relevant, k=1)
    # What was seen in training is no candidate, whatever its score.
    assert len(full_ranking(scores, np.array([[False, True]]), relevant, k=1)) == 1


def test_shapes_that_differ_are_refused() -> None:
    with pytest.raises(ValueError, match="shape"):
        mae([1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match="users"):
        rank(np.array([0]), [1.0, 2.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="seen"):
        full_ranking(np.ones((2, 3)), np.zeros((3, 2), bool), np.zeros((2, 3), bool), k=1)


def test_an_empty_top_and_a_threshold_off_the_scale_are_refused() -> None:
    users, truth, prediction = random_rows(8, tied=True)
    with pytest.raises(ValueError, match="k is 0"):
        standard(rank(users, truth, prediction), threshold=4, k=0)
    with pytest.raises(ValueError, match=r"relevance 4 is outside the scale 0 to 1"):
        score(users, truth, prediction, scale=(0, 1), relevance=4, undefined_precision=1.0)


@pytest.mark.parametrize("tied", [False, True])
def test_a_million_predictions_are_scored_in_about_a_second(tied: bool) -> None:
    rows = random_rows(10, n=1_000_000, n_users=200_000, tied=tied)
    begin = time.process_time()
    all_scores(*rows)
    # 0.5 s of one core where it was written; a loop over the users takes half a minute.
    assert time.process_time() - begin < 4
