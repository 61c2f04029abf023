"""NCF-joint against NCF: merging two halves of a domain gives back the domain."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from baselines.ncf import NCF
from baselines.ncf_joint import NCFJoint
from benchmark.data.views import TrainingData
from benchmark.recommender import Pairs, Side

Training = Callable[..., TrainingData]
Rows = Sequence[tuple[int, int, float]]
N_USERS, N_ITEMS = 30, 20


@pytest.fixture
def rows() -> Rows:
    """Everybody has rated the first and the last item of either half, and half of the others."""
    rng = np.random.default_rng(1)
    rated = rng.random((N_USERS, N_ITEMS)) < 0.5
    rated[:, [0, 11, 12, 19]] = True
    return [(int(u), int(i), float(rng.integers(1, 6))) for u, i in np.argwhere(rated)]


def test_two_halves_of_a_domain_with_all_users_shared_are_the_domain_to_ncf(
    training: Training, rows: Rows
) -> None:
    first = [row for row in rows if row[1] < 12]
    second = [(u, i - 12, rating) for u, i, rating in rows if i >= 12]
    halves = training(second, first, shared_users=[(u, u) for u in range(N_USERS)])
    whole = training([*first, *((u, i + 12, rating) for u, i, rating in second)])
    joint = NCFJoint(epochs=4, factors=2).fit(halves, seed=1)
    single = NCF(epochs=4, factors=2).fit(whole, seed=1)
    users, items = np.divmod(np.arange(N_USERS * N_ITEMS), N_ITEMS)
    expected = single.predict(Pairs(users, items))
    in_first = items < 12
    assert_array_equal(
        joint.predict(Pairs(users[in_first], items[in_first], Side.SOURCE)), expected[in_first]
    )
    assert_array_equal(
        joint.predict(Pairs(users[~in_first], items[~in_first] - 12)), expected[~in_first]
    )


def test_domains_without_shared_users_are_blocks_of_one_matrix(
    training: Training, rows: Rows
) -> None:
    """The users and items of one domain never meet those of the other; the network is one."""
    apart = training(rows, rows)
    blocks = training([*rows, *((u + N_USERS, i + N_ITEMS, rating) for u, i, rating in rows)])
    joint = NCFJoint(epochs=2, factors=2).fit(apart, seed=1)
    single = NCF(epochs=2, factors=2).fit(blocks, seed=1)
    users, items = np.divmod(np.arange(N_USERS * N_ITEMS), N_ITEMS)
    assert_array_equal(
        joint.predict(Pairs(users, items)),
        single.predict(Pairs(users + N_USERS, items + N_ITEMS)),
    )


def test_each_domain_is_rated_on_its_own_scale(training: Training, rows: Rows) -> None:
    doubled = [(u, i, 2 * rating) for u, i, rating in rows]
    shared = [(u, u) for u in range(N_USERS)]
    five = training(rows, rows, shared_users=shared)
    ten = training(doubled, doubled, shared_users=shared, scale=(2.0, 10.0))
    pairs = [Pairs(np.arange(N_USERS), np.arange(N_USERS) % N_ITEMS, side) for side in Side]
    for of in pairs:
        once, twice = (NCFJoint(epochs=1).fit(d, seed=1).predict(of) for d in (five, ten))
        assert_array_equal(twice, 2 * once)
