"""A task: a source and a target domain, numbered independently, and the identities they share."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.data.domain import Domain
from benchmark.recommender import IntArray, Side


@dataclass(frozen=True)
class Numbered:
    """A domain with its users and items numbered 0, 1, … in an order that tells nothing.

    ``user_ids`` (n_users,) and ``item_ids`` (n_items,) give the id of each index; ``users`` and
    ``items`` (n,) are the indices of the rows.
    """

    domain: Domain
    user_ids: NDArray[np.object_]
    item_ids: NDArray[np.object_]
    users: IntArray
    items: IntArray

    @property
    def ratings(self) -> NDArray[np.float64]:
        """The ratings (n,) in stars."""
        return self.domain.rows["rating"].to_numpy(dtype=np.float64)

    @property
    def times(self) -> IntArray:
        """The times (n,) in Unix seconds, -1 where unknown."""
        return self.domain.rows["time"].to_numpy(dtype=np.int64)


@dataclass(frozen=True)
class Task:
    """Knowledge of ``source`` is to help in ``target``.

    ``shared_users`` (k, 2) and ``shared_items`` (m, 2) hold pairs of a source index and a target
    index of the same identity.
    """

    name: str
    source: Numbered
    target: Numbered
    shared_users: IntArray
    shared_items: IntArray

    def side(self, side: Side) -> Numbered:
        """The domain on ``side``."""
        return self.source if side is Side.SOURCE else self.target

    def reversed(self) -> Task:
        """The same pair with source and target exchanged."""
        return Task(
            self.name,
            self.target,
            self.source,
            self.shared_users[:, ::-1],
            self.shared_items[:, ::-1],
        )


def make_task(name: str, source: Domain, target: Domain) -> Task:
    """Number both domains, each on its own, and find what they share by equal ids."""
    numbered = _numbered(source), _numbered(target)
    return Task(
        name,
        *numbered,
        shared_users=_shared(numbered[0].user_ids, numbered[1].user_ids),
        shared_items=_shared(numbered[0].item_ids, numbered[1].item_ids),
    )


def _numbered(domain: Domain) -> Numbered:
    user_ids = _shuffled(domain.rows["user"].unique(), f"user of {domain.name}")
    item_ids = _shuffled(domain.rows["item"].unique(), f"item of {domain.name}")
    return Numbered(
        domain,
        user_ids,
        item_ids,
        users=pd.Index(user_ids).get_indexer(pd.Index(domain.rows["user"])).astype(np.int64),
        items=pd.Index(item_ids).get_indexer(pd.Index(domain.rows["item"])).astype(np.int64),
    )


def _shuffled(ids: Iterable[str], salt: str) -> NDArray[np.object_]:
    """The ids by hash: without the salt, equal indices of two domains would mean equal users."""
    by_hash = sorted(ids, key=lambda id: hashlib.sha256(f"{salt}\t{id}".encode()).digest())
    return np.array(by_hash, dtype=object)


def _shared(source_ids: NDArray[np.object_], target_ids: NDArray[np.object_]) -> IntArray:
    source_index = pd.Index(source_ids).get_indexer(pd.Index(target_ids))
    target_index = np.flatnonzero(source_index >= 0)
    return np.column_stack([source_index[target_index], target_index]).astype(np.int64)
