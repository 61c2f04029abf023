"""Words and documents, against a plain reading of what a document is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from benchmark.data import text
from benchmark.data.text import PAD, UNK, Documents, Histories, Texts, Vocabulary, tokenize


def listed(documents: Documents) -> list[list[int]]:
    """The documents without their padding."""
    return [
        row[:length].tolist()
        for row, length in zip(documents.tokens, documents.lengths, strict=True)
    ]


def texts_of(lists: list[list[int]]) -> Texts:
    starts = np.cumsum([0, *map(len, lists)]).astype(np.int64)
    return Texts(np.array([w for words in lists for w in words], dtype=np.int32), starts)


reviews_and_owners = st.lists(
    st.tuples(
        st.lists(st.integers(2, 9), max_size=6),
        st.integers(0, 3),
        st.integers(-1, 2),
    ),
    max_size=12,
)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("Don't stop, it’s GOOD!", ["dont", "stop", "its", "good"]),
        ("5 stars... a 100%_must—buy", ["5", "stars", "a", "100", "must", "buy"]),
        ("Café Überraschung", ["café", "überraschung"]),
        ("?! ...", []),
    ],
)
def test_words_are_runs_of_letters_and_digits_in_lower_case(
    written: str, words: list[str]
) -> None:
    assert tokenize(written) == words


def test_a_word_is_known_when_both_domains_together_have_it_often_enough() -> None:
    source, target = ["good good", None, "bad"], ["Good bad", "rare", ""]
    assert Vocabulary.of([*source, *target], min_count=2).words == ("good", "bad")
    assert Vocabulary.of(source, min_count=2).words == ("good",)


def test_words_are_ordered_by_frequency_then_alphabet_whatever_the_order_of_texts() -> None:
    vocabulary = Vocabulary.of(["b c a", "c"], min_count=1)
    assert vocabulary == Vocabulary.of(["c", "a c b"], min_count=1)
    assert vocabulary.words == ("c", "a", "b")
    assert len(vocabulary) == 5


def test_unknown_words_are_unk_and_missing_texts_are_empty() -> None:
    encoded = Vocabulary(("good", "bad")).encode(["bad ugly good", None, "", "Good."])
    assert encoded.words.tolist() == [3, UNK, 2, 2]
    assert encoded.starts.tolist() == [0, 3, 3, 3, 4]


@given(st.lists(st.lists(st.integers(2, 9), max_size=4), min_size=1), st.randoms())
def test_picking_texts_picks_their_words(lists: list[list[int]], random: object) -> None:
    rows = np.array(random.choices(range(len(lists)), k=5))  # type: ignore[attr-defined]
    picked = texts_of(lists)[rows]
    assert_array_equal(picked.words, [w for row in rows for w in lists[row]])
    assert_array_equal(np.diff(picked.starts), [len(lists[row]) for row in rows])


def naive_document(
    rows: list[tuple[list[int], int, int]], owner: int, cap: int, without: int | None = None
) -> list[int]:
    chosen = [k for k, row in enumerate(rows) if row[1] == owner and k != without]
    words = [w for k in sorted(chosen, key=lambda k: rows[k][2]) for w in rows[k][0]]
    return words[:cap] or [UNK]


@given(reviews_and_owners, st.integers(1, 15))
def test_a_document_is_the_owners_reviews_in_order_of_time_up_to_the_cap(
    rows: list[tuple[list[int], int, int]], cap: int
) -> None:
    histories = histories_of(rows)
    documents = histories.documents(cap=cap)
    assert listed(documents) == [naive_document(rows, owner, cap) for owner in range(5)]
    assert_array_equal(
        histories.lengths, [sum(len(w) for w, o, _ in rows if o == owner) for owner in range(5)]
    )
    padding = np.arange(documents.tokens.shape[1]) >= documents.lengths[:, None]
    assert_array_equal(documents.tokens == PAD, padding)


@given(reviews_and_owners, st.integers(1, 15))
def test_leaving_out_a_rows_own_review_leaves_out_nothing_else(
    rows: list[tuple[list[int], int, int]], cap: int
) -> None:
    documents = histories_of(rows).documents_without_own(cap=cap)
    assert listed(documents) == [
        naive_document(rows, owner, cap, without=k) for k, (_, owner, _) in enumerate(rows)
    ]


def histories_of(rows: list[tuple[list[int], int, int]]) -> Histories:
    owners = np.array([owner for _, owner, _ in rows], dtype=np.int64)
    times = np.array([time for _, _, time in rows], dtype=np.int64)
    return Histories.of(texts_of([words for words, _, _ in rows]), owners, times, n_owners=5)


def test_an_owner_without_words_has_one_unknown_word() -> None:
    nothing = histories_of([]).documents(cap=10)
    assert listed(nothing) == [[UNK]] * 5


def test_documents_can_be_picked_and_joined() -> None:
    short = histories_of([([2], 0, 0)]).documents(cap=10)
    long = histories_of([([3, 4, 5], 1, 0)]).documents(cap=10)
    joined = short + long
    assert len(joined) == 10
    assert listed(joined[np.array([6, 0])]) == [[3, 4, 5], [2]]


def test_gathering_in_pieces_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    rows = [(rng.integers(2, 9, rng.integers(0, 7)).tolist(), k % 5, -k) for k in range(40)]
    whole = histories_of(rows).documents_without_own(cap=8)
    monkeypatch.setattr(text, "_CHUNK", 20)
    pieces = histories_of(rows).documents_without_own(cap=8)
    assert_array_equal(pieces.tokens, whole.tokens)
