"""Libraries that were not written here, as fixtures: absent, they skip with what installs them."""

from __future__ import annotations

import warnings
from types import ModuleType

import pytest

from benchmark.data.splits import Split, split_task
from benchmark.data.synthetic import Planted, planted_pair
from benchmark.data.task import Task, make_task


def oracle(name: str) -> ModuleType:
    """The library, or a skip of the test that asked for it."""
    with warnings.catch_warnings():
        # A library's own warnings on import are not ours to mend.
        warnings.simplefilter("ignore")
        module: ModuleType = pytest.importorskip(
            name, reason=f"{name} is not installed: .venv/bin/pip install -e '.[oracles]'"
        )
    return module


@pytest.fixture(scope="session")
def cornac() -> ModuleType:
    """A. Salah, Q.-T. Truong and H. W. Lauw, "Cornac", JMLR 21(95), 2020."""
    return oracle("cornac")


@pytest.fixture(scope="session")
def cmfrec() -> ModuleType:
    """D. Cortes, "Cold-start recommendations in collective matrix factorization", 2018."""
    return oracle("cmfrec")


@pytest.fixture(scope="session")
def myfm() -> ModuleType:
    """T. Ohtsuki, myFM, Bayesian factorisation machines by Gibbs sampling."""
    return oracle("myfm")


@pytest.fixture(scope="session")
def related() -> tuple[Task, Split]:
    """All users are shared, with many ratings in the source and few in the target."""
    planted = Planted((300, 300), (60, 80), (25, 12), shared_users=300, noise=0.3)
    pair = planted_pair(planted)
    return (
        make_task("related", pair.source, pair.target),
        split_task(pair.source, pair.target, "80/10/10", seed=1),
    )
