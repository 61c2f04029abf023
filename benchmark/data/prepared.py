"""A task made ready: domains loaded, rows chosen by the protocol, both domains split."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass, fields, replace

from benchmark.data import fingerprints
from benchmark.data.catalog import Places, load
from benchmark.data.domain import Domain, Duplicates, duplicates, k_core, without_duplicates
from benchmark.data.entries import resolve
from benchmark.data.splits import (
    DomainSplit,
    Split,
    SplitKind,
    all_splits,
    is_symmetric,
    restricted,
    source_kind,
)
from benchmark.data.synthetic import DEFAULT, Planted
from benchmark.data.task import Task, make_task
from benchmark.errors import BenchError, UnavailableError
from benchmark.recommender import Side


@dataclass(frozen=True)
class Rules:
    """What the protocol does to the published rows before and by splitting."""

    split: SplitKind
    split_seed: int
    duplicates: Duplicates
    k_core: int
    overlap_users: int | None = None

    @property
    def variant(self) -> str:
        """The part that changes rows, as it stands in a split's name."""
        core = f" {self.k_core}-core" if self.k_core else ""
        overlap = "" if self.overlap_users is None else f" overlap={self.overlap_users}"
        return f"duplicates={self.duplicates}{core}{overlap}"


@dataclass(frozen=True)
class Prepared:
    """A task with its splits, one a fold, and what identifies its data by side and signal."""

    task: Task
    splits: tuple[Split, ...]
    repeated: dict[Side, int]
    contents: dict[Side, dict[str, str]]

    def reversed(self) -> Prepared:
        """The same data with source and target exchanged."""
        other = {Side.SOURCE: Side.TARGET, Side.TARGET: Side.SOURCE}
        return Prepared(
            self.task.reversed(),
            tuple(Split(split.target, split.source) for split in self.splits),
            {other[side]: count for side, count in self.repeated.items()},
            {other[side]: prints for side, prints in self.contents.items()},
        )


def prepare(
    name: str,
    source: str,
    target: str,
    rules: Rules,
    places: Places,
    *,
    planted: Planted = DEFAULT,
) -> Prepared:
    """Load, filter and split a task.

    A domain may be its own source: what a method then learns of it is the most it could learn of
    it from any source.

    Raises:
        UnavailableError: a file is on no place searched.
        BenchError: a file that cannot be read, a split that is not the committed one, or domains
            that hold the same ratings, with test rows among the source's training rows.
    """
    if source == target and not is_symmetric(rules.split):
        raise BenchError(
            f"task {name!r} has {target} as its own source, and a {rules.split} split has rows of "
            "the target's test part in the source's training part; choose a split that divides "
            "both alike, such as 80/10/10"
        )
    if source != target and _hold_the_same(source, target):
        raise BenchError(
            f"task {name!r}: {source} holds ratings of {target}, so that some of the target's "
            "test part would be in the source's training part; choose another source, or @early "
            "and @late of one domain"
        )
    pair = _pair(source, target, replace(rules, overlap_users=None), places, planted)
    if rules.overlap_users is not None:
        pair = _within_overlap(pair, rules.overlap_users, name)
    task = make_task(name, pair.domains[Side.SOURCE], pair.domains[Side.TARGET])
    prepared = Prepared(task, pair.splits, pair.repeated, pair.contents)
    for split_name, split in split_names(prepared, rules, planted).items():
        fingerprints.check_split(split_name, split)
    return prepared


def _hold_the_same(source: str, target: str) -> bool:
    """Whether two names are of one category of one publisher, whichever edition and period."""
    (one, first), (other, second) = resolve(source), resolve(target)
    if one == other and {first, second} == {"early", "late"}:
        return False
    return one.publisher == other.publisher and one.category == other.category


def split_names(prepared: Prepared, rules: Rules, planted: Planted) -> dict[str, DomainSplit]:
    """Each split of a task by the name under which its fingerprint is committed."""
    variant = " ".join([rules.variant, *_otherwise_planted(planted)])
    kinds = {Side.SOURCE: source_kind(rules.split), Side.TARGET: rules.split}
    return {
        fingerprints.split_name(
            prepared.task.side(side).domain.name, kind, rules.split_seed, fold, variant
        ): split.side(side)
        for fold, split in enumerate(prepared.splits)
        for side, kind in kinds.items()
    }


def _otherwise_planted(planted: Planted) -> list[str]:
    """What is planted otherwise than by default, so that a new parameter renames no split."""
    values = ((field.name, getattr(planted, field.name)) for field in fields(planted))
    return [f"{name}={value}" for name, value in values if value != getattr(DEFAULT, name)]


@dataclass(frozen=True)
class _Pair:
    """What of a prepared task does not depend on its name."""

    domains: dict[Side, Domain]
    splits: tuple[Split, ...]
    repeated: dict[Side, int]

    @functools.cached_property
    def contents(self) -> dict[Side, dict[str, str]]:
        return {side: fingerprints.of_contents(domain) for side, domain in self.domains.items()}


# A suite's tasks are often of one pair, under the same rules or with fewer of its shared users.
@functools.lru_cache(maxsize=1)
def _pair(source: str, target: str, rules: Rules, places: Places, planted: Planted) -> _Pair:
    domains = _load_pair(source, target, places, planted)
    repeated = {side: duplicates(domain) for side, domain in domains.items()}
    domains = {side: _filtered(domain, rules) for side, domain in domains.items()}
    splits = all_splits(
        domains[Side.SOURCE], domains[Side.TARGET], rules.split, seed=rules.split_seed
    )
    return _Pair(domains, splits, repeated)


def _load_pair(source: str, target: str, places: Places, planted: Planted) -> dict[Side, Domain]:
    domains, wanting = {}, []
    for side, name in ((Side.SOURCE, source), (Side.TARGET, target)):
        try:
            domains[side] = load(name, places, planted=planted)
        except UnavailableError as error:
            wanting.append(str(error))
    if wanting:
        raise UnavailableError(*dict.fromkeys(wanting))
    return domains


def _filtered(domain: Domain, rules: Rules) -> Domain:
    domain = without_duplicates(domain, rules.duplicates)
    return k_core(domain, rules.k_core) if rules.k_core else domain


def _within_overlap(pair: _Pair, n: int, task: str) -> _Pair:
    """The pair without the rows of shared users beyond the first ``n``; others stay in their part.

    Raises:
        BenchError: its domains share fewer.
    """
    users = {side: domain.rows["user"] for side, domain in pair.domains.items()}
    shared = set(users[Side.SOURCE].unique()) & set(users[Side.TARGET].unique())
    if n > len(shared):
        raise BenchError(
            f"task {task!r}: overlap_users = {n}, but its domains share only {len(shared)} users"
        )
    # By hash: a smaller choice is part of a larger one, and none favours old or active users.
    ranked = sorted(shared, key=lambda id: hashlib.sha256(f"overlap\t{id}".encode()).digest())
    domains, sides = {}, []
    for side, domain in pair.domains.items():
        kept = ~users[side].isin(ranked[n:]).to_numpy()
        domains[side] = domain.keep(kept)
        sides.append(restricted(domain, [split.side(side) for split in pair.splits], kept))
    splits = tuple(Split(*both) for both in zip(*sides, strict=True))
    return _Pair(domains, splits, pair.repeated)
