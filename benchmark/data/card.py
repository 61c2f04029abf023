"""The card of a task: what its data measure, beside what the papers print of theirs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.data.domain import NO_TIME, Domain, SourceFile, duplicates
from benchmark.data.published_statistics import published_statistics
from benchmark.data.splits import TEST, TRAIN, Split
from benchmark.data.task import Numbered, Task
from benchmark.data.text import Vocabulary
from benchmark.data.twins import twins, without_twins
from benchmark.data.views import TextField, review_text
from benchmark.recommender import IntArray, Side

MIN_COUNT = 5
"""RecSys-DAN, section V-A: words that occur fewer times are removed."""


_CALLED: Mapping[TextField, str] = {
    "summary": "summaries",
    "reviewText": "review texts",
    "both": "summaries and review texts",
}


@dataclass(frozen=True)
class DomainFacts:
    """What one domain measures; ``span`` is the first and the last day, ``histogram`` by stars.

    ``with_text`` counts the ratings that have the text which stands for a review,
    ``training_with_text`` those of the ``training`` rows. ``tested_with_text`` counts the
    ``tested`` rows whose user and item both have one in training.
    """

    name: str
    users: int
    items: int
    ratings: int
    density: float
    ratings_per_user: float
    ratings_per_item: float
    mean: float
    histogram: dict[str, int]
    with_text: int
    training: int
    training_with_text: int
    items_with_image: int
    items_with_features: int
    duplicates: int
    span: tuple[str, str] | None
    files: tuple[SourceFile, ...]
    # As in older cards, which have not counted them.
    tested: int = 0
    tested_with_text: int = 0

    @property
    def incomplete(self) -> bool:
        """Whether rows are missing: no file they could come from is complete."""
        counted = [file for file in self.files if file.official_rows is not None]
        return bool(counted) and all(file.incomplete for file in counted)

    @property
    def text_incomplete(self) -> bool:
        """Whether texts are missing that were published."""
        return any(file.incomplete for file in self.files)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The facts that ``asdict`` gave, be it by way of JSON."""
        span = values["span"] and tuple(values["span"])
        files = tuple(SourceFile(**file) for file in values["files"])
        return cls(**{**values, "span": span, "files": files})


@dataclass(frozen=True)
class Comparison:
    """A figure of ours beside the paper's; ``of`` is ``source``, ``target`` or ``task``."""

    of: str
    statistic: str
    ours: float
    theirs: float

    @property
    def ratio(self) -> float | None:
        """Ours over theirs; None over 0."""
        return self.ours / self.theirs if self.theirs else None


@dataclass(frozen=True)
class Card:
    """What a task measures; ``vocabulary`` counts the words of ``text`` that occur 5 times.

    ``twins`` counts the ratings that both domains hold, unless a domain is its own source.
    """

    task: str
    source: DomainFacts
    target: DomainFacts
    shared_users: int
    shared_items: int
    vocabulary: int
    text: TextField = "summary"
    comparisons: tuple[Comparison, ...] = ()
    twins: int = 0

    @property
    def flags(self) -> tuple[str, ...]:
        """What must be said in red: the files that hold fewer rows than are published."""
        files = dict.fromkeys(self.source.files + self.target.files)
        return tuple(
            f"INCOMPLETE: {file.rows:,} of {file.official_rows:,} rows in {file.name}"
            for file in files
            if file.incomplete
        )

    def to_dict(self) -> dict[str, Any]:
        """The card as JSON holds it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The card that :meth:`to_dict` gave, be it by way of JSON."""
        comparisons = tuple(Comparison(**row) for row in values["comparisons"])
        facts = {side: DomainFacts.from_dict(values[side]) for side in ("source", "target")}
        return cls(**{**values, **facts, "comparisons": comparisons})


