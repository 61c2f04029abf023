"""Amazon's files are read as published; whatever is wrong with one is named with its line."""

from __future__ import annotations

import gzip
import json
import re
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmark.data import amazon
from benchmark.data.amazon_items import read_image_features, read_items
from benchmark.errors import DataError

SCALE = (1.0, 5.0)


def review(**changes: Any) -> dict[str, Any]:
    """A review as published, with some fields changed; a field set to None is left out."""
    fields = {
        "reviewerID": "A1REVIEWER0000",
        "asin": "B000000001",
        "helpful": [0, 1],
        "reviewText": "Strings that last.",
        "overall": 5.0,
        "summary": "Good",
        "unixReviewTime": 1_300_000_000,
        "reviewTime": "03 13, 2011",
    }
    return {name: value for name, value in {**fields, **changes}.items() if value is not None}


def write(path: Path, *lines: str | dict[str, Any]) -> Path:
    text = "".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def read(path: Path) -> Any:
    return amazon.read_reviews(path, SCALE)


@pytest.mark.parametrize("name", ["reviews.json", "reviews.json.gz"])
def test_a_review_is_read_whether_compressed_or_not(tmp_path: Path, name: str) -> None:
    rows = read(write(tmp_path / name, review(style={"Size:": "big"}, vote="1,024")))
    assert rows.to_dict("records") == [
        {
            "user": "A1REVIEWER0000",
            "item": "B000000001",
            "rating": 5.0,
            "time": 1_300_000_000,
            "summary": "Good",
            "body": "Strings that last.",
        }
    ]


def test_duplicates_are_kept_as_published(tmp_path: Path) -> None:
    assert len(read(write(tmp_path / "r.json", review(), review()))) == 2


def test_absent_and_blank_texts_are_no_text(tmp_path: Path) -> None:
    rows = read(write(tmp_path / "r.json", review(summary=None, reviewText=" \t")))
    assert rows["summary"].tolist() == [None]
    assert rows["body"].tolist() == [None]


def test_the_order_of_lines_does_not_matter(tmp_path: Path) -> None:
    lines = [review(unixReviewTime=t, reviewText=text) for t in (3, 1, 2) for text in ("b", "a")]
    forward = read(write(tmp_path / "forward.json", *lines))
    backward = read(write(tmp_path / "backward.json", *reversed(lines)))
    assert forward.equals(backward)


def test_half_a_surrogate_pair_does_not_stop_the_reading(tmp_path: Path) -> None:
    line = json.dumps(review(reviewText="X")).replace("X", r"fine \ud83d")
    (body,) = read(write(tmp_path / "r.json", line))["body"]
    assert body.startswith("fine ")
    body.encode()


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{'single': 'quotes'}", "not JSON"),
        ('{"reviewerID": "A1', "not JSON"),
        ("[1, 2]", "not a JSON object"),
        (review(reviewerID=None), "reviewerID is missing"),
        (review(asin=""), "asin is missing"),
        (review(overall=None), "overall is missing"),
        (review(unixReviewTime=None), "unixReviewTime is missing"),
        (review(unixReviewTime="yesterday"), "unixReviewTime 'yesterday' is not in whole seconds"),
        (review(unixReviewTime=1_400_000_000_000), "time 1400000000000 is no time in seconds"),
        (review(unixReviewTime=10**20), f"time {10**20} is not in whole seconds"),
        (review(reviewerID="  "), "reviewerID is missing"),
        (review(overall="five"), "rating 'five' is not a number"),
        (review(overall=True), "rating True is not a number"),
        (review(overall=6), "rating 6 is outside the scale 1 to 5"),
        (review(overall=float("nan")), "rating nan is outside the scale 1 to 5"),
    ],
)
@pytest.mark.parametrize("name", ["r.json", "r.json.gz"])
def test_a_bad_review_is_named_with_file_and_line(
    tmp_path: Path, name: str, line: str | dict[str, Any], says: str
) -> None:
    path = write(tmp_path / name, review(), "", review(), line, review())
    with pytest.raises(DataError) as error:
        read(path)
    assert str(error.value).startswith(f"{path}: line 4: ")
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_text_that_is_not_utf_8_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    good = json.dumps(review()).encode()
    path.write_bytes(good + b"\n" + good.replace(b"Good", b"Caf\xe9") + b"\n")
    with pytest.raises(DataError, match=r"r\.json: line 2: not UTF-8"):
        read(path)


