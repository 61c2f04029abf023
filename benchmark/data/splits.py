"""Fixed splits: each row's part follows from a hash of the row, never from a random stream."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.data.domain import NO_TIME, Domain
from benchmark.errors import DataError
from benchmark.recommender import IntArray, Side

SplitKind = Literal["80/10/10", "5-fold", "cold-user", "cold-item", "temporal"]
KINDS: tuple[SplitKind, ...] = get_args(SplitKind)
FOLDS = 5

TRAIN, VALIDATION, TEST = 0, 1, 2
LEFT_OUT = 3
"""The part of a row that is neither learnt from nor asked for."""
_NAMES = {TRAIN: "train", VALIDATION: "validation", TEST: "test"}


@dataclass(frozen=True)
class DomainSplit:
    """The part (n,) of each row of a domain, and a fingerprint of the whole."""

    parts: NDArray[np.int8]
    fingerprint: str

    def rows(self, part: int) -> IntArray:
        """The row numbers of ``part``."""
        return np.flatnonzero(self.parts == part)

    @property
    def sizes(self) -> dict[str, int]:
        """Rows of each part by name."""
        return {name: int((self.parts == part).sum()) for part, name in _NAMES.items()}


@dataclass(frozen=True)
class Split:
    """How the rows of a task's two domains are divided."""

    source: DomainSplit
    target: DomainSplit

    def side(self, side: Side) -> DomainSplit:
        """The split of the domain on ``side``."""
        return self.source if side is Side.SOURCE else self.target

    def refitted(self) -> Split:
        """The split with validation rows moved to training, for the fit after tuning."""
        return Split(
            *(
                DomainSplit(
                    np.where(s.parts == VALIDATION, TRAIN, s.parts).astype(np.int8), s.fingerprint
                )
                for s in (self.source, self.target)
            )
        )


def is_symmetric(kind: SplitKind) -> bool:
    """Whether both domains are divided alike, so that one split serves both directions."""
    return kind not in ("cold-user", "cold-item")


def source_kind(kind: SplitKind) -> SplitKind:
    """How the source is divided when the target is divided by ``kind``."""
    return kind if is_symmetric(kind) else "80/10/10"


def n_parts(kind: SplitKind) -> int:
    """How many splits a kind stands for: the folds of a cross-validation, else one."""
    return FOLDS if kind == "5-fold" else 1


def split_task(
    source: Domain, target: Domain, kind: SplitKind, *, seed: int, fold: int = 0
) -> Split:
    """Divide both domains; cold splits divide the source at random, so that it can help."""
    return Split(
        split_domain(source, source_kind(kind), seed=seed, fold=fold),
        split_domain(target, kind, seed=seed, fold=fold),
    )


def split_domain(domain: Domain, kind: SplitKind, *, seed: int, fold: int = 0) -> DomainSplit:
    """Divide the rows of one domain.

    ``80/10/10`` and ``5-fold`` divide ratings; ``cold-user`` and ``cold-item`` divide users or
    items, so that none of the test has a training row; ``temporal`` tests on the latest tenth.
    A fold has a fifth for testing, a tenth for validation, and the rest for training.

    Raises:
        DataError: a temporal split of a domain without times.
    """
    (split,) = _splits(domain, kind, seed, [fold])
    return split


def all_splits(source: Domain, target: Domain, kind: SplitKind, *, seed: int) -> tuple[Split, ...]:
    """Every split of a task that a kind stands for, as :func:`split_task` makes each."""
    folds = range(n_parts(kind))
    sides = (
        _splits(source, source_kind(kind), seed, folds),
        _splits(target, kind, seed, folds),
    )
    return tuple(Split(*both) for both in zip(*sides, strict=True))


def restricted(
    domain: Domain, splits: Sequence[DomainSplit], kept: NDArray[np.bool_]
) -> list[DomainSplit]:
    """The splits of the rows where ``kept`` (n,) holds, each row in the part it was in."""
    return _identified(row_keys(domain.rows[kept]), [split.parts[kept] for split in splits])


def _splits(domain: Domain, kind: SplitKind, seed: int, folds: Sequence[int]) -> list[DomainSplit]:
    keys = row_keys(domain.rows)
    if kind == "5-fold":
        ranks = _hash_order(keys, seed)
        return _identified(keys, [_fold_parts(ranks, fold) for fold in folds])
    if kind == "80/10/10":
        parts = _tenths(_hash_order(keys, seed))
    elif kind == "temporal":
        parts = _tenths(_time_order(domain, keys, seed))
    else:
        codes, ids = pd.factorize(domain.rows["user" if kind == "cold-user" else "item"])
        parts = _tenths(_hash_order([str(id) for id in ids], seed))[codes]
    return _identified(keys, [parts for _ in folds])


def row_keys(rows: pd.DataFrame) -> list[str]:
    """What identifies each row: user, item, time, rating and, among equals, its number."""
    occurrence = rows.groupby(["user", "item", "time", "rating"], sort=False).cumcount()
    # Arrow strings, as pandas reads them, are slow to iterate over; plain lists are not.
    columns = [rows[name].to_numpy(object).tolist() for name in ("user", "item", "time", "rating")]
    return [
        f"{user}\t{item}\t{time}\t{rating:g}\t{number}"
        for user, item, time, rating, number in zip(*columns, occurrence.tolist(), strict=True)
    ]


def _hash_order(keys: list[str], seed: int) -> IntArray:
    """The rank (n,) of each key when they are ordered by hash."""
    digests = [hashlib.blake2b(f"{seed}\t{key}".encode(), digest_size=16).digest() for key in keys]
    return _ranks(np.argsort(np.array(digests, dtype="S16"), kind="stable"))


def _time_order(domain: Domain, keys: list[str], seed: int) -> IntArray:
    times = domain.rows["time"].to_numpy()
    if (times == NO_TIME).any():
        raise DataError(
            f"{domain.name}: a temporal split needs the time of every rating, and some have none; "
            "choose another split in the suite"
        )
    return _ranks(np.lexsort((_hash_order(keys, seed), times)))


def _ranks(order: NDArray[np.intp]) -> IntArray:
    ranks = np.empty(len(order), dtype=np.int64)
    ranks[order] = np.arange(len(order))
    return ranks


def _tenths(ranks: IntArray) -> NDArray[np.int8]:
    position = ranks / max(len(ranks), 1)
    return np.select([position < 0.8, position < 0.9], [TRAIN, VALIDATION], TEST).astype(np.int8)


def _fold_parts(ranks: IntArray, fold: int) -> NDArray[np.int8]:
    tenth = ranks * 2 * FOLDS // max(len(ranks), 1)
    offset = (tenth - 2 * fold) % (2 * FOLDS)
    return np.select([offset < 2, offset < 3], [TEST, VALIDATION], TRAIN).astype(np.int8)


def _identified(keys: list[str], each: Sequence[NDArray[np.int8]]) -> list[DomainSplit]:
    """Splits with these parts (n,) of the rows of ``keys``, with their fingerprints."""
    order = sorted(range(len(keys)), key=keys.__getitem__)
    in_order = np.array(keys, dtype=object)[order]
    return [DomainSplit(parts, _fingerprint(in_order, parts[order])) for parts in each]


def _fingerprint(keys: NDArray[np.object_], parts: NDArray[np.int8]) -> str:
    """A hash of which sorted ``keys`` (n,) are in which part."""
    digest = hashlib.sha256()
    for part, name in _NAMES.items():
        digest.update(f"{name}\n".encode())
        digest.update("\n".join(keys[parts == part]).encode())
        digest.update(b"\n")
    return digest.hexdigest()
