"""One rating in two categories: where one domain holds it out, the other does not teach it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from baselines.cmf import CMF
from benchmark.data.card import card, summary
from benchmark.data.domain import Domain, rows_from
from benchmark.data.export import export
from benchmark.data.prepared import Prepared, Rules
from benchmark.data.splits import LEFT_OUT, TEST, TRAIN, VALIDATION, SplitKind, split_task
from benchmark.data.synthetic import PlantedPair
from benchmark.data.task import Task, make_task
from benchmark.data.twins import twins, without_twins
from benchmark.data.views import training_data
from benchmark.recommender import Side


def domain(name: str, items: range, moved: int = 0) -> Domain:
    """Twenty users' ratings of ``items``, all at times that user and item give."""
    places = [(user, item) for user in range(20) for item in items]
    columns = {
        "user": [f"u{user}" for user, _ in places],
        "item": [f"i{item}" for _, item in places],
        "rating": [1 + (user + item) % 5 for user, item in places],
        "time": [moved + 100 * user + item for user, item in places],
    }
    return Domain(name, rows_from(columns), (1, 5))


@pytest.fixture
def task() -> Task:
    """Items 10 to 19 are in both categories, with the same ratings: 200 twins."""
    return make_task("pair", domain("music", range(20)), domain("film", range(10, 30)))


def held_out(task: Task, parts: np.ndarray, side: Side) -> set[tuple[str, str]]:
    rows = task.side(side).domain.rows[np.isin(parts, [VALIDATION, TEST])]
    return set(zip(rows["user"], rows["item"], strict=True))


@pytest.mark.parametrize("kind", ["80/10/10", "5-fold", "cold-user", "cold-item", "temporal"])
def test_no_method_learns_what_the_other_domain_holds_out(task: Task, kind: SplitKind) -> None:
    split = split_task(task.source.domain, task.target.domain, kind, seed=2019)
    data = training_data(CMF, task, split, text="summary")
    for side, other in ((Side.SOURCE, Side.TARGET), (Side.TARGET, Side.SOURCE)):
        numbered, view = task.side(side), data.side(side)
        learnt = set(
            zip(numbered.user_ids[view.users], numbered.item_ids[view.items], strict=True)
        )
        assert not learnt & held_out(task, split.side(other).parts, other)


def test_a_cold_split_would_teach_some_of_it(task: Task) -> None:
    """So that the test above can fail."""
    split = split_task(task.source.domain, task.target.domain, "cold-user", seed=2019)
    left = without_twins(task, split)
    gone = (left.source.parts == LEFT_OUT) & (split.source.parts == TRAIN)
    assert gone.sum() > 20
    assert (left.source.parts[~gone] == split.source.parts[~gone]).all()


def test_ratings_at_other_times_are_no_twins() -> None:
    apart = make_task("pair", domain("music", range(20)), domain("film", range(10, 30), moved=1))
    assert len(twins(apart)) == 0


def test_planted_pairs_and_domains_as_their_own_source_keep_all_rows(pair: PlantedPair) -> None:
    for target in (pair.target, pair.source):
        task = make_task("pair", pair.source, target)
        split = split_task(pair.source, target, "80/10/10", seed=1)
        left = without_twins(task, split)
        for side in Side:
            assert (left.side(side).parts == split.side(side).parts).all()


def test_a_card_counts_twins_and_the_rows_without_them(task: Task) -> None:
    split = split_task(task.source.domain, task.target.domain, "cold-user", seed=2019)
    measured = card(task, split=split)
    assert measured.twins == 200
    assert measured.source.training < len(split.source.rows(TRAIN))
    assert "200 ratings stand in both domains" in summary(measured)
    alone = card(make_task("own", task.source.domain, task.source.domain))
    assert alone.twins == 0


def test_an_exported_split_has_no_training_row_that_is_held_out(
    task: Task, tmp_path: Path
) -> None:
    names = {"music": "synthetic/source", "film": "synthetic/target"}
    named = make_task(
        "pair",
        *(
            replace(task.side(side).domain, name=names[task.side(side).domain.name])
            for side in Side
        ),
    )
    split = split_task(named.source.domain, named.target.domain, "cold-user", seed=2019)
    made = Prepared(named, (split,), {}, {})
    export(made, Rules("cold-user", 2019, "last", 0), tmp_path / "out", "csv", suite="small")
    trained = pd.read_csv(tmp_path / "out" / "source" / "train.csv")
    learnt = set(zip(trained["user"], trained["item"], strict=True))
    assert not learnt & held_out(named, split.target.parts, Side.TARGET)
    assert "left out since the other domain holds them out" in (
        tmp_path / "out" / "README.md"
    ).read_text(encoding="utf-8")
