"""A cell's key says all that determines its predictions, and its name where it is a variant."""

from __future__ import annotations

from pathlib import Path

import pytest

from baselines.knn import KNN
from benchmark.data.catalog import Places
from benchmark.errors import BenchError
from benchmark.running.plan import Cell
from benchmark.running.run import plan
from benchmark.running.suite import Suite, TaskSpec, VariantSpec
from benchmark.running.variants import variants_of

PLANTED = {"users": [40, 30], "items": [20, 20], "shared_users": 5, "shared_items": 2}


def a_task(name: str = "t", **more: object) -> TaskSpec:
    domains = {"source": "synthetic/source", "target": "synthetic/target"}
    return TaskSpec.model_validate({"name": name, **domains, "planted": PLANTED, **more})


def cells(folder: Path, *tasks: TaskSpec, **more: object) -> list[Cell]:
    declared = {"name": "s", "title": "S", "seeds": [1], "tasks": tasks, **more}
    suite = Suite.model_validate(declared)
    variants = variants_of(suite, [KNN], [KNN])
    return [c for task in plan(suite, variants, Places(None, folder)) for c in task.cells]


def variant(name: str, k: int) -> VariantSpec:
    return VariantSpec(method="knn", name=name, title=name, settings={"k": k})


def test_equal_settings_under_two_names_are_two_cells(tmp_path: Path) -> None:
    found = cells(tmp_path, a_task(), variants=[variant("a", 40), variant("b", 40)])
    assert [cell.name for cell in found] == ["knn", "a", "b"]
    assert len({cell.key for cell in found}) == 3


def test_a_declared_variant_changes_no_other_cell(tmp_path: Path) -> None:
    alone = cells(tmp_path, a_task())
    assert cells(tmp_path, a_task(), variants=[variant("a", 3)])[0].key == alone[0].key


def test_a_switch_of_the_task_is_part_of_the_key(tmp_path: Path) -> None:
    same, other = a_task("t"), a_task("u", protocol={"clip": "none"})
    assert cells(tmp_path, same)[0].key != cells(tmp_path, other)[0].key


def test_only_so_many_folds_are_planned(tmp_path: Path) -> None:
    task = a_task(protocol={"split": "5-fold"})
    assert len(cells(tmp_path, task)) == 5
    assert [cell.fold for cell in cells(tmp_path, task, folds=2)] == [0, 1]


def test_what_a_task_leaves_out_is_planned_in_the_others_only(tmp_path: Path) -> None:
    tasks = a_task("all"), a_task("less", without=["a"])
    found = cells(tmp_path, *tasks, variants=[variant("a", 3)])
    assert [(cell.task, cell.name) for cell in found] == [
        ("all", "knn"),
        ("all", "a"),
        ("less", "knn"),
    ]


def test_the_first_fold_of_the_named_keeps_artifacts_by_every_seed(tmp_path: Path) -> None:
    task = a_task(protocol={"split": "5-fold"})
    found = cells(
        tmp_path, task, variants=[variant("a", 3)], artifacts=["a"], folds=2, seeds=[1, 2]
    )
    kept = [(cell.name, cell.fold, cell.seed) for cell in found if cell.artifacts]
    assert kept == [("a", 0, 1), ("a", 0, 2)]


@pytest.mark.parametrize("n", [0, 2, 5])
def test_other_shared_users_lose_their_records_and_all_else_stays(n: int, tmp_path: Path) -> None:
    suite = Suite(
        name="s", title="S", seeds=[1], tasks=[a_task("t"), a_task("u", overlap_users=n)]
    )
    whole, part = (task.prepared for task in plan(suite, [], Places(None, tmp_path)))
    assert whole is not None
    assert part is not None
    assert len(part.task.shared_users) == n
    for side in ("source", "target"):
        before, after = getattr(whole.task, side), getattr(part.task, side)
        assert len(before.user_ids) - len(after.user_ids) == 5 - n
        rows = before.domain.rows
        kept = rows["user"].isin(after.user_ids).to_numpy()
        assert rows[kept].reset_index(drop=True).equals(after.domain.rows)
        # What remains is trained and tested on as before.
        parts = getattr(whole.splits[0], side).parts[kept]
        assert (parts == getattr(part.splits[0], side).parts).all()


def test_more_overlap_than_there_is_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="overlap_users = 6, but its domains share only 5"):
        cells(tmp_path, a_task(overlap_users=6))


def test_a_relevance_off_the_scale_is_refused_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(
        BenchError, match=r"protocol.relevance = 8 of task 't' in suite 's' .*1 to 5"
    ):
        cells(tmp_path, a_task(protocol={"relevance": 8}))


def test_a_split_without_a_test_row_is_refused_before_anything_runs(tmp_path: Path) -> None:
    tiny = {"users": [2, 2], "items": [2, 2], "shared_users": 1, "shared_items": 1}
    with pytest.raises(
        BenchError, match=r"task 't' in suite 's': split 80/10/10 leaves .* no test row; choose"
    ):
        cells(tmp_path, a_task(planted=tiny))
