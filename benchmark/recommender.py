"""The contract of a method: what it reads is declared, enforced by the views, proven by tests."""

from __future__ import annotations

import enum
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from benchmark.space import Space

if TYPE_CHECKING:
    from benchmark.data.views import TrainingData

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]


class Signal(enum.Flag):
    """What a method reads of a domain; all of it from training rows only."""

    NONE = 0
    RATINGS = enum.auto()
    REVIEWS = enum.auto()
    IMAGES = enum.auto()
    FEATURES = enum.auto()


class Overlap(enum.Flag):
    """Which shared identities a method reads."""

    NONE = 0
    USERS = enum.auto()
    ITEMS = enum.auto()


class Side(enum.StrEnum):
    """The two domains of a task."""

    SOURCE = "source"
    TARGET = "target"


class Scores(enum.Enum):
    """Which domains one fit can be queried for: the target, or both (dual methods)."""

    TARGET = (Side.TARGET,)
    BOTH = (Side.SOURCE, Side.TARGET)


class Selection(enum.StrEnum):
    """Which data chooses a method's hyperparameters and stopping point; a column of the tables."""

    NONE = "none"
    SOURCE = "source, held out of training"
    TARGET = "target validation"


@dataclass(frozen=True)
class Pairs:
    """User-item pairs to be rated: ``users`` and ``items`` (n,), indices of one domain."""

    users: IntArray
    items: IntArray
    side: Side = Side.TARGET

    def __len__(self) -> int:
        return len(self.users)


@dataclass
class Recommender(ABC):
    """A method: a dataclass whose fields are its hyperparameters, with the paper's values.

    ``asdict`` is the record's configuration. Learned state ends in ``_``. A method is fitted once,
    on training rows alone; validation ratings belong to the harness (tuning), test ratings to
    nobody. Raise :class:`~benchmark.errors.NotApplicableError` from :meth:`fit` when a condition
    of the method is not met by the task, such as shared users.
    """

    name: ClassVar[str]
    """Registry key, in kebab-case."""
    paper: ClassVar[str]
    """Citation: authors, title, venue and year."""
    title: ClassVar[str]
    """The table row's name."""
    source_data: ClassVar[Signal]
    """What is read of the source domain."""
    target_data: ClassVar[Signal]
    """What is read of the target domain."""
    optional: ClassVar[Signal] = Signal.NONE
    """Declared signals that the method can do without; ``None`` in the view when absent."""
    overlap: ClassVar[Overlap] = Overlap.NONE
    """Which shared identities are read."""
    scores: ClassVar[Scores] = Scores.TARGET
    """The domains that one fit can be queried for."""
    selection: ClassVar[Selection] = Selection.NONE
    """Which data chooses hyperparameters and the stopping point."""
    clips: ClassVar[bool] = True
    """Whether predictions are clipped to the rating scale before scoring, as its paper does."""
    space: ClassVar[Space] = {}
    """Ranges of the hyperparameters that are tuned."""
    smoke: ClassVar[Mapping[str, Any]] = {}
    """Overrides that shrink a fit to about a second, for the contract tests."""

    @abstractmethod
    def fit(self, data: TrainingData, *, seed: int) -> Self:
        """Learn from ``data``; the same data and seed give the same predictions, bit for bit."""

    @abstractmethod
    def predict(self, pairs: Pairs) -> FloatArray:
        """Ratings (n,) on the data's own scale, finite for unseen users and items too.

        Neither the order nor the grouping of the pairs may change a prediction.
        """


@runtime_checkable
class Embeds(Protocol):
    """A method that can represent pairs, for t-SNE plots and domain distances."""

    def embed(self, pairs: Pairs) -> FloatArray:
        """Interaction representations (n, d)."""
        ...


@runtime_checkable
class KeepsHistory(Protocol):
    """A method that keeps per-epoch curves under the names its paper plots them by."""

    history_: Mapping[str, list[float]]


@runtime_checkable
class Describes(Protocol):
    """A method that states facts about its fit: counts of documents, words, epochs, fallbacks."""

    facts_: Mapping[str, float | int | str]


@runtime_checkable
class KeepsSnapshots(Protocol):
    """A method that can represent pairs as it could after some epochs, 0 being before training."""

    snapshots_: Mapping[int, Embeds]


@runtime_checkable
class KeepsWeights(Protocol):
    """A method that shows learned matrices under the names its paper draws them by."""

    weights_: Mapping[str, FloatArray]


@runtime_checkable
class Explains(Protocol):
    """A method that can show what it read of a pair."""

    def explain(self, pairs: Pairs) -> list[dict[str, str]]:
        """What was read of each pair, by the name of its part, as text."""
        ...
