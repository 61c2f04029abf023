"""What identifies data: hashes of contents, and the committed fingerprints of splits."""

from __future__ import annotations

import functools
import hashlib
import tomllib
from pathlib import Path

import pandas as pd

from benchmark.data.domain import Domain
from benchmark.data.splits import DomainSplit, SplitKind, row_keys
from benchmark.errors import BenchError
from benchmark.recommender import Signal

COMMITTED = Path(__file__).with_suffix(".toml")


def of_contents(domain: Domain) -> dict[str, str]:
    """A sha256 for each signal of the domain, over what a method can read of it."""
    prints = {"ratings": _hash(*row_keys(domain.rows))}
    if Signal.REVIEWS in domain.signals:
        prints["reviews"] = _hash(*domain.rows["summary"], *domain.rows["body"])
    if domain.images is not None:
        prints["images"] = _hash(*domain.images.ids, domain.images.values.tobytes())
    if Signal.FEATURES in domain.signals:
        prints["features"] = _hash(_table(domain.users), _table(domain.items))
    return prints


def split_name(domain: str, kind: SplitKind, seed: int, fold: int, variant: str) -> str:
    """The key of a split in the committed file; ``variant`` names what was done to the rows."""
    return f"{domain} {kind} seed={seed} fold={fold} {variant}"


def check_split(name: str, split: DomainSplit) -> None:
    """Refuse a split that is not the committed one of that name, if one is committed.

    Raises:
        BenchError: the fingerprints differ, so results could not be compared.
    """
    expected = committed().get(name)
    if expected is not None and expected != split.fingerprint:
        raise BenchError(
            f"the split {name!r} is not the one this repository was measured on (fingerprint "
            f"{split.fingerprint[:12]}…, committed {expected[:12]}…): the rows differ from the "
            "published file's; replace the file, or run a suite of your own with another task"
        )


@functools.cache
def committed() -> dict[str, str]:
    """The fingerprints of the shipped suites' splits, by :func:`split_name`."""
    prints: dict[str, str] = tomllib.loads(COMMITTED.read_text(encoding="utf-8"))
    return prints


def _hash(*parts: str | bytes | None) -> str:
    digest = hashlib.sha256()
    for part in parts:
        raw = part if isinstance(part, bytes) else str(part).encode()
        # The length keeps ("ab", "c") apart from ("a", "bc").
        digest.update(f"{len(raw)}\n".encode() + raw)
    return digest.hexdigest()


def _table(table: pd.DataFrame | None) -> str:
    return "" if table is None else str(table.to_csv(float_format="%.12g"))
