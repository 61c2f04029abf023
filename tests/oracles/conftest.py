"""Libraries that were not written here, as fixtures: absent, they skip with what installs them."""

from __future__ import annotations

import warnings
from types import ModuleType

import pytest


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
