"""Filters of a domain's rows, and the rows it refuses."""

from __future__ import annotations

import numpy as np
import pytest

from benchmark.data.domain import (
    Domain,
    cut_by_time,
    duplicates,
    k_core,
    rows_from,
    without_duplicates,
)
from benchmark.data.task import make_task
from benchmark.errors import DataError
from benchmark.recommender import Signal


def domain(
    pairs: str, ratings: list[float] | None = None, times: list[int] | None = None
) -> Domain:
    """A domain of pairs written like ``"ax bx"``: user, then item."""
    users, items = zip(*pairs.split(), strict=True)
    columns = {"user": users, "item": items, "rating": ratings or [3] * len(users)}
    if times:
        columns["time"] = times
    return Domain("d", rows_from(columns), (1, 5))


def written(result: Domain) -> list[str]:
    return sorted(result.rows["user"] + result.rows["item"])


def test_the_k_core_is_taken_until_nothing_more_falls_out() -> None:
    # c has two ratings until z, which only c rates, goes; then y has but one left, and so on.
    whole = domain("ax bx ay by cz cy")
    assert written(k_core(whole, 2)) == ["ax", "ay", "bx", "by"]


def test_an_empty_core_is_an_error_not_an_empty_result() -> None:
    with pytest.raises(DataError, match="no 3-core"):
        k_core(domain("ax by"), 3)


@pytest.mark.parametrize(
    ("rule", "expected"), [("first", [1]), ("last", [5]), ("mean", [3]), ("keep", [1, 5])]
)
def test_repeated_pairs_are_kept_by_the_rule(rule: str, expected: list[float]) -> None:
    twice = domain("ax ax", ratings=[5, 1], times=[20, 10])
    assert duplicates(twice) == 1
    assert without_duplicates(twice, rule).rows["rating"].tolist() == expected  # type: ignore[arg-type]


def test_the_halves_by_time_are_the_whole_and_share_users_and_items() -> None:
    whole = domain("ax bx ax bx", ratings=[1, 2, 3, 4], times=[4, 3, 2, 1])
    early, late = cut_by_time(whole, "early"), cut_by_time(whole, "late")
    assert early.rows["rating"].tolist() == [4, 3]
    assert late.rows["rating"].tolist() == [2, 1]
    task = make_task("halves", early, late)
    assert len(task.shared_users) == 2
    assert len(task.shared_items) == 1


def test_a_cut_needs_times() -> None:
    with pytest.raises(DataError, match="@early needs the time"):
        cut_by_time(domain("ax by"), "early")


@pytest.mark.parametrize("rating", [0.0, 5.5, float("nan")])
def test_a_rating_outside_the_scale_is_named(rating: float) -> None:
    with pytest.raises(DataError, match=r"of user 'b' for item 'y' is outside the scale 1 to 5"):
        domain("ax by", ratings=[3, rating])


def test_no_rows_at_all_is_an_error() -> None:
    with pytest.raises(DataError, match="no ratings"):
        Domain("d", rows_from({"user": [], "item": [], "rating": []}), (1, 5))


def test_signals_tell_what_there_is() -> None:
    assert domain("ax").signals == Signal.RATINGS
    spoken = Domain("d", domain("ax").rows.assign(summary="fine"), (1, 5))
    assert spoken.signals == Signal.RATINGS | Signal.REVIEWS


def test_equal_ids_get_unrelated_numbers_in_the_two_domains() -> None:
    pairs = " ".join(f"{chr(97 + i)}x" for i in range(26))
    one, other = domain(pairs), domain(pairs)
    task = make_task("same", one, Domain("other", other.rows, (1, 5)))
    assert len(task.shared_users) == 26
    assert np.mean(task.shared_users[:, 0] == task.shared_users[:, 1]) < 0.3
    for source, target in task.shared_users:
        assert task.source.user_ids[source] == task.target.user_ids[target]
