"""A card says what a task's data measure, and says in red what is missing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from benchmark.data.card import (
    Card,
    about_tested_text,
    about_text,
    card,
    render_markdown,
    vocabulary_size,
)
from benchmark.data.catalog import Places, load
from benchmark.data.domain import Domain, ItemImages, SourceFile, rows_from
from benchmark.data.published_statistics import published_statistics
from benchmark.data.splits import DomainSplit, Split, split_task
from benchmark.data.task import make_task
from benchmark.data.views import TextField
from benchmark.recommender import Side

DAY = 86_400


@pytest.fixture
def source() -> Domain:
    """Four ratings by a, b and c of x and y; c's text is missing; a rated x twice."""
    rows = rows_from(
        {
            "user": ["a", "a", "b", "c"],
            "item": ["x", "x", "x", "y"],
            "rating": [5, 4, 4, 1],
            "time": [0, 2 * DAY, 3 * DAY, 9 * DAY],
            "summary": ["rock rock", "rock", "rock rock", None],
        }
    )
    images = ItemImages(np.array(["x", "z"]), np.zeros((2, 3), dtype=np.float32))
    return Domain("pop", rows, (1, 5), images=images)


@pytest.fixture
def target() -> Domain:
    """Two ratings without time or text; user a and item y are the source's as well."""
    return Domain(
        "folk", rows_from({"user": ["a", "d"], "item": ["y", "w"], "rating": [3, 3]}), (1, 5)
    )


def incomplete(name: str, rows: int = 10) -> SourceFile:
    return SourceFile(name, "0" * 64, rows, 100)


def test_a_card_counts_what_there_is(source: Domain, target: Domain) -> None:
    measured = card(make_task("pop+folk", source, target))
    assert (measured.shared_users, measured.shared_items) == (1, 1)
    facts = measured.source
    assert (facts.users, facts.items, facts.ratings) == (3, 2, 4)
    assert facts.density == pytest.approx(4 / 6)
    assert (facts.ratings_per_user, facts.ratings_per_item) == (1, 2)
    assert facts.mean == 3.5
    assert facts.histogram == {"1": 1, "4": 2, "5": 1}
    assert facts.with_text == 3
    assert facts.items_with_image == 1
    assert facts.items_with_features == 0
    assert facts.duplicates == 1
    assert facts.span == ("1970-01-01", "1970-01-10")
    assert measured.target.span is None
    # "rock" occurs five times.
    assert measured.vocabulary == 1


def test_duplicates_already_removed_are_still_told(source: Domain, target: Domain) -> None:
    task = make_task("pop+folk", source, target)
    assert card(task, repeated={Side.SOURCE: 7, Side.TARGET: 0}).source.duplicates == 7


def test_words_are_counted_from_five_occurrences_on() -> None:
    assert vocabulary_size(["Rock, rock", None, "ROCK rock", "rock pop", "pop pop pop"]) == 1


def test_words_are_counted_in_training_rows_alone(source: Domain, target: Domain) -> None:
    task = make_task("pop+folk", source, target)
    for parts, words in (([0, 0, 0, 2], 1), ([0, 0, 2, 0], 0), ([0, 1, 0, 0], 0)):
        split = Split(
            DomainSplit(np.array(parts, dtype=np.int8), ""),
            DomainSplit(np.zeros(2, dtype=np.int8), ""),
        )
        assert card(task, split=split).vocabulary == words


def test_the_texts_counted_are_those_that_stand_for_reviews(source: Domain) -> None:
    rows = source.rows.assign(body=["jazz " * 9, None, None, "soul " * 9])
    task = make_task("pop+pop", replace(source, rows=rows), replace(source, rows=rows))
    counted = {field: card(task, text=field) for field in get_args(TextField)}
    assert {field: found.source.with_text for field, found in counted.items()} == {
        "summary": 3,
        "reviewText": 2,
        "both": 4,
    }
    assert {field: found.vocabulary for field, found in counted.items()} == {
        "summary": 1,
        "reviewText": 2,
        "both": 3,
    }
    assert "Words of the review texts that occur at least 5 times in training: 2." in (
        render_markdown(counted["reviewText"])
    )


