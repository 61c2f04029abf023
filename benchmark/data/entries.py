"""What the catalog says: the domains there are, their files, addresses, counts and terms."""

from __future__ import annotations

import itertools
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict

from benchmark.errors import BenchError, suggestion

Part = Literal["reviews", "ratings", "metadata", "images", "users", "answers"]
Period = Literal["early", "late"]

GENERATED = "synthetic"
"""The reader of data that are in no file."""

_FILE = Path(__file__).with_name("catalog.toml")


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PublishedFile(_Table):
    """A file as its publisher offers it; ``name`` is its place below the data folder."""

    part: Part
    name: str
    address: str | None = None
    size: int | None = None
    sha256: str | None = None
    rows: int | None = None
    copies: tuple[str, ...] = ()
    """sha256 of known copies with the same rows but other bytes, such as names removed."""

    @property
    def names(self) -> tuple[str, str]:
        """The published name, and the one with or without compression, whichever it is not."""
        plain = self.name.removesuffix(".gz")
        return self.name, f"{plain}.gz" if plain == self.name else plain


class _Domain(_Table):
    title: str
    rows: int | None = None
    users: int | None = None
    items: int | None = None
    files: tuple[PublishedFile, ...] = ()


class _Edition(_Table):
    title: str
    scale: tuple[float, float]
    terms: str
    citation: str
    home: str | None = None
    base: str = ""
    reader: str | None = None
    held: str | None = None
    """Why nobody can download it; who has a copy can use it."""
    own_items: bool = False
    """Whether items are numbered within a domain: equal numbers of two domains mean nothing."""
    domains: dict[str, _Domain]


@dataclass(frozen=True)
class Entry:
    """A domain of the catalog: what its publisher says of it, and its files."""

    name: str
    title: str
    edition: str
    scale: tuple[float, float]
    terms: str
    citation: str
    home: str | None
    reader: str | None
    held: str | None
    own_items: bool
    rows: int | None
    users: int | None
    items: int | None
    files: tuple[PublishedFile, ...]

    @property
    def status(self) -> str:
        """Whether the data are generated, public or held."""
        return self.held or ("generated" if self.reader == GENERATED else "public")

    @property
    def publisher(self) -> str:
        """Whose data they are; editions of one publisher hold the same ratings in part."""
        return "".join(itertools.takewhile(str.isalpha, self.name))

    @property
    def category(self) -> str:
        """What the domain is called in its edition."""
        return self.name.partition("/")[2]

    @property
    def item_prefix(self) -> str:
        """What stands before the published item ids, so that they are told apart from others'."""
        return f"{self.category} " if self.own_items else ""

    def file(self, part: Part) -> PublishedFile | None:
        """The file that holds ``part``, if the entry has one."""
        return next((file for file in self.files if file.part == part), None)


@cache
def _editions() -> dict[str, _Edition]:
    declared = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return {name: _Edition.model_validate(table) for name, table in declared.items()}


@cache
def entries() -> tuple[Entry, ...]:
    """All domains, edition by edition."""
    return tuple(
        Entry(
            name=f"{edition_name}/{domain_name}",
            title=domain.title,
            edition=edition.title,
            rows=domain.rows,
            users=domain.users,
            items=domain.items,
            files=tuple(
                file.model_copy(update={"address": file.address and edition.base + file.address})
                for file in domain.files
            ),
            **{
                name: getattr(edition, name)
                for name in ("scale", "terms", "citation", "home", "reader", "held", "own_items")
            },
        )
        for edition_name, edition in _editions().items()
        for domain_name, domain in edition.domains.items()
    )


def describe(name: str) -> Entry:
    """The entry of ``edition/domain``, with or without a period.

    Raises:
        BenchError: there is no such name.
    """
    return resolve(name)[0]


def resolve(name: str) -> tuple[Entry, Period | None]:
    """The entry and the period that ``edition/domain``, ``@early`` or ``@late``, names.

    Raises:
        BenchError: there is no such name.
    """
    whole, at, period = name.partition("@")
    by_name = {entry.name: entry for entry in entries()}
    if whole not in by_name:
        edition = whole.partition("/")[0]
        valid = [known for known in by_name if known.startswith(f"{edition}/")] or list(by_name)
        raise BenchError(f"unknown data {whole!r}{suggestion(whole, valid)}")
    if at and period not in get_args(Period):
        raise BenchError(
            f"unknown period {period!r} in {name!r}{suggestion(period, ['early', 'late'])}"
        )
    return by_name[whole], period or None  # type: ignore[return-value]
