"""What every registered method must keep to; a new method is tested here by being registered."""

from __future__ import annotations

import dataclasses
import pickle
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from benchmark.data.domain import Domain, ItemImages
from benchmark.data.splits import TRAIN, Split
from benchmark.data.task import Numbered, Task
from benchmark.data.views import DomainView, training_data
from benchmark.errors import NotApplicableError, PeekError
from benchmark.recommender import FloatArray, Overlap, Pairs, Recommender, Side, Signal
from benchmark.registry import METHODS
from benchmark.space import Choice

# The tests of one method run in one process, where its clean predictions are computed once.
every_method = pytest.mark.parametrize(
    "method",
    [pytest.param(m, id=m.name, marks=pytest.mark.xdist_group(m.name)) for m in METHODS],
)


def fit(method: type[Recommender], task: Task, split: Split, seed: int = 3) -> Recommender:
    data = training_data(method, task, split, text="summary")
    return method(**method.smoke).fit(data, seed=seed)


def all_test_pairs(task: Task, split: Split, method: type[Recommender]) -> list[Pairs]:
    pairs = []
    for side in method.scores.value:
        rows = np.flatnonzero(split.side(side).parts != TRAIN)
        numbered = task.side(side)
        pairs.append(Pairs(numbered.users[rows], numbered.items[rows], side))
    return pairs


def predictions(model: Recommender, task: Task, split: Split) -> FloatArray:
    return np.concatenate([model.predict(p) for p in all_test_pairs(task, split, type(model))])


@pytest.fixture(scope="module")
def fitted(task: Task, split: Split) -> Callable[[type[Recommender]], FloatArray]:
    """The predictions of each method on the clean task, computed once."""
    known: dict[str, FloatArray] = {}

    def of(method: type[Recommender]) -> FloatArray:
        if method.name not in known:
            known[method.name] = predictions(fit(method, task, split), task, split)
        return known[method.name]

    return of


def poisoned(task: Task, split: Split, method: type[Recommender]) -> Task:
    """The task with everything changed that the method has not declared."""
    declared = {Side.SOURCE: method.source_data, Side.TARGET: method.target_data}
    source, target = (
        _poisoned_domain(task.side(side), split.side(side).parts, declared[side])
        for side in (Side.SOURCE, Side.TARGET)
    )
    rng = np.random.default_rng(0)
    users, items = task.shared_users, task.shared_items
    if Overlap.USERS not in method.overlap:
        users = np.column_stack([rng.permutation(users[:, 0]), users[:, 1]])[:-5]
    if Overlap.ITEMS not in method.overlap:
        items = np.column_stack([rng.permutation(items[:, 0]), items[:, 1]])[:-5]
    return Task(task.name, source, target, users, items)


def _poisoned_domain(numbered: Numbered, parts: Any, declared: Signal) -> Numbered:
    """Ratings mirrored and text replaced outside training, and inside too where undeclared."""
    domain = numbered.domain
    rng = np.random.default_rng(1)
    outside = parts != TRAIN
    rows = domain.rows.copy()
    ratings = outside | (Signal.RATINGS not in declared)
    mirrored = sum(domain.scale) - rows["rating"]
    rows["rating"] = rows["rating"].where(~ratings, mirrored)
    text = outside | (Signal.REVIEWS not in declared)
    for column in ("summary", "body"):
        rows[column] = rows[column].where(~text, "poison poison terrible poison")
    rows["time"] = rows["time"].where(~outside, rows["time"] + 86_400 * 365)
    changed: dict[str, Any] = {"rows": rows}
    if Signal.IMAGES not in declared and domain.images is not None:
        noise = rng.normal(size=domain.images.values.shape).astype(np.float32)
        changed["images"] = ItemImages(domain.images.ids, noise)
    if Signal.FEATURES not in declared:
        changed["users"] = _shuffled(domain.users, rng)
        changed["items"] = _shuffled(domain.items, rng)
    users, items = numbered.users.copy(), numbered.items.copy()
    if not declared & (Signal.RATINGS | Signal.REVIEWS):
        inside = np.flatnonzero(~outside)
        users[inside] = rng.permutation(users[inside])
        items[inside] = rng.permutation(items[inside])
    return Numbered(replace(domain, **changed), numbered.user_ids, numbered.item_ids, users, items)


def _shuffled(table: Any, rng: np.random.Generator) -> Any:
    return None if table is None else table.set_index(rng.permutation(table.index))


@every_method
def test_what_is_not_declared_cannot_matter(
    method: type[Recommender], task: Task, split: Split, fitted: Any
) -> None:
    other = poisoned(task, split, method)
    model = fit(method, other, split)
    # The queried pairs stay those of the clean task: only what a method learns from is poisoned.
    assert_array_equal(predictions(model, task, split), fitted(method))


@every_method
def test_the_same_seed_gives_the_same_bits(
    method: type[Recommender], task: Task, split: Split, fitted: Any
) -> None:
    assert_array_equal(predictions(fit(method, task, split), task, split), fitted(method))