def test_a_truncated_gzip_says_where_it_ends(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    words = ["".join(map(chr, rng.integers(97, 123, 400))) for _ in range(300)]
    path = write(tmp_path / "r.json.gz", *(review(reviewText=word) for word in words))
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(DataError, match=r"end in the middle, after line 2\d\d; fetch"):
        read(path)


def test_a_damaged_gzip_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "r.json.gz", *[review()] * 50)
    raw = bytearray(path.read_bytes())
    raw[-5] ^= 0xFF
    path.write_bytes(raw)
    with pytest.raises(DataError, match="damaged after line 50"):
        read(path)


def test_plain_text_named_gz_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "r.json.gz"
    path.write_text(json.dumps(review()))
    with pytest.raises(DataError, match=r"not gzip, though the file is named \.gz"):
        read(path)


@pytest.mark.parametrize("content", [b"", b"\n\n"])
def test_an_empty_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "r.json"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"r\.json: .*(empty|no review)"):
        read(path)


def test_an_unreadable_path_is_an_error_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("release", "line"),
    [(2014, "A1REVIEWER0000,B000000001,4.0,9"), (2018, "B000000001,A1REVIEWER0000,4.0,9")],
)
def test_each_release_has_its_own_order_of_columns(
    tmp_path: Path, release: int, line: str
) -> None:
    path = write(tmp_path / "ratings.csv", line)
    rows = amazon.read_category_ratings(path, SCALE, release=release)
    (row,) = rows.to_dict("records")
    assert (row["user"], row["item"]) == ("A1REVIEWER0000", "B000000001")
    assert (row["rating"], row["time"], row["summary"]) == (4.0, 9, None)


@pytest.mark.parametrize(
    ("release", "line"),
    [(2018, "A1REVIEWER0000,B000000001,4.0,9"), (2014, "B000000001,A1REVIEWER0000,4.0,9")],
)
def test_the_other_releases_order_of_columns_is_noticed(
    tmp_path: Path, release: int, line: str
) -> None:
    path = write(tmp_path / "ratings.csv", line)
    with pytest.raises(DataError, match="the other way round"):
        amazon.read_category_ratings(path, SCALE, release=release)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("A1REVIEWER0000,B000000001,4.0", "3 fields instead of 4 (user, item, rating, time)"),
        ("A1REVIEWER0000,B000000001,4.0,9,9", "5 fields instead of 4"),
        (",B000000001,4.0,9", "the user is missing"),
        ("A1REVIEWER0000,,4.0,9", "the item is missing"),
        ("A1REVIEWER0000,B000000001,good,9", "rating 'good' is not a number"),
        ("A1REVIEWER0000,B000000001,0,9", "rating 0 is outside the scale 1 to 5"),
        ("A1REVIEWER0000,B000000001,4.0,noon", "time 'noon' is not in whole seconds"),
        ("A1REVIEWER0000,B000000001,4.0,--9", "time '--9' is not in whole seconds"),
        ("A1REVIEWER0000,B000000001,4.0,1400000000000", "1400000000000 is no time in seconds"),
        (f"A1REVIEWER0000,B000000001,4.0,{10**20}", "is not in whole seconds"),
    ],
)
@pytest.mark.parametrize("name", ["ratings.csv", "ratings.csv.gz"])
def test_a_bad_rating_is_named_with_file_and_line(
    tmp_path: Path, name: str, line: str, says: str
) -> None:
    good = "A1REVIEWER0000,B000000001,4.0,9"
    path = write(tmp_path / name, good, good, line, good)
    with pytest.raises(DataError) as error:
        amazon.read_category_ratings(path, SCALE, release=2014)
    assert str(error.value).startswith(f"{path}: line 3: ")
    assert says in str(error.value)


def test_fewer_reviews_than_ratings_lend_their_text_to_the_ratings(tmp_path: Path) -> None:
    ratings = write(
        tmp_path / "ratings.csv",
        "A1REVIEWER0000,B000000001,5.0,10",
        "A1REVIEWER0000,B000000002,1.0,20",
        "A1REVIEWER0000,B000000001,3.0,30",
    )
    # The pair was rated twice; the text belongs to the later of the two.
    reviews = write(tmp_path / "r.json", review(overall=3, unixReviewTime=30, summary="Worn"))
    parsed = amazon.read({"reviews": reviews, "ratings": ratings}, SCALE, release=2014)
    assert parsed.rows["summary"].tolist() == [None, None, "Worn"]
    assert parsed.rows["rating"].tolist() == [5.0, 1.0, 3.0]
    assert parsed.counts == {"reviews": 1, "ratings": 3}


