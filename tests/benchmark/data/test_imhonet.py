"""Imhonet's files are read in the layout that the reader documents; made-up ones, no real data."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from benchmark.data import imhonet, parsed
from benchmark.data.catalog import Places, load
from benchmark.data.domain import NO_TIME
from benchmark.data.entries import Part
from benchmark.errors import DataError, UnavailableError

SCALE = (1.0, 10.0)
FILES: dict[Part, str] = {
    "ratings": "userId,itemId,rating\n7,11,10\n8,11,1\n8,12,6.5\n",
    "metadata": "itemId,Title,Price\n12,Zoo,3.5\n11,Ark,\n99,Unrated,1\n",
    "users": "userId,Age,Residence\n8,31,Riga\n7,,Oslo\n5,44,Nowhere\n",
    "answers": "userId,question,answer\n7,tea?,yes\n8,tea?,no\n8,tea?,yes\n8,cats?,1\n5,cats?,2\n",
}


def written(folder: Path, **changed: str | None) -> dict[Part, Path]:
    texts = {**FILES, **changed}
    paths: dict[Part, Path] = {}
    for part, text in texts.items():
        if text is not None:
            paths[part] = folder / f"{part}.csv"  # type: ignore[index]
            paths[part].write_text(text)  # type: ignore[index]
    return paths


def test_ratings_are_enough(tmp_path: Path) -> None:
    found = imhonet.read(written(tmp_path, metadata=None, users=None, answers=None), SCALE)
    assert found.rows[["user", "item", "rating"]].to_numpy().tolist() == [
        ["7", "11", 10.0],
        ["8", "11", 1.0],
        ["8", "12", 6.5],
    ]
    assert (found.rows["time"] == NO_TIME).all()
    assert found.items is None
    assert found.users is None


def test_times_are_read_where_there_are_any(tmp_path: Path) -> None:
    files = written(tmp_path, ratings="userId,itemId,rating,timestamp\n7,11,10,1300000000\n")
    assert imhonet.read(files, SCALE).rows["time"].tolist() == [1_300_000_000]


def test_items_are_described_by_every_column_but_only_those_rated(tmp_path: Path) -> None:
    items = imhonet.read(written(tmp_path), SCALE).items
    assert items is not None
    assert items["Title"].to_dict() == {"11": "Ark", "12": "Zoo"}
    assert items["Price"].dtype == float


def test_users_are_described_by_their_table_and_their_last_answers(tmp_path: Path) -> None:
    users = imhonet.read(written(tmp_path), SCALE).users
    assert users is not None
    assert users.index.tolist() == ["7", "8"]
    assert users["Residence"].tolist() == ["Oslo", "Riga"]
    assert users["question tea?"].tolist() == ["yes", "yes"]
    # An answer that looks like a number is one choice of several all the same.
    assert users.loc["8", "question cats?"] == "1"
    assert pd.isna(users.loc["7", "question cats?"])


def test_only_the_most_answered_questions_are_features(tmp_path: Path) -> None:
    asked = "".join(f"7,q{k},a\n" for k in range(10)) + "8,q9,b\n8,q8,b\n"
    users = imhonet.read(
        written(tmp_path, answers="userId,question,answer\n" + asked), SCALE
    ).users
    assert users is not None
    questions = [column for column in users if str(column).startswith("question")]
    assert questions == [f"question q{k}" for k in (0, 1, 2, 3, 4, 5, 8, 9)]


def test_what_was_read_is_kept_as_it_is(tmp_path: Path) -> None:
    found = imhonet.read(written(tmp_path), SCALE)
    parsed.save(found, tmp_path / "cache")
    again = parsed.load(tmp_path / "cache")
    assert again is not None
    assert again.counts == found.counts
    pd.testing.assert_frame_equal(again.users, found.users, check_dtype=False)
    pd.testing.assert_frame_equal(again.items, found.items, check_dtype=False)


@pytest.mark.parametrize(
    ("part", "text", "says"),
    [
        ("ratings", "7,11,10\n", r"ratings\.csv: line 1: the header is '7,11,10' instead of"),
        ("ratings", "userId,itemId,rating\n7,11,11\n", r"line 2: rating 11 is outside the scale"),
        ("ratings", "userId,itemId,rating\n7,11\n", r"line 2: 2 fields instead of 3"),
        ("ratings", "userId,itemId,rating\n", r"ratings\.csv: holds no rating"),
        ("metadata", "id,Title\n1,A\n", r"metadata\.csv: line 1: no column itemId"),
        ("metadata", "itemId,Title\n11,A\n11,B\n", r"itemId '11' is described twice"),
        ("metadata", "itemId,Title\n,A\n", r"row 1 below the header: itemId is missing"),
        ("users", "", r"users\.csv: cannot be read"),
        ("users", "userId,Age\n7,1,2,3\n8,1\n", r"users\.csv: cannot be read"),
        ("answers", "userId,question\n7,1\n", r"answers\.csv: line 1: no column answer"),
    ],
)
def test_a_bad_file_is_named(part: str, text: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=says):
        imhonet.read(written(tmp_path, **{part: text}), SCALE)


def test_an_owners_copy_makes_the_domain_available(tmp_path: Path) -> None:
    places = Places(tmp_path / "data", tmp_path / "cache")
    folder = tmp_path / "data" / "imhonet"
    (folder / "music").mkdir(parents=True)
    with pytest.raises(UnavailableError, match=r"puts imhonet/music/ratings\.csv, .*below the"):
        load("imhonet/music", places)
    (folder / "music" / "ratings.csv").write_text(FILES["ratings"])
    (folder / "music" / "items.csv").write_text(FILES["metadata"])
    (folder / "users.csv").write_text(FILES["users"])
    domain = load("imhonet/music", places)
    assert domain.users is not None
    assert domain.items is not None
    # Items of book, movie and music are numbered apart, and never shared.
    assert set(domain.rows["item"]) == set(domain.items.index) == {"music 11", "music 12"}
    assert domain.files[0].incomplete


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"ratings": "\n"}, "line 1: the header is ''"),
        ({"users": "userId,Age,Age\n7,1,2\n"}, "line 1: two columns are named Age"),
        (
            {"users": "userId,question tea?\n7,1\n"},
            "'question tea[?]' has the name of an answered",
        ),
    ],
)
def test_files_that_are_not_in_the_layout_are_refused(
    changed: dict[str, str], message: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=message):
        imhonet.read(written(tmp_path, **changed), SCALE)


def test_descriptions_that_are_no_utf_8_are_refused(tmp_path: Path) -> None:
    files = written(tmp_path)
    files["users"].write_bytes("userId,Residence\n7,Orléans\n".encode("latin-1"))
    with pytest.raises(DataError, match="column Residence is not UTF-8 text"):
        imhonet.read(files, SCALE)
