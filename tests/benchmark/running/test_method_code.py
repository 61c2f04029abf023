"""A cell is redone when its method's code changes, and only then."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from benchmark.running import method_code

METHOD = '''
"""A method."""
from benchmark.recommender import Recommender

class Mine(Recommender):
    """Predicts {value}."""
    constant = {value}  # {comment}
'''


def hash_of(folder: Path, *, value: int, comment: str, monkeypatch: pytest.MonkeyPatch) -> str:
    name = "method_under_test"
    (folder / f"{name}.py").write_text(METHOD.format(value=value, comment=comment))
    monkeypatch.syspath_prepend(folder)
    sys.modules.pop(name, None)
    for cached in (method_code._source, method_code._imports, method_code._essence):
        cached.cache_clear()
    return method_code.code_hash(importlib.import_module(name).Mine)


def test_comments_do_not_count_but_code_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    one = hash_of(tmp_path, value=1, comment="why", monkeypatch=monkeypatch)
    assert hash_of(tmp_path, value=1, comment="because", monkeypatch=monkeypatch) == one
    assert hash_of(tmp_path, value=2, comment="why", monkeypatch=monkeypatch) != one


def test_the_code_of_a_method_includes_the_modules_of_its_own_package() -> None:
    from baselines.svdpp import SVDpp

    read = method_code._imports(method_code._source("baselines.svdpp") or Path())
    assert "baselines.surprise_model" in read
    assert len(method_code.code_hash(SVDpp)) == 64
