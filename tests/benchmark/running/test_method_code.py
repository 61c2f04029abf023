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

    assert "baselines.surprise_model" in method_code.source_files(SVDpp)
    assert len(method_code.code_hash(SVDpp)) == 64


@pytest.mark.parametrize("how", ["from .layers import N", "from outside_package import layers"])
def test_the_code_of_a_method_from_outside_includes_the_modules_of_its_package(
    how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.syspath_prepend(tmp_path)
    package = tmp_path / "outside_package"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "model.py").write_text(f"{how}\n\nclass Mine:\n    pass\n")
    hashes = []
    for n in (1, 2):
        (package / "layers.py").write_text(f"N = {n}\n")
        for name in [name for name in sys.modules if name.startswith("outside_package")]:
            del sys.modules[name]
        for cached in (method_code._source, method_code._imports, method_code._essence):
            cached.cache_clear()
        hashes.append(method_code.code_hash(importlib.import_module("outside_package.model").Mine))
    assert hashes[0] != hashes[1]
