"""A split written for other frameworks is the split, part by part."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from benchmark.data.catalog import Places
from benchmark.data.export import Format, export
from benchmark.data.prepared import Prepared, Rules, prepare
from benchmark.data.splits import TEST, TRAIN, VALIDATION, SplitKind
from benchmark.data.synthetic import Planted
from benchmark.errors import BenchError
from benchmark.recommender import Side

PLANTED = Planted(users=(40, 30), items=(20, 20), shared_users=5, shared_items=2)


def rules(split: SplitKind) -> Rules:
    return Rules(split, 7, "last", 0)


def prepared(split: SplitKind = "80/10/10") -> Prepared:
    places = Places(None, Path("unused"))
    return prepare(
        "pair", "synthetic/source", "synthetic/target", rules(split), places, planted=PLANTED
    )


def exported(folder: Path, kind: Format, split: SplitKind = "80/10/10") -> Prepared:
    made = prepared(split)
    export(made, rules(split), folder, kind, suite="small")
    return made


def test_csv_parts_are_the_split_and_together_the_whole(tmp_path: Path) -> None:
    made = exported(tmp_path / "out", "csv")
    for side in Side:
        domain = made.task.side(side).domain
        for part, name in ((TRAIN, "train"), (VALIDATION, "validation"), (TEST, "test")):
            written = pd.read_csv(tmp_path / "out" / side / f"{name}.csv")
            rows = domain.rows.iloc[made.splits[0].side(side).rows(part)]
            expected = rows[["user", "item", "rating", "time"]].reset_index(drop=True)
            pd.testing.assert_frame_equal(written, expected, check_dtype=False)


def test_every_fold_has_a_folder(tmp_path: Path) -> None:
    made = exported(tmp_path, "csv", "5-fold")
    tests = [pd.read_csv(tmp_path / f"fold-{fold}" / "target" / "test.csv") for fold in range(5)]
    whole = made.task.target.domain.rows
    assert len(pd.concat(tests).drop_duplicates()) == sum(map(len, tests)) == len(whole)


def test_recbole_files_have_typed_headers_and_its_names(tmp_path: Path) -> None:
    made = exported(tmp_path, "recbole")
    folder = tmp_path / "synthetic-target"
    assert sorted(path.name for path in folder.iterdir()) == [
        f"synthetic-target.{part}.inter" for part in ("test", "train", "valid")
    ]
    lines = (folder / "synthetic-target.test.inter").read_text().splitlines()
    assert lines[0] == "user_id:token\titem_id:token\trating:float\ttimestamp:float"
    first = made.task.target.domain.rows.iloc[made.splits[0].target.rows(TEST)[0]]
    assert lines[1] == f"{first['user']}\t{first['item']}\t{first['rating']}\t{first['time']}"
    assert "benchmark_filename: [train, valid, test]" in (tmp_path / "README.md").read_text()


def test_the_readme_says_that_test_ratings_are_there_and_which_split_it_is(
    tmp_path: Path,
) -> None:
    made = exported(tmp_path, "csv")
    page = (tmp_path / "README.md").read_text()
    assert "test ratings are in files of their own" in page
    for side in Side:
        assert made.splits[0].side(side).fingerprint in page


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(BenchError, match="is not empty"):
        exported(tmp_path, "csv")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_an_id_that_recbole_cannot_read_is_refused(tmp_path: Path) -> None:
    made = prepared()
    target = made.task.target
    rows = target.domain.rows.assign(item="a\ttab")
    odd = replace(target, domain=replace(target.domain, rows=rows))
    made = replace(made, task=replace(made.task, target=odd))
    with pytest.raises(BenchError, match=r"an id has a tab .*--format csv"):
        export(made, rules("80/10/10"), tmp_path / "out", "recbole", suite="small")


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BenchError, match="cannot write to"):
        exported(tmp_path / "file" / "out", "csv")


@pytest.mark.realdata
def test_items_numbered_within_their_domain_are_told_apart(
    real_data: Path, tmp_path: Path
) -> None:
    places = Places(real_data, tmp_path / "cache")
    made = prepare("pair", "douban/book", "douban/music", rules("80/10/10"), places)
    export(made, rules("80/10/10"), tmp_path / "out", "recbole", suite="douban")
    book, music = (
        pd.read_csv(
            tmp_path / "out" / f"douban-{name}" / f"douban-{name}.train.inter",
            sep="\t",
            dtype=str,
        )
        for name in ("book", "music")
    )
    assert not set(book["item_id:token"]) & set(music["item_id:token"])
    assert set(book["user_id:token"]) & set(music["user_id:token"])
    assert "carry the prefix 'music '" in (tmp_path / "out" / "README.md").read_text()


def test_a_domain_that_is_its_own_source_is_written_once(tmp_path: Path) -> None:
    places, name = Places(None, Path("unused")), "synthetic/target"
    made = prepare("own", name, name, rules("80/10/10"), places, planted=PLANTED)
    export(made, rules("80/10/10"), tmp_path / "out", "recbole", suite="small")
    folders = [path.name for path in (tmp_path / "out").iterdir() if path.is_dir()]
    assert folders == ["synthetic-target"]
