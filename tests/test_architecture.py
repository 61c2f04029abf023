"""The rules that the layout promises: who imports whom, and where the packages come from."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import baselines
import benchmark
import methods
from benchmark.repository import ROOT

PACKAGES = {"baselines": baselines, "benchmark": benchmark, "methods": methods}


def files(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("package", PACKAGES)
def test_the_packages_come_from_the_repository(package: str) -> None:
    assert Path(PACKAGES[package].__file__ or "").parent == ROOT / package


@pytest.mark.parametrize("path", files("benchmark"), ids=lambda path: path.stem)
def test_the_harness_knows_no_method(path: Path) -> None:
    if path != ROOT / "benchmark" / "registry.py":
        assert not {"baselines", "methods"} & set(imported(path))


@pytest.mark.parametrize(
    ("package", "other"), [("baselines", "methods"), ("methods", "baselines")]
)
def test_baselines_and_methods_do_not_know_each_other(package: str, other: str) -> None:
    for path in files(package):
        assert other not in set(imported(path)), path


@pytest.mark.parametrize("package", PACKAGES)
def test_no_module_is_named_for_nothing(package: str) -> None:
    nothing = {"utils", "util", "common", "helpers", "base", "misc"}
    assert not {path.stem for path in files(package)} & nothing