def test_as_many_reviews_as_ratings_suffice(tmp_path: Path) -> None:
    ratings = write(tmp_path / "ratings.csv", "A1REVIEWER0000,B000000001,1.0,10")
    reviews = write(tmp_path / "r.json", review())
    parsed = amazon.read({"reviews": reviews, "ratings": ratings}, SCALE, release=2014)
    assert parsed.rows["rating"].tolist() == [5.0]


def test_reviews_without_their_rating_are_refused(tmp_path: Path) -> None:
    ratings = write(tmp_path / "ratings.csv", *["A1REVIEWER0000,B000000009,5.0,10"] * 2)
    reviews = write(tmp_path / "r.json", review())
    with pytest.raises(DataError, match="1 of 1 reviews have no rating"):
        amazon.read({"reviews": reviews, "ratings": ratings}, SCALE, release=2014)


def test_metadata_of_2014_are_python_literals_with_html_entities(tmp_path: Path) -> None:
    path = write(
        tmp_path / "meta.json.gz",
        "{'asin': 'B000000009', 'title': 'Nobody rated it'}",
        str(
            {
                "asin": "B000000001",
                "title": "1/4&quot; plug &amp; cable",
                "price": 9.5,
                "categories": [["Instruments", "Cables &amp; Plugs"], ["Audio"]],
                "related": {"also_bought": ["B000000002"]},
            }
        ),
        "{'asin': 'B000000002', 'brand': 'Fender', 'categories': [['Guitars']]}",
    )
    items = read_items(path, ["B000000001", "B000000002", "B000000003"], release=2014)
    assert items.index.tolist() == ["B000000001", "B000000002"]
    assert items["title"].tolist()[0] == '1/4" plug & cable'
    assert items["category"].tolist() == ["Instruments > Cables & Plugs", "Guitars"]
    assert items["price"].tolist()[0] == 9.5
    assert np.isnan(items["price"].tolist()[1])
    assert "description" not in items.columns


def test_metadata_of_2018_are_json_with_prices_as_text(tmp_path: Path) -> None:
    def item(asin: str, price: str) -> dict[str, Any]:
        return {
            "asin": asin,
            "category": ["Beauty", "Soap"],
            "description": ["One.", "Two."],
            "price": price,
        }

    path = write(
        tmp_path / "meta.json",
        item("B000000001", "$1,234.50"),
        item("B000000002", "$5.00 - $9.00"),
        item("B000000001", "$7.00"),
    )
    items = read_items(path, ["B000000001", "B000000002"], release=2018)
    assert items.loc["B000000001", "price"] == 1234.5
    assert np.isnan(items["price"].tolist()[1])
    assert items.loc["B000000001", "category"] == "Beauty > Soap"
    assert items.loc["B000000001", "description"] == "One. Two."


@pytest.mark.parametrize(
    ("release", "line", "says"),
    [
        (
            2014,
            "{'asin': 'B000000001', 'title': __import__('os').getcwd()}",
            "not a Python literal",
        ),
        (2014, "{'asin': 'B000000001', 'title':", "not a Python literal"),
        (2014, "{'title': 'no id'}", "asin is missing"),
        (2018, '{"asin": "B000000001", "title": }', "not JSON"),
    ],
)
def test_bad_metadata_are_named_with_file_and_line(
    tmp_path: Path, release: int, line: str, says: str
) -> None:
    path = write(tmp_path / "meta.json.gz", "{'asin': 'B000000009'}", line)
    with pytest.raises(DataError, match=rf"meta\.json\.gz: line 2: {says}"):
        read_items(path, ["B000000001"], release=release)


def test_metadata_of_another_category_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "meta.json", "{'asin': 'B000000009', 'title': 'Elsewhere'}")
    with pytest.raises(DataError, match="describes no item of this category"):
        read_items(path, ["B000000001"], release=2014)


def write_features(path: Path, ids: list[str]) -> Path:
    """Records as published, the values of record k all k; gzipped where the name says so."""
    with gzip.open(path, "wb") if path.suffix == ".gz" else path.open("wb") as file:
        for number, asin in enumerate(ids):
            file.write(asin.encode() + np.full(4096, number, dtype="<f4").tobytes())
    return path


@pytest.mark.parametrize("name", ["f.b", "f.b.gz"])
def test_image_features_of_wanted_items_alone_are_kept(tmp_path: Path, name: str) -> None:
    path = write_features(tmp_path / name, ["B000000003", "B000000001", "B000000002"])
    images = read_image_features(path, ["B000000002", "B000000003", "B000000007"])
    assert images.ids.tolist() == ["B000000002", "B000000003"]
    assert images.values.shape == (2, 4096)
    assert images.values.dtype == np.float32
    assert images.values[:, 0].tolist() == [2.0, 0.0]


