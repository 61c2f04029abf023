"""Splits are fixed: by a hash of each row, the same on every machine and for every row order."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from benchmark.data import fingerprints
from benchmark.data.domain import Domain, rows_from
from benchmark.data.splits import (
    FOLDS,
    KINDS,
    TEST,
    TRAIN,
    VALIDATION,
    DomainSplit,
    SplitKind,
    all_splits,
    n_parts,
    restricted,
    row_keys,
    split_domain,
    split_task,
)
from benchmark.data.synthetic import PlantedPair
from benchmark.errors import BenchError, DataError
from benchmark.recommender import Side


def small(n: int = 10) -> Domain:
    rows = rows_from(
        {
            "user": [f"u{i % 4}" for i in range(n)],
            "item": [f"i{i}" for i in range(n)],
            "rating": [1 + i % 5 for i in range(n)],
            "time": list(range(n)),
        }
    )
    return Domain("small", rows, (1, 5))


def test_the_committed_vector_is_reproduced() -> None:
    """Ranks worked out with ``b2sum -l 128``; a change here breaks every shipped suite."""
    split = split_domain(small(), "80/10/10", seed=7)
    assert split.parts.tolist() == VECTOR
    assert split.fingerprint == FINGERPRINT


VECTOR = [2, 0, 0, 1, 0, 0, 0, 0, 0, 0]
FINGERPRINT = "ee84f015777bb99eeb8abe2196a217241688717401af33fc66ea21090d9f6917"


@pytest.mark.parametrize("kind", KINDS)
def test_every_row_has_one_part_and_sizes_are_as_promised(
    kind: SplitKind, pair: PlantedPair
) -> None:
    split = split_domain(pair.source, kind, seed=1)
    assert sum(split.sizes.values()) == len(pair.source.rows)
    test_share = split.sizes["test"] / len(pair.source.rows)
    assert test_share == pytest.approx(0.2 if kind == "5-fold" else 0.1, abs=0.03)


@pytest.mark.parametrize("kind", KINDS)
def test_the_order_of_the_file_does_not_matter(kind: SplitKind) -> None:
    domain = small(200)
    shuffled = domain.rows.sample(frac=1, random_state=1)
    again = Domain("small", rows_from({c: list(shuffled[c]) for c in shuffled}), (1, 5))
    first, second = (split_domain(d, kind, seed=3) for d in (domain, again))
    assert first.fingerprint == second.fingerprint
    assert_array_equal(first.parts, second.parts)


def test_another_seed_gives_another_split(pair: PlantedPair) -> None:
    one, two = (split_domain(pair.target, "80/10/10", seed=seed) for seed in (1, 2))
    assert one.fingerprint != two.fingerprint


def test_a_row_more_or_another_rating_changes_the_fingerprint() -> None:
    base = split_domain(small(), "80/10/10", seed=1).fingerprint
    assert split_domain(small(11), "80/10/10", seed=1).fingerprint != base
    rows = small().rows
    changed = replace(small(), rows=rows.assign(rating=rows["rating"].replace(1.0, 2.0)))
    assert split_domain(changed, "80/10/10", seed=1).fingerprint != base


def test_folds_test_every_row_once_and_validate_outside_the_test(pair: PlantedPair) -> None:
    folds = [split_domain(pair.source, "5-fold", seed=1, fold=fold) for fold in range(FOLDS)]
    tested = np.sum([fold.parts == TEST for fold in folds], axis=0)
    assert_array_equal(tested, 1)
    for fold in folds:
        assert (fold.parts == VALIDATION).sum() == pytest.approx(len(tested) / 10, abs=2)


@pytest.mark.parametrize(("kind", "column"), [("cold-user", "user"), ("cold-item", "item")])
def test_cold_splits_test_identities_that_have_no_other_row(
    kind: SplitKind, column: str, pair: PlantedPair
) -> None:
    split = split_domain(pair.target, kind, seed=1)
    ids = pair.target.rows[column].to_numpy()
    assert not set(ids[split.parts == TEST]) & set(ids[split.parts != TEST])


def test_a_cold_target_leaves_the_source_divided_at_random(pair: PlantedPair) -> None:
    split = split_task(pair.source, pair.target, "cold-user", seed=1)
    plain = split_domain(pair.source, "80/10/10", seed=1)
    assert split.source.fingerprint == plain.fingerprint


def test_a_temporal_split_tests_on_what_came_last(pair: PlantedPair) -> None:
    split = split_domain(pair.target, "temporal", seed=1)
    times = pair.target.rows["time"].to_numpy()
    assert times[split.parts == TRAIN].max() <= times[split.parts == VALIDATION].min()
    assert times[split.parts == VALIDATION].max() <= times[split.parts == TEST].min()


def test_a_temporal_split_without_times_is_refused_with_the_way_out() -> None:
    timeless = Domain("t", rows_from({"user": ["a"], "item": ["b"], "rating": [3]}), (1, 5))
    with pytest.raises(DataError, match="needs the time of every rating"):
        split_domain(timeless, "temporal", seed=1)


@pytest.mark.parametrize("kind", KINDS)
def test_all_splits_of_a_task_are_those_made_one_by_one(
    kind: SplitKind, pair: PlantedPair
) -> None:
    both = (pair.source, pair.target)
    one_by_one = [split_task(*both, kind, seed=1, fold=fold) for fold in range(n_parts(kind))]
    for found, expected in zip(all_splits(*both, kind, seed=1), one_by_one, strict=True):
        for side in Side:
            assert found.side(side).fingerprint == expected.side(side).fingerprint
            assert_array_equal(found.side(side).parts, expected.side(side).parts)


def test_a_fingerprint_is_over_the_sorted_rows_of_each_part(pair: PlantedPair) -> None:
    kept = pair.target.rows["rating"].to_numpy() > 2
    (split,) = restricted(pair.target, [split_domain(pair.target, "80/10/10", seed=1)], kept)
    keys = np.array(row_keys(pair.target.rows[kept]), dtype=object)
    said = "".join(
        f"{name}\n" + "\n".join(sorted(keys[split.parts == part])) + "\n"
        for part, name in ((TRAIN, "train"), (VALIDATION, "validation"), (TEST, "test"))
    )
    assert split.fingerprint == hashlib.sha256(said.encode()).hexdigest()


def test_refitting_moves_validation_to_training_and_leaves_the_test(pair: PlantedPair) -> None:
    split = split_task(pair.source, pair.target, "80/10/10", seed=1)
    refitted = split.refitted()
    assert refitted.target.sizes["validation"] == 0
    assert (
        refitted.target.sizes["train"]
        == split.target.sizes["train"] + split.target.sizes["validation"]
    )
    assert_array_equal(refitted.target.rows(TEST), split.target.rows(TEST))


def test_repeated_rows_get_keys_of_their_own() -> None:
    twice = Domain(
        "d", rows_from({"user": ["a"] * 10, "item": ["b"] * 10, "rating": [3] * 10}), (1, 5)
    )
    assert split_domain(twice, "80/10/10", seed=1).sizes == {
        "train": 8,
        "validation": 1,
        "test": 1,
    }


def test_a_split_that_is_not_the_committed_one_stops_with_a_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fingerprints, "committed", lambda: {"d 5-fold": "0" * 64})
    split = DomainSplit(np.zeros(3, dtype=np.int8), "f" * 64)
    with pytest.raises(BenchError, match="not the one this repository was measured on"):
        fingerprints.check_split("d 5-fold", split)
    fingerprints.check_split("another", split)