def test_training_rows_without_text_are_told_beside_the_others(
    source: Domain, target: Domain
) -> None:
    task = make_task("pop+folk", source, target)
    split = Split(
        DomainSplit(np.array([0, 0, 2, 0], dtype=np.int8), ""),
        DomainSplit(np.array([0, 2], dtype=np.int8), ""),
    )
    measured = card(task, split=split)
    assert (measured.source.training, measured.source.training_with_text) == (3, 2)
    assert about_text(measured) == (
        "Methods that read summaries learn from the training rows that have one: 2 of 3 of pop, "
        "0 of 1 of folk."
    )
    whole = card(
        make_task("pop+pop", source.keep(np.arange(4) < 3), source.keep(np.arange(4) < 3))
    )
    assert about_text(whole) == ""


@pytest.mark.parametrize(
    ("parts", "texts", "known", "told"),
    [
        # c has no text.
        ([0, 2, 0, 2], ["rock", "rock", "rock", None], 1, "Of 2 test rows 1 are of a user"),
        # b is not in training.
        ([0, 2, 2, 0], ["rock", "rock", "rock", None], 1, "Of 2 test rows 1 are of a user"),
        # a's training row has no text, and b's of the same item has.
        ([0, 2, 0, 0], [None, "rock", "rock", None], 0, "Of 1 test rows 0 are of a user"),
        ([0, 2, 0, 0], ["rock", None, "rock", None], 1, ""),
    ],
)
def test_test_rows_are_counted_whose_user_and_item_texts_tell_of(
    parts: list[int],
    texts: list[str | None],
    known: int,
    told: str,
    source: Domain,
    target: Domain,
) -> None:
    task = make_task("pop+folk", replace(source, rows=source.rows.assign(summary=texts)), target)
    split = Split(
        DomainSplit(np.array(parts, dtype=np.int8), ""),
        DomainSplit(np.array([0, 2], dtype=np.int8), ""),
    )
    measured = card(task, split=split)
    assert measured.source.tested_with_text == known
    sentence = about_tested_text(measured, "pop")
    assert bool(sentence) == bool(told)
    assert sentence.startswith(told)
    assert about_tested_text(measured, "folk") == ""  # Where nobody has a text, that is said.


def test_data_without_texts_are_said_to_have_none(source: Domain) -> None:
    silent = replace(source, rows=source.rows.assign(summary=None))
    measured = card(make_task("pop+pop", silent, silent))
    assert about_text(measured) == (
        "These data have no summaries: methods that read them do without."
    )
    assert "Words of" not in render_markdown(measured)


def test_a_file_with_rows_missing_is_flagged_once(source: Domain, target: Domain) -> None:
    file = incomplete("reviews.json.gz")
    halves = replace(source, files=(file,)), replace(target, files=(file,))
    measured = card(make_task("halves", *halves))
    assert measured.flags == ("INCOMPLETE: 10 of 100 rows in reviews.json.gz",)
    assert "**INCOMPLETE: 10 of 100 rows** in reviews.json.gz" in render_markdown(measured)


def marked_rows(text: str) -> list[str]:
    table = [line for line in text.splitlines() if line.startswith("| ")]
    return [line.split(" | ")[0].strip("| ") for line in table if "INCOMPLETE" in line]


def test_numbers_that_an_incomplete_file_gave_are_marked(source: Domain, target: Domain) -> None:
    alone = replace(source, files=(incomplete("reviews.json"),))
    text = render_markdown(card(make_task("pop+folk", alone, target)))
    assert marked_rows(text) == ["ratings", "ratings with text"]
    whole = SourceFile("ratings.csv", "0" * 64, 100, 100)
    both = replace(source, files=(incomplete("reviews.json"), whole))
    text = render_markdown(card(make_task("pop+folk", both, target)))
    assert marked_rows(text) == ["ratings with text"]


def test_complete_data_raise_no_flag(source: Domain, target: Domain) -> None:
    measured = card(make_task("pop+folk", source, target))
    assert measured.flags == ()
    assert "INCOMPLETE" not in render_markdown(measured)