def test_image_features_are_read_as_little_endian_whatever_the_machine(tmp_path: Path) -> None:
    path = tmp_path / "f.b"
    path.write_bytes(b"B000000001" + b"\x00\x00\x80\x3f" + b"\x00\x00\x20\xc0" * 4095)
    (values,) = read_image_features(path, ["B000000001"]).values
    assert values[:2].tolist() == [1.0, -2.5]


def test_of_an_item_twice_in_the_image_features_the_first_counts(tmp_path: Path) -> None:
    path = write_features(tmp_path / "f.b", ["B000000001", "B000000002", "B000000001"])
    assert read_image_features(path, ["B000000001"]).values[0, 0] == 0


def test_an_id_of_another_form_has_no_image_features(tmp_path: Path) -> None:
    path = write_features(tmp_path / "f.b", ["B000000001"])
    images = read_image_features(path, ["B000000001", "B000000001-used", "Bücher"])
    assert images.ids.tolist() == ["B000000001"]


def test_image_features_are_not_held_in_memory_as_a_whole(tmp_path: Path) -> None:
    path = write_features(tmp_path / "f.b", [f"B{number:09d}" for number in range(3000)])
    tracemalloc.start()
    images = read_image_features(path, ["B000000002"])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(images.ids) == 1
    assert peak < path.stat().st_size / 100


@pytest.mark.parametrize("name", ["f.b", "f.b.gz"])
def test_image_features_cut_short_are_named_with_file_and_record(
    tmp_path: Path, name: str
) -> None:
    path = write_features(tmp_path / name, ["B000000001", "B000000002"])
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DataError) as error:
        read_image_features(path, ["B000000001"])
    # Of gzip data a part of the end may be a checksum, and the last record whole.
    assert re.match(
        rf"{re.escape(str(path))}: record [23]: the file ends before", str(error.value)
    )


def test_features_of_image_features_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "f.b"
    path.write_bytes(b"B000000001" + np.full(4096, np.nan, dtype="<f4").tobytes())
    with pytest.raises(DataError, match="record 1: a feature of B000000001 is not a finite"):
        read_image_features(path, ["B000000001"])


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("f.b", b"", "the file is empty"),
        ("f.b.gz", gzip.compress(b"", mtime=0), "the file is empty"),
        ("f.b.gz", b"B000000001" + bytes(4 * 4096), "record 1: not gzip data"),
    ],
)
def test_files_without_image_features_are_refused(
    tmp_path: Path, name: str, content: bytes, says: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DataError, match=says):
        read_image_features(path, ["B000000001"])


def test_image_features_of_another_category_are_refused(tmp_path: Path) -> None:
    path = write_features(tmp_path / "f.b", ["B000000001"])
    with pytest.raises(DataError, match="holds no item of this category"):
        read_image_features(path, ["B000000002"])


def test_a_category_has_the_image_features_of_its_items(tmp_path: Path) -> None:
    reviews = write(tmp_path / "r.json", review(), review(asin="B000000002"))
    features = write_features(tmp_path / "f.b", ["B000000009", "B000000002"])
    parsed = amazon.read({"reviews": reviews, "images": features}, SCALE, release=2014)
    assert parsed.images is not None
    assert parsed.images.ids.tolist() == ["B000000002"]
    assert parsed.counts == {"reviews": 2, "images": 1}


def test_ten_thousand_reviews_take_well_under_a_second(tmp_path: Path) -> None:
    import time

    lines = (review(asin=f"B{n % 900:09d}", reviewText="word " * 90) for n in range(10_000))
    path = write(tmp_path / "r.json.gz", *lines)
    start = time.process_time()
    assert len(read(path)) == 10_000
    assert time.process_time() - start < 1


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (json.dumps(review(overall=10**400)), "line 2: rating 1.* is not a number"),
        ('{"reviewerID": ' + "[" * 100_000, "line 2: not JSON"),
    ],
)
def test_a_line_that_overflows_the_reader_is_named(
    line: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=message):
        amazon.read_reviews(write(tmp_path / "r.json", review(), line), SCALE)


@pytest.mark.parametrize(
    ("release", "line"),
    [
        (2014, "{'asin': 'B1', 'categories': 5}"),
        (2014, f"{{'asin': 'B1', 'price': {10**400}}}"),
        (2018, '{"asin": "B1", "category": {"a": 1}}'),
        (2018, '{"asin": "B1", "category": ' + "[" * 100_000),
    ],
)
def test_metadata_of_another_form_are_named_by_line(
    release: int, line: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=r"line 1: (the categories or the price of B1|not JSON)"):
        read_items(write(tmp_path / "m.json", line), ["B1"], release=release)