def card(
    task: Task,
    *,
    split: Split | None = None,
    text: TextField = "summary",
    repeated: Mapping[Side, int] | None = None,
    published: Collection[tuple[str, str]] = (),
) -> Card:
    """Measure a task.

    Words are counted in the training rows of ``split``, in all rows without one. ``repeated``
    counts the duplicates before the protocol removed any, and is measured where it is not given.
    ``published`` names the paper's results for the task, by table and pair, whose statistics stand
    beside.
    """
    texts = {side: review_text(task.side(side).domain.rows, text) for side in Side}
    seen = split and without_twins(task, split)
    training = {
        side: np.arange(len(texts[side])) if seen is None else seen.side(side).rows(TRAIN)
        for side in Side
    }
    tested = {side: np.arange(0) if seen is None else seen.side(side).rows(TEST) for side in Side}
    facts = {
        side: _facts(
            task.side(side),
            texts[side],
            training[side],
            tested[side],
            (repeated or {}).get(side),
        )
        for side in Side
    }
    words = vocabulary_size(text for side in Side for text in texts[side][training[side]])
    shared = {"shared users": len(task.shared_users), "shared items": len(task.shared_items)}
    measured: dict[str, dict[str, Any]] = {
        **{str(side): asdict(facts[side]) for side in Side},
        "task": {**shared, "vocabulary": words},
    }
    return Card(
        task.name,
        facts[Side.SOURCE],
        facts[Side.TARGET],
        shared_users=len(task.shared_users),
        shared_items=len(task.shared_items),
        vocabulary=words,
        text=text,
        comparisons=tuple(
            Comparison(of, statistic, float(measured[of][statistic]), theirs)
            for table, pair in dict.fromkeys(published)
            for of, statistic, theirs in published_statistics(table, pair)
        ),
        twins=0 if task.source.domain.name == task.target.domain.name else len(twins(task)),
    )


def vocabulary_size(texts: Iterable[str | None]) -> int:
    """The words that occur at least 5 times."""
    return len(Vocabulary.of(texts, min_count=MIN_COUNT).words)


def _facts(
    numbered: Numbered,
    texts: NDArray[np.object_],
    training: IntArray,
    tested: IntArray,
    repeated: int | None,
) -> DomainFacts:
    domain = numbered.domain
    n, users, items = len(domain.rows), len(numbered.user_ids), len(numbered.item_ids)
    stars, counts = np.unique(numbered.ratings, return_counts=True)
    images, features = domain.images, domain.items
    has_text = np.array([text is not None for text in texts])
    read = training[has_text[training]]
    represented = np.isin(numbered.users[tested], numbered.users[read])
    represented &= np.isin(numbered.items[tested], numbered.items[read])
    return DomainFacts(
        name=domain.name,
        users=users,
        items=items,
        ratings=n,
        density=n / (users * items),
        ratings_per_user=float(np.median(np.bincount(numbered.users))),
        ratings_per_item=float(np.median(np.bincount(numbered.items))),
        mean=float(numbered.ratings.mean()),
        histogram={f"{star:g}": int(count) for star, count in zip(stars, counts, strict=True)},
        with_text=int(has_text.sum()),
        training=len(training),
        training_with_text=len(read),
        items_with_image=0 if images is None else _known(numbered, images.ids),
        items_with_features=0 if features is None else _known(numbered, features.index),
        duplicates=duplicates(domain) if repeated is None else repeated,
        span=_span(domain),
        files=domain.files,
        tested=len(tested),
        tested_with_text=int(represented.sum()),
    )


def _known(numbered: Numbered, ids: Any) -> int:
    return int(pd.Index(numbered.item_ids).isin(pd.Index(ids).astype(object)).sum())


def _span(domain: Domain) -> tuple[str, str] | None:
    times = domain.rows["time"].to_numpy()
    if (times == NO_TIME).any():
        return None
    first, last = (datetime.fromtimestamp(int(t), UTC) for t in (times.min(), times.max()))
    return first.date().isoformat(), last.date().isoformat()


def render_markdown(card: Card) -> str:
    """The card as a section of Markdown; each incomplete file has a line of its own."""
    lines = [f"**{flag.replace(' rows in ', ' rows** in ')}\n" for flag in card.flags]
    lines += [
        summary(card),
        "",
        f"| | {card.source.name} | {card.target.name} |",
        "|---|---:|---:|",
    ]
    lines += [f"| {label} | {' | '.join(cells)} |" for label, *cells in statistics(card)]
    return "\n".join(lines) + "\n"


