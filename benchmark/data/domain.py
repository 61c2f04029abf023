"""A domain: the interactions of one catalogue, and its text, images and features if any."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.errors import DataError
from benchmark.recommender import FloatArray, Signal

COLUMNS = ("user", "item", "rating", "time", "summary", "body")
NO_TIME = -1

Duplicates = Literal["keep", "first", "last", "mean"]


@dataclass(frozen=True)
class SourceFile:
    """One file a domain was read from; ``official_rows`` is the publisher's own count."""

    name: str
    sha256: str
    rows: int
    official_rows: int | None = None

    @property
    def incomplete(self) -> bool:
        """Whether the file holds fewer rows than its publisher counts."""
        return self.official_rows is not None and self.rows < self.official_rows


@dataclass(frozen=True)
class ItemImages:
    """Item images or features of them: ``ids`` (n,), ``values`` (n, channels, h, w) or (n, d)."""

    ids: NDArray[np.str_]
    values: NDArray[np.float32]


@dataclass(frozen=True)
class Domain:
    """Interactions with string ids, one row a rating.

    ``rows`` has the columns ``user``, ``item`` (str), ``rating`` (float64, in stars), ``time``
    (int64, Unix seconds, -1 where unknown), ``summary`` and ``body`` (str, or None where a row has
    no text), in an order that does not depend on the files'. ``users`` and ``items`` hold features
    indexed by id. ``ideal`` is the expected rating of each row where it is known (planted data).
    """

    name: str
    rows: pd.DataFrame
    scale: tuple[float, float]
    users: pd.DataFrame | None = None
    items: pd.DataFrame | None = None
    images: ItemImages | None = None
    files: tuple[SourceFile, ...] = ()
    ideal: FloatArray | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        missing = [column for column in COLUMNS if column not in self.rows.columns]
        if missing:
            raise DataError(f"{self.name}: the rows lack the column(s) {', '.join(missing)}")
        if self.rows.empty:
            raise DataError(f"{self.name}: no ratings at all")
        low, high = self.scale
        ratings = self.rows["rating"].to_numpy()
        outside = ~((ratings >= low) & (ratings <= high))
        if outside.any():
            row = self.rows.iloc[int(np.flatnonzero(outside)[0])]
            raise DataError(
                f"{self.name}: rating {row['rating']:g} of user {row['user']!r} for item "
                f"{row['item']!r} is outside the scale {low:g} to {high:g}"
            )

    @property
    def signals(self) -> Signal:
        """What the domain has to offer."""
        signals = Signal.RATINGS
        if self.has_text().any():
            signals |= Signal.REVIEWS
        if self.images is not None:
            signals |= Signal.IMAGES
        if self.users is not None or self.items is not None:
            signals |= Signal.FEATURES
        return signals

    def has_text(self) -> NDArray[np.bool_]:
        """Which rows (n,) carry review text of either kind."""
        text: NDArray[np.bool_] = (
            self.rows["summary"].notna() | self.rows["body"].notna()
        ).to_numpy(dtype=bool)
        return text

    def keep(self, mask: NDArray[np.bool_], *, name: str | None = None) -> Domain:
        """The domain with only the rows where ``mask`` (n,) holds."""
        return replace(
            self,
            name=name or self.name,
            rows=self.rows[mask].reset_index(drop=True),
            ideal=None if self.ideal is None else self.ideal[mask],
        )


def canonical(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows by time, user, item, rating and text, so that no file's own order can matter."""
    order = ["time", "user", "item", "rating"]
    rows = rows.sort_values(order, kind="stable", ignore_index=True)[list(COLUMNS)]
    # Texts are slow to compare, and only a few rows tie without them.
    tied = rows.index[rows.duplicated(order, keep=False)]
    by_text = rows.loc[tied].sort_values([*order, "summary", "body"], kind="stable").index
    ranks = rows.index.to_numpy(copy=True)
    ranks[tied] = by_text
    return rows.take(ranks).reset_index(drop=True)


def rows_from(columns: dict[str, Sequence[Any]]) -> pd.DataFrame:
    """A table in the form of :attr:`Domain.rows` from columns; absent time and text are filled."""
    n = len(columns["user"])
    frame = pd.DataFrame(
        {
            "user": pd.Series(columns["user"], dtype=object).astype(str),
            "item": pd.Series(columns["item"], dtype=object).astype(str),
            "rating": np.asarray(columns["rating"], dtype=np.float64),
            "time": np.asarray(columns.get("time", np.full(n, NO_TIME)), dtype=np.int64),
            "summary": pd.Series(columns.get("summary", [None] * n), dtype=object),
            "body": pd.Series(columns.get("body", [None] * n), dtype=object),
        }
    )
    return canonical(frame)


def k_core(domain: Domain, k: int) -> Domain:
    """The largest part in which every user and every item has at least ``k`` ratings."""
    users = pd.factorize(domain.rows["user"])[0]
    items = pd.factorize(domain.rows["item"])[0]
    kept = np.ones(len(users), dtype=bool)
    while True:
        few_users = np.bincount(users[kept], minlength=users.max() + 1) < k
        few_items = np.bincount(items[kept], minlength=items.max() + 1) < k
        drop = kept & (few_users[users] | few_items[items])
        if not drop.any():
            return domain.keep(kept)
        kept &= ~drop
        if not kept.any():
            raise DataError(f"{domain.name}: no {k}-core; every row was dropped")


def duplicates(domain: Domain) -> int:
    """How many rows repeat a user-item pair that another row already has."""
    return int(domain.rows.duplicated(["user", "item"]).sum())


def without_duplicates(domain: Domain, rule: Duplicates) -> Domain:
    """One row a user-item pair: its first or last by time, or the mean rating on the last row."""
    if rule == "keep" or not duplicates(domain):
        return domain
    if rule == "mean":
        means = domain.rows.groupby(["user", "item"])["rating"].transform("mean")
        domain = replace(domain, rows=domain.rows.assign(rating=means))
    keep: Literal["first", "last"] = "first" if rule == "first" else "last"
    return domain.keep(~domain.rows.duplicated(["user", "item"], keep=keep).to_numpy())


def cut_by_time(domain: Domain, period: Literal["early", "late"]) -> Domain:
    """The earlier or the later half of the ratings; together the halves are the whole.

    Raises:
        DataError: the domain has no times.
    """
    times = domain.rows["time"].to_numpy()
    if (times == NO_TIME).any():
        raise DataError(f"{domain.name}: @{period} needs the time of every rating; some have none")
    first = np.zeros(len(times), dtype=bool)
    # Rows are canonical, that is by time with a fixed order among equals.
    first[: len(times) // 2] = True
    return domain.keep(first if period == "early" else ~first, name=f"{domain.name}@{period}")
