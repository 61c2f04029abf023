"""The catalog finds, downloads, reads and checks the data it lists."""

from __future__ import annotations

import gzip
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import pytest

from benchmark.data import catalog, parsed
from benchmark.data.catalog import (
    READERS,
    Places,
    at_hand,
    describe,
    entries,
    fetch,
    load,
    verify,
)
from benchmark.data.domain import Domain, duplicates
from benchmark.data.entries import GENERATED
from benchmark.data.task import make_task
from benchmark.errors import BenchError, DataError, UnavailableError
from benchmark.recommender import Signal

MUSIC = "amazon2014-5core/digital-music"
INSTRUMENTS = "amazon2014-5core/musical-instruments"
REVIEWS = "amazon2014/reviews_Digital_Music_5.json.gz"
RATINGS = "amazon2014/ratings_Digital_Music_5.csv"
METADATA = "amazon2014/meta_Digital_Music.json.gz"


def put(folder: Path, name: str, *lines: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(f"{line}\n" for line in lines).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path


def review(user: int = 1, item: int = 1, rating: float = 4, time: int = 10) -> str:
    return json.dumps(
        {
            "reviewerID": f"A{user:013d}",
            "asin": f"B{item:09d}",
            "overall": rating,
            "unixReviewTime": time,
            "summary": "Fine",
            "reviewText": "Fine indeed",
        }
    )


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """Two empty places, and no download."""
    (tmp_path / "data").mkdir()
    return Places(tmp_path / "data", tmp_path / "cache")


@pytest.fixture
def offers(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What the net has, by the end of its address; all else is unavailable."""
    offered: dict[str, str] = {}

    def pretend(address: str, path: Path, *, sha256: str | None, progress: Any) -> None:
        name = address.rpartition("/")[2]
        if name not in offered:
            raise UnavailableError(f"{address} answers 404")
        put(path.parent, path.name, offered[name])
        if progress:
            progress(path.stat().st_size, path.stat().st_size)

    monkeypatch.setattr(catalog, "download", pretend)
    return offered


def data_dir(places: Places) -> Path:
    assert places.data_dir is not None
    return places.data_dir


def test_what_is_at_hand_is_told_without_opening_it(places: Places) -> None:
    assert not at_hand(describe(MUSIC), places)
    file = data_dir(places) / describe(MUSIC).files[0].name
    file.parent.mkdir()
    file.mkdir()
    assert not at_hand(describe(MUSIC), places)
    file.rmdir()
    file.write_bytes(b"neither gzip nor JSON")
    assert at_hand(describe(MUSIC), places)
    assert not places.cache_dir.exists()


def test_every_entry_can_be_read_generated_or_is_held() -> None:
    names = [entry.name for entry in entries()]
    assert len(set(names)) == len(names)
    for entry in entries():
        assert entry.held or entry.reader == GENERATED or entry.reader in READERS, entry.name
        assert entry.terms, entry.name
        assert entry.citation, entry.name
        if entry.reader in READERS:
            assert entry.file("reviews") or entry.file("ratings"), entry.name


def test_every_file_has_its_own_part_and_a_sound_address() -> None:
    for entry in entries():
        assert max(Counter(file.part for file in entry.files).values(), default=1) == 1
        for file in entry.files:
            assert file.address is None or urlparse(file.address).scheme == "https"
            assert file.address is None or file.address.endswith(Path(file.name).name)
            assert file.part == "ratings" or file.address or entry.held
            for digest in (*file.copies, *([file.sha256] if file.sha256 else [])):
                assert len(bytes.fromhex(digest)) == 32


def test_the_domains_of_both_papers_are_listed() -> None:
    for edition in ("amazon2014-5core", "amazon2014-full"):
        for domain in (
            "digital-music",
            "musical-instruments",
            "home-and-kitchen",
            "office-products",
            "cds-and-vinyl",
        ):
            assert describe(f"{edition}/{domain}").status == "public"
    for edition in ("amazon2018-5core", "amazon2018-full"):
        for domain in ("all-beauty", "amazon-fashion", "arts-crafts-and-sewing"):
            assert describe(f"{edition}/{domain}").status == "public"
    assert describe("imhonet/movie").status == "held by its owner; no public address"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("amazon2014-5core/digital-musik", "did you mean 'amazon2014-5core/digital-music'?"),
        ("amazon2014-5kore/digital-music", "did you mean 'amazon2014-5core/digital-music'?"),
        ("douban/movie", "did you mean 'douban/music'?"),
        ("nothing-like-it", "there are: amazon2014-5core/cds-and-vinyl, "),
        (f"{MUSIC}@earl", "unknown period 'earl'"),
        (f"{MUSIC}@", "unknown period ''"),
    ],
)
def test_an_unknown_name_gets_a_suggestion(places: Places, name: str, says: str) -> None:
    with pytest.raises(BenchError) as error:
        load(name, places)
    assert says in str(error.value)


def test_a_domain_says_what_it_was_read_from(places: Places) -> None:
    put(data_dir(places), REVIEWS, review(1), review(2))
    put(
        data_dir(places),
        METADATA,
        "{'asin': 'B000000001', 'title': 'Record'}",
        "{'asin': 'B000000002', 'title': 'Other'}",
    )
    domain = load(MUSIC, places)
    assert domain.name == MUSIC
    assert domain.scale == (1.0, 5.0)
    assert domain.signals == Signal.RATINGS | Signal.REVIEWS | Signal.FEATURES
    assert domain.items is not None
    assert domain.items["title"].to_dict() == {"B000000001": "Record"}
    reviews, metadata = domain.files
    assert (reviews.name, reviews.rows, reviews.official_rows) == (REVIEWS, 2, 64_706)
    assert reviews.incomplete
    assert (metadata.name, metadata.rows, metadata.incomplete) == (METADATA, 1, False)


def test_ratings_alone_make_a_domain_without_text(places: Places) -> None:
    put(data_dir(places), RATINGS, "A0000000000001,B000000001,5.0,10")
    assert load(MUSIC, places).signals == Signal.RATINGS


def test_a_file_may_lie_there_uncompressed(places: Places) -> None:
    put(data_dir(places), REVIEWS.removesuffix(".gz"), review())
    assert len(load(MUSIC, places).rows) == 1


def test_a_file_published_plain_may_lie_there_compressed(places: Places) -> None:
    put(data_dir(places), REVIEWS, review())
    features = data_dir(places) / "amazon2014" / "image_features_Digital_Music.b.gz"
    features.write_bytes(gzip.compress(b"B000000001" + bytes(4 * 4096)))
    assert Signal.IMAGES in load(MUSIC, places).signals


def test_the_data_folder_comes_before_the_cache(places: Places) -> None:
    put(places.cache_dir, REVIEWS, review(rating=1))
    assert load(MUSIC, places).rows["rating"].tolist() == [1.0]
    put(data_dir(places), REVIEWS, review(rating=5))
    assert load(MUSIC, places).rows["rating"].tolist() == [5.0]


def test_a_missing_file_says_what_to_put_where(places: Places) -> None:
    with pytest.raises(UnavailableError) as error:
        load(INSTRUMENTS, places)
    for part in (
        "amazon2014/reviews_Musical_Instruments_5.json.gz",
        "https://snap.stanford.edu/data/amazon/productGraph/categoryFiles/",
        "(2.5 MB)",
        str(data_dir(places) / "amazon2014" / "reviews_Musical_Instruments_5.json.gz"),
        f"bench data fetch {INSTRUMENTS}",
    ):
        assert part in str(error.value)
    assert "\n" not in str(error.value)


def test_without_a_data_folder_the_message_says_how_to_name_one(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="--data-dir or BENCH_DATA"):
        load(MUSIC, Places(None, tmp_path))


def test_data_held_by_their_owner_are_unavailable(places: Places, offers: dict[str, str]) -> None:
    downloading = Places(places.data_dir, places.cache_dir, download=True)
    for attempt in (load, fetch):
        with pytest.raises(UnavailableError, match="held by its owner; no public address"):
            attempt("imhonet/book", downloading)


@pytest.mark.parametrize("kind", ["absent", "file"])
def test_a_data_folder_that_is_none_is_a_mistake(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "data"
    if kind == "file":
        path.write_text("")
    says = "does not exist" if kind == "absent" else "is not a folder"
    with pytest.raises(BenchError, match=f"data {says}; name") as error:
        load(MUSIC, Places(path, tmp_path / "cache"))
    assert not isinstance(error.value, UnavailableError)


def test_nothing_is_downloaded_unless_allowed(places: Places, offers: dict[str, str]) -> None:
    offers["reviews_Digital_Music_5.json.gz"] = review()
    with pytest.raises(UnavailableError):
        load(MUSIC, places)
    allowed = Places(places.data_dir, places.cache_dir, download=True)
    assert len(load(MUSIC, allowed).rows) == 1
    assert (places.cache_dir / REVIEWS).is_file()
    assert not (data_dir(places) / REVIEWS).exists()


def test_a_failed_download_also_says_what_to_put_where(
    places: Places, offers: dict[str, str]
) -> None:
    allowed = Places(places.data_dir, places.cache_dir, download=True)
    with pytest.raises(UnavailableError, match=r"answers 404; .* put it at"):
        load(MUSIC, allowed)


def test_fetching_brings_what_no_place_has_yet(places: Places, offers: dict[str, str]) -> None:
    offers["meta_Digital_Music.json.gz"] = "{'asin': 'B000000001', 'title': 'Record'}"
    mine = put(data_dir(places), REVIEWS, review())
    seen: list[tuple[str, int, int | None]] = []
    telling = Places(places.data_dir, places.cache_dir, progress=lambda *step: seen.append(step))
    fetched = fetch(MUSIC, telling)
    assert fetched == {REVIEWS: mine, METADATA: places.cache_dir / METADATA}
    assert [name for name, *_ in seen] == [METADATA]
    assert load(MUSIC, places).items is not None


def test_fetching_a_domain_of_ratings_brings_the_ratings(
    places: Places, offers: dict[str, str]
) -> None:
    offers["ratings.dat"] = "1\t2\t3"
    assert fetch("douban/book", places) == {
        "douban/book/ratings.dat": places.cache_dir / "douban/book/ratings.dat"
    }


def test_items_numbered_within_a_domain_are_not_shared(places: Places) -> None:
    for domain in ("book", "music"):
        put(data_dir(places), f"douban/{domain}/ratings.dat", "1\t1\t3", "2\t2\t4")
    task = make_task("books", load("douban/book", places), load("douban/music", places))
    assert len(task.shared_users) == 2
    assert len(task.shared_items) == 0


def test_the_halves_of_a_domain_are_the_whole(places: Places) -> None:
    put(data_dir(places), REVIEWS, *(review(user=n, time=n) for n in range(1, 6)))
    early, late = load(f"{MUSIC}@early", places), load(f"{MUSIC}@late", places)
    assert early.name == f"{MUSIC}@early"
    assert early.rows["time"].tolist() == [1, 2]
    assert late.rows["time"].tolist() == [3, 4, 5]


def test_a_second_load_does_not_read_the_file_again(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(data_dir(places), REVIEWS, review(1), review(2))
    put(data_dir(places), METADATA, "{'asin': 'B000000001', 'title': 'Record', 'price': 1.5}")
    first = load(MUSIC, places)
    monkeypatch.setattr(catalog, "READERS", {})
    assert_same(load(MUSIC, places), first)


def assert_same(one: Domain, other: Domain) -> None:
    assert one.rows.equals(other.rows)
    assert one.rows.dtypes.equals(other.rows.dtypes)
    assert [type(text) for text in one.rows["body"]] == [type(text) for text in other.rows["body"]]
    assert one.items is not None
    assert other.items is not None
    assert one.items.equals(other.items)
    assert one.files == other.files


def test_a_changed_file_is_read_again(places: Places) -> None:
    path = put(data_dir(places), REVIEWS, review(rating=1))
    assert load(MUSIC, places).rows["rating"].tolist() == [1.0]
    times = path.stat()
    put(data_dir(places), REVIEWS, review(rating=2))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns + 1))
    assert load(MUSIC, places).rows["rating"].tolist() == [2.0]


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "gone"])
@pytest.mark.parametrize("member", ["rows", "items", "images.npz", "counts.json"])
def test_a_damaged_cache_is_rebuilt(places: Places, member: str, damage: str) -> None:
    put(data_dir(places), REVIEWS, review(1), review(2))
    put(data_dir(places), METADATA, "{'asin': 'B000000001', 'title': 'Record', 'price': 1.5}")
    features = data_dir(places) / "amazon2014" / "image_features_Digital_Music.b"
    features.write_bytes(b"B000000001" + b"\0" * 4 * 4096)
    first = load(MUSIC, places)
    (cached,) = (places.cache_dir / "parsed").iterdir()
    raw = (cached / member).read_bytes()
    middle = len(raw) // 2
    if damage == "gone":
        (cached / member).unlink()
    else:
        flipped = raw[:middle] + bytes([raw[middle] ^ 0xFF]) + raw[middle + 1 :]
        (cached / member).write_bytes({"cut": raw[:-8], "flip": flipped, "empty": b""}[damage])
    again = load(MUSIC, places)
    assert_same(again, first)
    assert again.images is not None
    assert again.images.values.shape == (1, 4096)
    assert parsed.load(cached) is not None


def test_a_cache_that_cannot_be_written_costs_no_result(places: Places) -> None:
    put(data_dir(places), REVIEWS, review())
    places.cache_dir.write_text("a file where a folder should be")
    assert len(load(MUSIC, places).rows) == 1


def test_a_damaged_file_is_not_mistaken_for_an_absent_one(places: Places) -> None:
    put(data_dir(places), REVIEWS, review(), "{")
    with pytest.raises(DataError, match="line 2: not JSON"):
        load(MUSIC, places)


def test_verifying_compares_rows_with_the_publishers(places: Places) -> None:
    path = put(data_dir(places), REVIEWS, review(1), review(2))
    checked = verify(MUSIC, places)
    assert not checked.ok
    by_name = {file.name: file for file in checked.files}
    assert by_name[REVIEWS].problem == "INCOMPLETE: 2 of 64,706 rows"
    assert by_name[REVIEWS].path == path
    assert by_name[REVIEWS].size == path.stat().st_size
    assert by_name[METADATA].note == "not here"
    assert checked.counts["users"] == (2, 5541)
    assert "2 rows, published 64,706" in checked.problem


def test_verifying_reports_other_bytes_than_the_published(places: Places) -> None:
    put(data_dir(places), "douban/book/ratings.dat", "1\t2\t3")
    published = describe("douban/book").files[0].model_copy(update={"rows": None})
    path = data_dir(places) / published.name
    check = catalog.check_file(published, path, None, places.cache_dir)
    assert check.problem == f"sha256 is not the published {published.sha256}"


def test_verifying_says_why_a_file_cannot_be_read(places: Places) -> None:
    put(data_dir(places), REVIEWS, "{")
    checked = verify(MUSIC, places)
    assert not checked.ok
    assert "line 1: not JSON" in checked.problem


def test_the_planted_pair_is_in_the_catalog(places: Places) -> None:
    source, target = load("synthetic/source", places), load("synthetic/target", places)
    assert source.name == "synthetic/source"
    assert len(make_task("planted", source, target).shared_users) > 0
    assert verify("synthetic/source", places).ok


@pytest.fixture(scope="module")
def real(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Places:
    return Places(real_data, tmp_path_factory.mktemp("cache"))


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("name", "counts", "texts", "repeated"),
    [
        (INSTRUMENTS, (10_261, 1_429, 900), 10_261, 0),
        (MUSIC, (64_706, 5_541, 3_568), 6_908, 0),
        ("amazon2018-5core/all-beauty", (5_269, 991, 85), 5_269, 1_177),
        ("amazon2018-5core/amazon-fashion", (3_176, 406, 31), 3_176, 134),
        ("douban/book", (96_041, 2_110, 6_777), 0, 0),
        ("douban/music", (69_709, 1_672, 5_567), 0, 0),
    ],
)
def test_real_files_hold_what_their_publishers_count(
    real: Places, name: str, counts: tuple[int, int, int], texts: int, repeated: int
) -> None:
    domain = load(name, real)
    rows, entry = domain.rows, describe(name)
    assert (len(rows), rows["user"].nunique(), rows["item"].nunique()) == counts
    assert (entry.rows, entry.users, entry.items) == counts
    assert int(domain.has_text().sum()) == texts
    assert duplicates(domain) == repeated
    assert [file.name for file in domain.files if file.incomplete] == (
        [REVIEWS] if name == MUSIC else []
    )
    assert verify(name, real).ok == (name != MUSIC)


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("source", "target", "users", "items"),
    [
        (MUSIC, INSTRUMENTS, 23, 0),
        ("douban/book", "douban/music", 1_566, 0),
        ("amazon2018-5core/all-beauty", "amazon2018-5core/amazon-fashion", 0, 0),
    ],
)
def test_real_pairs_share_the_users_they_should(
    real: Places, source: str, target: str, users: int, items: int
) -> None:
    task = make_task("pair", load(source, real), load(target, real))
    assert (len(task.shared_users), len(task.shared_items)) == (users, items)


@pytest.mark.realdata
def test_the_halves_of_a_real_domain_share_users_and_items(real: Places) -> None:
    task = make_task("halves", load(f"{MUSIC}@early", real), load(f"{MUSIC}@late", real))
    assert len(task.shared_users) > 100
    assert len(task.shared_items) > 1_000


@pytest.mark.parametrize(
    ("data", "cache"), [("/data", "/cache"), ("/data", "/data/cache"), ("/a.b", "/a.b2")]
)
def test_a_message_for_records_names_folders_by_what_they_are_and_changes_nothing_else(
    data: str, cache: str
) -> None:
    said = (
        f"no data.json in {data} or {cache}; download https://host/data/cache/a.b/data.json and "
        f"put it at {data}/data.json, or let `bench data fetch a/data` do so"
    )
    assert Places(Path(data), Path(cache)).unnamed(said) == (
        "no data.json in the data folder or the cache; download https://host/data/cache/a.b/"
        "data.json and put it at the data folder/data.json, or let `bench data fetch a/data` do so"
    )


def test_a_data_file_that_may_not_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> bool:
        raise PermissionError(13, "Permission denied")

    with pytest.raises(DataError, match=f"{tmp_path}: cannot be read: Is a directory"):
        parsed.file_digest(tmp_path, tmp_path / "cache")
    monkeypatch.setattr(Path, "is_file", refuse)
    with pytest.raises(DataError, match=r"ratings.dat: cannot be read: Permission denied"):
        load("douban/book", Places(tmp_path, tmp_path / "cache"))
