"""Imhonet's ratings with what its users answered, as its owner may hand them over.

Li, Tuzhilin: Dual Metric Learning for Effective and Efficient Cross-Domain Recommendations,
sections 5.1 and 5.2. Nobody has published the files, so this layout is ours, with the column names
of the authors' code: comma-separated files with a header, for each of book, movie and music

- ``<domain>/ratings.csv``: userId, itemId, rating (1 to 10) and perhaps timestamp (Unix seconds),
- ``<domain>/items.csv``: itemId, then any columns, such as Category, Title, Author, …

and for all three, whose users have the same ids,

- ``users.csv``: userId, then any columns, such as Age, Residence, …
- ``answers.csv``: userId, question, answer, a row each.

Only the ratings are needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pyarrow as pa
from pyarrow import csv

from benchmark.data.entries import Part
from benchmark.data.parsed import Parsed
from benchmark.data.text_files import UNREADABLE, lines, read_ratings
from benchmark.errors import DataError

QUESTIONS = 8
"""The most answered questions, whose answers are features of users (§5.2)."""
_RATINGS = {"userId": "user", "itemId": "item", "rating": "rating", "timestamp": "time"}


def read(files: Mapping[Part, Path], scale: tuple[float, float]) -> Parsed:
    """A domain from its ratings, and its items, users and answers if they are there.

    Raises:
        DataError: a file that is not in the layout above.
    """
    counts: dict[Part, int] = {}
    rows = _ratings(files["ratings"], scale)
    counts["ratings"] = len(rows)
    items = users = None
    if "metadata" in files:
        items = _described(files["metadata"], "itemId", rows["item"])
        counts["metadata"] = len(items)
    if "users" in files:
        users = _described(files["users"], "userId", rows["user"])
        counts["users"] = len(users)
    if "answers" in files:
        answers = _answered(files["answers"], rows["user"])
        counts["answers"] = len(answers)
        if users is not None and len(both := users.columns.intersection(answers.columns)):
            raise DataError(
                f"{files['users']}: line 1: the column {both[0]!r} has the name of an answered "
                "question; rename it"
            )
        users = answers if users is None else users.join(answers, how="outer")
    return Parsed(rows, items, None, counts, users)


def _ratings(path: Path, scale: tuple[float, float]) -> pd.DataFrame:
    header = next((line for _, line in lines(path)), "").split(",")
    required = list(_RATINGS)[:3]
    if header not in (required, list(_RATINGS)):
        raise DataError(
            f"{path}: line 1: the header is {','.join(header)!r} instead of "
            f"{','.join(required)!r}, with ',timestamp' where times are known"
        )
    columns = tuple(_RATINGS[name] for name in header)
    return read_ratings(path, columns, scale, delimiter=",", header=True)


def _described(path: Path, key: str, rated: pd.Series[str]) -> pd.DataFrame:
    """What is told of those who or which occur in the ratings, indexed by id."""
    table = _table(path, key)
    if table[key].duplicated().any():
        twice = table.loc[table[key].duplicated(), key].iloc[0]
        raise DataError(f"{path}: {key} {twice!r} is described twice; remove one of its lines")
    table = table[table[key].isin(rated)].set_index(key).sort_index()
    return table.dropna(axis="columns", how="all")


def _answered(path: Path, users: pd.Series[str]) -> pd.DataFrame:
    """The last answers of users to the questions answered most, a column a question."""
    # Answers of choices are words, whatever they look like.
    table = _table(path, "userId", "question", "answer")
    table = table[table["userId"].isin(users)].dropna()
    table = table.drop_duplicates(["userId", "question"], keep="last")
    counts = table["question"].value_counts()
    asked = sorted(counts.index, key=lambda question: (-counts[question], question))[:QUESTIONS]
    answers = table[table["question"].isin(asked)].pivot(
        index="userId", columns="question", values="answer"
    )
    return answers.add_prefix("question ").rename_axis(columns=None)


def _table(path: Path, *texts: str) -> pd.DataFrame:
    """A file as a table; ``texts`` are the columns that it must have, the first for every row."""
    try:
        found = csv.read_csv(
            path,
            parse_options=csv.ParseOptions(newlines_in_values=True),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(texts, pa.string()), strings_can_be_null=True
            ),
        )
    except UNREADABLE as error:
        raise DataError(f"{path}: cannot be read: {error}") from error
    for field in found.schema:
        if pa.types.is_binary(field.type):  # What text becomes that is not UTF-8.
            raise DataError(f"{path}: column {field.name} is not UTF-8 text; fetch the file again")
    table: pd.DataFrame = found.to_pandas()
    twice = table.columns[table.columns.duplicated()]
    if len(twice):
        raise DataError(f"{path}: line 1: two columns are named {twice[0]}; rename one")
    for name in texts:
        if name not in table.columns:
            present = ", ".join(map(str, table.columns))
            raise DataError(f"{path}: line 1: no column {name}; there are {present}")
    empty = table[texts[0]].isna()
    if empty.any():
        raise DataError(
            f"{path}: row {int(empty.argmax()) + 1} below the header: {texts[0]} is missing; "
            "correct or remove the row"
        )
    return table