def summary(card: Card) -> str:
    """What the domains have in common, and the words of their texts if they have any."""
    beside = _published(card)
    shared = (
        _beside(f"{count:,} {what}", beside.get(("task", what)))
        for what, count in (
            ("shared users", card.shared_users),
            ("shared items", card.shared_items),
        )
    )
    shares = f"{', '.join(shared)}."
    if card.twins:
        shares += (
            f" {card.twins:,} ratings stand in both domains; they are left out of training where "
            "the other domain holds them out."
        )
    if not (_has_text(card) or beside.get(("task", "vocabulary"))):
        return shares
    words = _beside(f"{card.vocabulary:,}", beside.get(("task", "vocabulary")))
    text_incomplete = any(side.text_incomplete for side in (card.source, card.target))
    return (
        f"{shares}\n\nWords of the {_CALLED[card.text]} that occur at least 5 times "
        f"in training: {_marked(words, text_incomplete)}."
    )


def about_text(card: Card) -> str:
    """How many training rows have the text that stands for a review, or nothing if all have."""
    lacking = [
        f"{side.training_with_text:,} of {side.training:,} of {side.name}"
        for side in (card.source, card.target)
        if side.training_with_text < side.training
    ]
    if not lacking:
        return ""
    if not _has_text(card):
        return f"These data have no {_CALLED[card.text]}: methods that read them do without."
    return (
        f"Methods that read {_CALLED[card.text]} learn from the training rows that have one: "
        f"{', '.join(lacking)}."
    )


def about_tested_text(card: Card, domain: str) -> str:
    """How many test rows of a domain texts tell of, or nothing if of all or if none has any."""
    facts = card.target if domain == card.target.name else card.source
    if not facts.with_text or facts.tested_with_text == facts.tested:
        return ""
    return (
        f"Of {facts.tested:,} test rows {facts.tested_with_text:,} are of a user and an item that "
        f"both have {_CALLED[card.text]} in training; of the others methods that read them know "
        "less, or nothing."
    )


def _has_text(card: Card) -> bool:
    return card.source.with_text + card.target.with_text > 0


def statistics(card: Card) -> list[tuple[str, str, str]]:
    """What is said of each domain: a label, the source's figure and the target's."""
    beside = _published(card)
    sides = ((Side.SOURCE, card.source), (Side.TARGET, card.target))
    lines = []
    for label, statistic, shown in _SHOWN:
        source, target = (
            _beside(shown(facts), beside.get((side, statistic))) for side, facts in sides
        )
        lines.append((label, source, target))
    return lines


def _published(card: Card) -> dict[tuple[str, str], Comparison]:
    return {(row.of, row.statistic): row for row in card.comparisons}


def _marked(shown: str, incomplete: bool) -> str:
    return f"{shown} **INCOMPLETE**" if incomplete else shown


def _beside(shown: str, paper: Comparison | None) -> str:
    if paper is None:
        return shown
    theirs = f"{paper.theirs:,.0f}" if paper.theirs.is_integer() else f"{paper.theirs:.4%}"
    ratio = "" if paper.ratio is None else f", ×{paper.ratio:.2f}"
    return f"{shown} (paper {theirs}{ratio})"


def _histogram(facts: DomainFacts) -> str:
    return " ".join(f"{star}★ {n / facts.ratings:.0%}" for star, n in facts.histogram.items())


_SHOWN: tuple[tuple[str, str, Callable[[DomainFacts], str]], ...] = (
    ("users", "users", lambda facts: f"{facts.users:,}"),
    ("items", "items", lambda facts: f"{facts.items:,}"),
    ("ratings", "ratings", lambda facts: _marked(f"{facts.ratings:,}", facts.incomplete)),
    ("density", "density", lambda facts: f"{facts.density:.4%}"),
    ("ratings per user, median", "", lambda facts: f"{facts.ratings_per_user:g}"),
    ("ratings per item, median", "", lambda facts: f"{facts.ratings_per_item:g}"),
    ("mean rating", "", lambda facts: f"{facts.mean:.3f}"),
    ("histogram", "", _histogram),
    (
        "ratings with text",
        "",
        lambda facts: _marked(f"{facts.with_text:,}", facts.text_incomplete),
    ),
    ("items with image", "", lambda facts: f"{facts.items_with_image:,}"),
    ("items with features", "", lambda facts: f"{facts.items_with_features:,}"),
    ("duplicate pairs", "", lambda facts: f"{facts.duplicates:,}"),
    ("time", "", lambda facts: " to ".join(facts.span) if facts.span else "unknown"),
)
"""The rows of a card's table: label, statistic of a paper that stands beside, and how to show."""
