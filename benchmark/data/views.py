"""What a method is handed: training rows only, and of those only what it has declared."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NoReturn, Protocol, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmark.data.splits import TRAIN, DomainSplit, Split
from benchmark.data.task import Numbered, Task
from benchmark.data.twins import without_twins
from benchmark.errors import PeekError
from benchmark.recommender import FloatArray, IntArray, Overlap, Recommender, Side, Signal

T = TypeVar("T")
TextField = Literal["summary", "reviewText", "both"]

Withheld = Literal[
    "source ratings",
    "source reviews",
    "source images",
    "source features",
    "target ratings",
    "target reviews",
    "target images",
    "target features",
    "shared users",
    "shared items",
]
"""What a protocol may keep from every method, though the data have it."""


class Hidden:
    """Stands where undeclared data would be; any use of it raises :class:`PeekError`."""

    def __init__(self, method: str, column: str, signal: str) -> None:
        object.__setattr__(
            self,
            "_message",
            (
                f"method {method!r} touched {column}, which it has not declared; "
                f"add {signal} to its declaration or leave the column alone"
            ),
        )

    def _peek(self, *_: object, **__: object) -> NoReturn:
        raise PeekError(object.__getattribute__(self, "_message"))

    def __getattribute__(self, name: str) -> NoReturn:
        raise PeekError(object.__getattribute__(self, "_message"))

    __array__ = __bool__ = __call__ = __contains__ = __eq__ = __float__ = __getitem__ = _peek
    __hash__ = __index__ = __int__ = __iter__ = __len__ = __lt__ = __gt__ = __le__ = _peek
    __ge__ = __ne__ = __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _peek
    __truediv__ = __rtruediv__ = __neg__ = __pow__ = __matmul__ = __reduce__ = _peek
    __reduce_ex__ = __repr__ = __str__ = __setattr__ = _peek


@dataclass(frozen=True)
class DomainView:
    """The training rows of one domain as a method sees them.

    Shapes, with n training rows: ``users``, ``items``, ``times`` (n,) int64; ``ratings`` (n,)
    float64 in stars; ``reviews`` (n,) of str, None where a row has no text; ``item_images``
    (n_items, channels, h, w) or (n_items, d) float32, zeros where ``has_image`` (n_items,) is
    false; ``user_features`` and ``item_features``, tables with one row an index, of numbers and
    of text. ``users``, ``items`` and ``times`` come with RATINGS or REVIEWS. What is not declared
    is :class:`Hidden`; what is declared as optional and absent is None.
    """

    n_users: int
    n_items: int
    scale: tuple[float, float]
    users: IntArray
    items: IntArray
    times: IntArray
    ratings: FloatArray
    reviews: NDArray[np.object_]
    item_images: NDArray[np.float32]
    has_image: NDArray[np.bool_]
    user_features: pd.DataFrame
    item_features: pd.DataFrame


class Stages(Protocol):
    """Remembers the finished stages of fits, for fits that begin with the same ones."""

    def recall(self, name: str, determinants: Mapping[str, object], compute: Callable[[], T]) -> T:
        """What ``compute`` gives, or gave an earlier fit with equal ``determinants``.

        These are all settings that the stage depends on, the seed among them; data, protocol and
        code are seen to. The stage must not go on from random numbers drawn before it.
        """
        ...


class NoStages:
    """Remembers nothing."""

    def recall(self, name: str, determinants: Mapping[str, object], compute: Callable[[], T]) -> T:
        """What ``compute`` gives."""
        return compute()


@dataclass(frozen=True)
class TrainingData:
    """Both views, and the shared identities as pairs (k, 2) of a source and a target index."""

    source: DomainView
    target: DomainView
    shared_users: IntArray
    shared_items: IntArray
    stages: Stages = field(default_factory=NoStages)

    def side(self, side: Side) -> DomainView:
        """The view of the domain on ``side``."""
        return self.source if side is Side.SOURCE else self.target


def withheld_signals(side: Side, withheld: Collection[Withheld]) -> Signal:
    """The signals of a domain that are kept from the methods."""
    names = {signal: f"{side} {str(signal.name).lower()}" for signal in Signal}
    kept = (signal for signal, name in names.items() if name in withheld)
    return functools.reduce(operator.or_, kept, Signal.NONE)


def missing_signals(
    method: type[Recommender], task: Task, withheld: Collection[Withheld] = ()
) -> str | None:
    """Why a method cannot have all that it must read, or None when it can."""
    for side, declared in ((Side.SOURCE, method.source_data), (Side.TARGET, method.target_data)):
        domain, needed = task.side(side).domain, declared & ~method.optional
        if lacking := needed & withheld_signals(side, withheld):
            return f"needs {_names(lacking)} of the {side}, which are withheld"
        if lacking := needed & ~domain.signals:
            return f"needs {_names(lacking)} of the {side}, and {domain.name} has none"
    return None


def _names(signals: Signal) -> str:
    return " and ".join(str(signal.name).lower() for signal in signals)


def training_data(
    method: type[Recommender],
    task: Task,
    split: Split,
    *,
    text: TextField,
    withheld: Collection[Withheld] = (),
) -> TrainingData:
    """The view of a task's training rows that ``method`` has declared.

    What is withheld is as if the data had none of it; a method that must read it is not to be
    asked (:func:`missing_signals`). A rating that the other domain holds out is no training row.
    """
    split = without_twins(task, split)

    def shared(pairs: IntArray, kind: Overlap, column: str) -> Any:
        if kind in method.overlap:
            return pairs[:0] if column.replace("_", " ") in withheld else pairs
        return Hidden(method.name, column, f"Overlap.{kind.name}")

    def view(side: Side, numbered: Numbered, of: DomainSplit, declared: Signal) -> DomainView:
        absent = withheld_signals(side, withheld)
        return _domain_view(method, side, numbered, of, declared, absent, text)

    return TrainingData(
        view(Side.SOURCE, task.source, split.source, method.source_data),
        view(Side.TARGET, task.target, split.target, method.target_data),
        shared(task.shared_users, Overlap.USERS, "shared_users"),
        shared(task.shared_items, Overlap.ITEMS, "shared_items"),
    )


def _domain_view(
    method: type[Recommender],
    side: Side,
    numbered: Numbered,
    split: DomainSplit,
    declared: Signal,
    absent: Signal,
    text: TextField,
) -> DomainView:
    rows = split.rows(TRAIN)
    domain = numbered.domain

    def show(needs: Signal, column: str, value: Any) -> Any:
        if declared & needs:
            return value if declared & needs & ~absent else None
        signal = str(needs.name).replace("|", " or Signal.")
        return Hidden(method.name, f"{column} of the {side}", f"Signal.{signal}")

    either = Signal.RATINGS | Signal.REVIEWS
    images = _images(numbered) if declared & Signal.IMAGES else (None, None)
    has_text = Signal.REVIEWS in domain.signals
    return DomainView(
        n_users=len(numbered.user_ids),
        n_items=len(numbered.item_ids),
        scale=domain.scale,
        users=show(either, "users", numbered.users[rows]),
        items=show(either, "items", numbered.items[rows]),
        times=show(either, "times", numbered.times[rows]),
        ratings=show(Signal.RATINGS, "ratings", numbered.ratings[rows]),
        reviews=show(
            Signal.REVIEWS,
            "reviews",
            review_text(domain.rows.iloc[rows], text) if has_text else None,
        ),
        item_images=show(Signal.IMAGES, "item_images", images[0]),
        has_image=show(Signal.IMAGES, "has_image", images[1]),
        user_features=show(
            Signal.FEATURES, "user_features", _features(domain.users, numbered.user_ids)
        ),
        item_features=show(
            Signal.FEATURES, "item_features", _features(domain.items, numbered.item_ids)
        ),
    )


def review_text(rows: pd.DataFrame, text: TextField) -> NDArray[np.object_]:
    """The chosen text (n,) of each row, None where it has none."""
    if text == "both":
        joined = [
            None if summary is None and body is None else f"{summary or ''} {body or ''}".strip()
            for summary, body in zip(_texts(rows["summary"]), _texts(rows["body"]), strict=True)
        ]
        return np.array(joined, dtype=object)
    return _texts(rows["summary" if text == "summary" else "body"])


def _texts(column: pd.Series[Any]) -> NDArray[np.object_]:
    texts: NDArray[np.object_] = column.to_numpy(dtype=object, copy=True)
    texts[pd.isna(texts)] = None
    return texts


def _features(table: pd.DataFrame | None, ids: NDArray[np.object_]) -> pd.DataFrame | None:
    return None if table is None else table.reindex(ids).reset_index(drop=True)


def _images(
    numbered: Numbered,
) -> tuple[NDArray[np.float32] | None, NDArray[np.bool_] | None]:
    images = numbered.domain.images
    if images is None:
        return None, None
    position = pd.Index(images.ids.astype(object)).get_indexer(pd.Index(numbered.item_ids))
    has_image = position >= 0
    values = np.zeros((len(position), *images.values.shape[1:]), dtype=np.float32)
    values[has_image] = images.values[position[has_image]]
    return values, has_image
