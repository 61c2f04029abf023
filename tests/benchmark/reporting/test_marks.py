"""A mark in the source becomes a line of the method's page, with the place that it is about."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path

import pytest

from benchmark.registry import METHODS
from benchmark.reporting.marks import Mark, MarkKind, marks_of
from benchmark.repository import ROOT
from benchmark.running.method_code import source_files

SOURCE = '''
"""A method.

Differs: the module as a whole,
on two lines.
"""
from benchmark.recommender import Recommender

class Marked(Recommender):
    """Its class."""
    # Silent: above a field; reason.
    first: int = 1
    """About it."""
    second: int = 2
    """Of what. Differs: after its own words."""
    plain: int = 3
    """Nothing marked."""

    def fit(self):
        one = 1  # Differs: not alone on its line, so no mark
        # An ordinary remark.
        # Silent: within a function,
        # on two lines.
        # Differs: right after.
        other: int = one
        return other
'''


@pytest.fixture
def marks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Mark]:
    (tmp_path / "marked_method.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("benchmark.reporting.marks._WHERE", ("marked_method",))
    sys.modules.pop("marked_method", None)
    return marks_of(importlib.import_module("marked_method").Marked)


def test_every_mark_is_found_with_what_it_is_about(marks: list[Mark]) -> None:
    assert [(mark.kind, mark.at, mark.text) for mark in marks] == [
        (MarkKind.DIFFERS, "", "the module as a whole, on two lines."),
        (MarkKind.SILENT, "first", "above a field; reason."),
        (MarkKind.DIFFERS, "second", "after its own words."),
        (MarkKind.SILENT, "Marked.fit", "within a function, on two lines."),
        (MarkKind.DIFFERS, "Marked.fit", "right after."),
    ]


def test_no_mark_in_a_method_s_source_is_missed() -> None:
    """Counted by another way than reading: the two words at the start of a remark."""
    for method in METHODS:
        files = source_files(method)
        written = sum(
            len(re.findall(r"(?:#|\"\"\"|^ *)\s*(?:Differs|Silent): ", text, re.MULTILINE))
            for module, path in files.items()
            if module.split(".")[0] in ("baselines", "methods")
            for text in [path.read_text(encoding="utf-8")]
        )
        assert len(marks_of(method)) >= written, method.name


def test_every_mark_has_a_reason_and_a_place_in_the_repository() -> None:
    for method in METHODS:
        for mark in marks_of(method):
            assert len(mark.text) > 20, mark
            assert (ROOT / f"{mark.module.replace('.', '/')}.py").is_file(), mark
