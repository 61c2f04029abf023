"""Samples as RecSys-DAN, Table V prints them: two of each kind, shortened, never chosen."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from conftest import HOSTILE

from benchmark.reporting.formats import to_html, to_latex, to_markdown
from benchmark.reporting.layout import Table
from benchmark.reporting.report import write_report
from benchmark.reporting.sample_tables import sample_table
from benchmark.reporting.summary import Results
from benchmark.running.manifest import Manifest
from benchmark.running.records import Store

KEY = "{}-{}-musical-instruments"


def sample(
    user: str = "good tape", item: str = "(image)", *, prediction: float = 5.078
) -> dict[str, object]:
    return {"user": user, "item": item, "prediction": prediction, "rating": 5.0}


def keeping(
    store: Store, folder: Path, kept: dict[tuple[str, int], Sequence[dict[str, object]]]
) -> Store:
    """The made suite, whose fits by method and seed have kept these samples."""
    copy = Store(folder, "made")
    shutil.copytree(store.folder, copy.folder)
    for (method, seed), samples in kept.items():
        record = copy.get(KEY.format(method, seed))
        assert record is not None
        told = np.array([json.dumps(each) for each in samples])
        copy.put(record, artifacts={"explanations": told})
    return copy


@pytest.fixture
def music(results: list[Results]) -> Results:
    """The made suite's first table, where Source only reads images, too."""
    rows = [
        dataclasses.replace(row, method=dataclasses.replace(row.method, target_data="T I"))
        if row.method.name == "source-only"
        else row
        for row in results[0].rows
    ]
    return dataclasses.replace(results[0], rows=rows)


def of(music: Results, store: Store) -> Table:
    return sample_table(music.task, [music], store)


def test_two_unimodal_and_two_multimodal_pairs_stand_in_the_order_they_were_kept_in(
    music: Results, store: Store, tmp_path: Path
) -> None:
    samples = [sample(f"user {n}", prediction=n) for n in (3, 5, 4)]
    table = of(
        music, keeping(store, tmp_path, {("ui-dan", 1): samples, ("source-only", 1): samples})
    )
    assert [[row[0].text, row[1].text] for row in table.rows] == [
        ["UI-DAN (a, u) (unimodal)", "user 3"],
        ["UI-DAN (a, u) (unimodal)", "user 5"],
        ["Source only (multimodal)", "user 3"],
        ["Source only (multimodal)", "user 5"],
    ]
    assert table.rules == {2}
    assert len(table.notes) == 1


def test_where_no_multimodal_fit_has_kept_any_four_unimodal_ones_stand_and_it_is_said(
    music: Results, store: Store, tmp_path: Path
) -> None:
    kept = {("ui-dan", seed): [sample(f"seed {seed}")] * 6 for seed in (1, 2)}
    table = of(music, keeping(store, tmp_path, kept))
    assert [row[1].text for row in table.rows] == ["seed 1"] * 4
    assert "no multimodal fit" in table.notes[-1]
    assert not table.rules


def test_long_documents_are_cut_at_a_word_and_numbers_keep_their_value(
    music: Results, store: Store, tmp_path: Path
) -> None:
    samples = [sample(" ".join(map(str, range(n)))) for n in (24, 25)]
    table = of(music, keeping(store, tmp_path, {("ui-dan", 1): samples}))
    whole, cut = (row[1].text for row in table.rows)
    assert whole.split() == [str(n) for n in range(24)]
    assert cut == f"{whole} (...)"
    assert [(cell.text, cell.value) for cell in table.rows[0][3:]] == [("5.08", 5.078), ("5", 5.0)]


def test_nothing_stands_where_no_documents_of_a_pair_were_kept(
    music: Results, store: Store, tmp_path: Path
) -> None:
    assert not of(music, store).rows
    other = [{"review": "good", "prediction": 4.0, "rating": 5.0}]
    assert not of(music, keeping(store, tmp_path, {("ui-dan", 1): other})).rows


def test_the_text_of_reviews_is_escaped_and_broken_into_lines(
    music: Results, store: Store, tmp_path: Path
) -> None:
    table = of(music, keeping(store, tmp_path, {("ui-dan", 1): [sample(f"<UNK> {HOSTILE}")]}))
    assert "&lt;UNK&gt; &lt;script&gt;" in to_html(table)
    assert "&lt;UNK> &lt;script>" in to_markdown(table)
    latex = to_latex(table)
    assert r"\textless{}UNK\textgreater{} \textless{}script" in latex
    assert r"{@{}lp{.3\linewidth}p{.3\linewidth}rr@{}}" in latex


def test_the_report_has_the_table_on_its_page_and_as_files(
    found: Manifest, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmark.reporting.report.save", lambda *_: None)  # Tested by itself.
    kept = keeping(store, tmp_path / "results", {("ui-dan", 1): [sample("a sturdy sharpener")]})
    page = write_report(found, kept, tmp_path / "reports")
    files = [page, page.with_name("report.md")]
    files += [
        page.parent / "tables" / f"music--samples.{end}" for end in ("md", "tex", "html", "csv")
    ]
    for file in files:
        assert "a sturdy sharpener" in file.read_text(encoding="utf-8"), file