@every_method
def test_order_and_grouping_of_the_pairs_do_not_matter(
    method: type[Recommender], task: Task, split: Split, fitted: Any
) -> None:
    model = fit(method, task, split)
    together = []
    for pairs in all_test_pairs(task, split, method):
        order = np.random.default_rng(2).permutation(len(pairs))
        back = np.empty(len(pairs))
        for chunk in np.array_split(order, [1, 8, 150]):
            back[chunk] = model.predict(Pairs(pairs.users[chunk], pairs.items[chunk], pairs.side))
        together.append(back)
    assert_array_equal(np.concatenate(together), fitted(method))


@every_method
def test_unseen_users_and_items_get_finite_ratings(
    method: type[Recommender], task: Task, split: Split
) -> None:
    """Users and items of the first quarter lose all their training rows, in both domains."""
    cold = Split(
        *(
            replace(
                side,
                parts=np.where(
                    (numbered.users < len(numbered.user_ids) // 4)
                    | (numbered.items < len(numbered.item_ids) // 4),
                    2,
                    side.parts,
                ).astype(np.int8),
            )
            for numbered, side in ((task.source, split.source), (task.target, split.target))
        )
    )
    result = predictions(fit(method, task, cold), task, cold)
    assert np.isfinite(result).all()


@every_method
def test_a_fitted_method_survives_pickling(
    method: type[Recommender], task: Task, split: Split, fitted: Any
) -> None:
    model = pickle.loads(pickle.dumps(fit(method, task, split)))
    assert_array_equal(predictions(model, task, split), fitted(method))


@every_method
def test_no_pairs_give_no_ratings(method: type[Recommender], task: Task, split: Split) -> None:
    nothing = np.empty(0, dtype=np.int64)
    assert fit(method, task, split).predict(Pairs(nothing, nothing)).shape == (0,)


@every_method
def test_the_declaration_is_complete_and_true_to_the_fields(method: type[Recommender]) -> None:
    fields = {field.name: field for field in dataclasses.fields(method)}
    assert method.name == method.name.lower()
    assert len(method.paper) > 10, "cite authors, title, venue and year, or say that none is"
    assert method.title
    assert set(method.space) <= set(fields)
    assert set(method.smoke) <= set(fields)
    for name, range_ in method.space.items():
        if isinstance(range_, Choice):
            assert len(set(range_.values)) == len(range_.values) > 1
        else:
            assert range_.low <= getattr(method(), name) <= range_.high


def test_names_and_titles_are_unique() -> None:
    assert len({method.name for method in METHODS}) == len(METHODS)
    assert len({method.title for method in METHODS}) == len(METHODS)


@dataclasses.dataclass
class Peeker(Recommender):
    """Declares nothing and reads the column it is told to."""

    name = "peeker"
    paper = "none"
    title = "Peeker"
    source_data = Signal.NONE
    target_data = Signal.NONE
    column: str = "ratings"

    def fit(self, data: Any, *, seed: int) -> Peeker:
        np.asarray(getattr(data.target, self.column))
        return self

    def predict(self, pairs: Pairs) -> FloatArray:
        return np.zeros(len(pairs))


@pytest.mark.parametrize(
    "column",
    [
        field.name
        for field in dataclasses.fields(DomainView)
        if field.name not in ("n_users", "n_items", "scale")
    ],
)
def test_touching_an_undeclared_column_names_method_and_column(
    column: str, task: Task, split: Split
) -> None:
    data = training_data(Peeker, task, split, text="summary")
    with pytest.raises(PeekError, match=rf"'peeker' touched {column} of the target"):
        Peeker(column=column).fit(data, seed=1)


def test_the_overlap_is_hidden_from_those_who_do_not_declare_it(task: Task, split: Split) -> None:
    data = training_data(Peeker, task, split, text="summary")
    with pytest.raises(PeekError, match="shared_users"):
        len(data.shared_users)
    with pytest.raises(PeekError, match=r"Overlap\.ITEMS"):
        data.shared_items[0]


@every_method
def test_without_shared_users_a_method_runs_or_says_that_it_cannot(
    method: type[Recommender], task: Task, split: Split
) -> None:
    none = np.empty((0, 2), dtype=np.int64)
    alone = Task(task.name, task.source, task.target, none, none)
    if Overlap.USERS in method.overlap or Overlap.ITEMS in method.overlap:
        with suppress(NotApplicableError):
            assert np.isfinite(predictions(fit(method, alone, split), alone, split)).all()
    else:
        assert np.isfinite(predictions(fit(method, alone, split), alone, split)).all()


@every_method
def test_optional_signals_may_be_absent(
    method: type[Recommender], task: Task, split: Split
) -> None:
    bare = Task(
        task.name,
        _without(task.source, method.optional),
        _without(task.target, method.optional),
        task.shared_users,
        task.shared_items,
    )
    assert np.isfinite(predictions(fit(method, bare, split), bare, split)).all()


def _without(numbered: Numbered, absent: Signal) -> Numbered:
    domain: Domain = numbered.domain
    if Signal.REVIEWS in absent:
        domain = replace(domain, rows=domain.rows.assign(summary=None, body=None))
    if Signal.IMAGES in absent:
        domain = replace(domain, images=None)
    if Signal.FEATURES in absent:
        domain = replace(domain, users=None, items=None)
    return replace(numbered, domain=domain)