def test_figures_stand_beside_recsysdans_own(source: Domain, target: Domain) -> None:
    places = [("recsysdan_table2", "DM->MI")]
    measured = card(make_task("pop+folk", source, target), published=places)
    beside = {(row.of, row.statistic): (row.ours, row.theirs) for row in measured.comparisons}
    assert beside == {
        ("source", "users"): (3, 5540),
        ("source", "items"): (2, 3558),
        ("source", "ratings"): (4, 64544),
        ("target", "users"): (2, 1429),
        ("target", "items"): (2, 891),
        ("target", "ratings"): (2, 10156),
        ("task", "shared users"): (1, 23),
        ("task", "shared items"): (1, 0),
        ("task", "vocabulary"): (1, 4696),
    }
    text = render_markdown(measured)
    assert "| users | 3 (paper 5,540, ×0.00) | 2 (paper 1,429, ×0.00) |" in text
    assert "1 shared items (paper 0)" in text


def test_figures_stand_beside_dmls_own() -> None:
    printed = {
        (of, statistic): value
        for of, statistic, value in published_statistics("dml_table7", "Amazon:Beauty-Art Crafts")
    }
    assert printed["source", "users"] == 324_038
    assert printed["target", "ratings"] == 2_875_917
    assert printed["target", "density"] == pytest.approx(0.000006)
    assert (
        dict(
            ((of, what), value)
            for of, what, value in published_statistics("dml_table3", "Imhonet:Book-Movie")
        )["source", "items"]
        == 182_653
    )


def test_one_table_named_for_both_domains_is_compared_once(source: Domain, target: Domain) -> None:
    task = make_task("pop+folk", source, target)
    place = ("dml_table6", "Amazon:Beauty-Fashion")
    assert card(task, published=[place, place]) == card(task, published=[place])


def test_a_card_survives_json(source: Domain, target: Domain) -> None:
    files = (incomplete("reviews.json"),)
    task = make_task("pop+folk", replace(source, files=files), target)
    measured = card(task, published=[("recsysdan_table2", "DM->MI")])
    assert Card.from_dict(json.loads(json.dumps(measured.to_dict(), allow_nan=False))) == measured


@pytest.mark.realdata
def test_the_real_card_of_recsysdans_first_pair(real_data: Path, tmp_path: Path) -> None:
    places = Places(real_data, tmp_path)
    source = load("amazon2014-5core/digital-music", places)
    target = load("amazon2014-5core/musical-instruments", places)
    measured = card(
        make_task("DM->MI", source, target),
        split=split_task(source, target, "80/10/10", seed=1),
        published=[("recsysdan_table2", "DM->MI")],
    )
    assert measured.flags == (
        "INCOMPLETE: 6,908 of 64,706 rows in amazon2014/reviews_Digital_Music_5.json.gz",
    )
    assert measured.shared_users == 23
    assert measured.source.with_text == 6_908
    assert measured.source.items_with_features == 2_699
    ratios = {(row.of, row.statistic): row.ratio for row in measured.comparisons}
    assert ratios["target", "ratings"] == pytest.approx(10_261 / 10_156)
    assert ratios["task", "shared users"] == 1
    text = render_markdown(measured)
    assert "**INCOMPLETE: 6,908 of 64,706 rows**" in text
    assert "1,429 (paper 1,429, ×1.00)" in text


@pytest.mark.realdata
def test_the_papers_vocabulary_lies_between_those_of_the_two_texts(
    real_data: Path, tmp_path: Path
) -> None:
    """With a tenth of the source's texts at hand, the review texts already have too many words."""
    places = Places(real_data, tmp_path)
    source = load("amazon2014-5core/digital-music", places)
    target = load("amazon2014-5core/musical-instruments", places)
    task = make_task("DM->MI", source, target)
    split = split_task(source, target, "80/10/10", seed=2019)
    words = {
        field: card(task, split=split, text=field).vocabulary for field in get_args(TextField)
    }
    assert words == {"summary": 1_557, "reviewText": 12_918, "both": 13_098}
    assert words["summary"] < 4_696 < words["reviewText"]
