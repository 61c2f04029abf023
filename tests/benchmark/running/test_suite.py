"""A suite file is refused with the key, the file and the nearest valid word."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.errors import BenchError
from benchmark.registry import METHODS
from benchmark.running.plan import check_settings
from benchmark.running.suite import load_suite, shipped

MINIMAL = """
title = "T"
seeds = [1]
[[tasks]]
name = "t"
source = "synthetic/source"
target = "synthetic/target"
"""


def written(folder: Path, text: str) -> str:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_minimal_suite_has_the_defaults(tmp_path: Path) -> None:
    suite = load_suite(written(tmp_path, MINIMAL))
    assert suite.name == "mine"
    assert suite.protocol.split == "80/10/10"
    assert suite.methods == "all"


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_suite_is_valid_and_names_what_exists(name: str) -> None:
    suite = load_suite(name)
    check_settings(suite, METHODS)
    if suite.methods != "all":
        assert set(suite.methods) <= {method.name for method in METHODS}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("seeds", "seed", "unknown key 'seed' in .*mine.toml; did you mean 'seeds'"),
        (
            "title",
            "[protocol]\nsplitt = '5-fold'\n[x]\ntitle",
            r"unknown key 'protocol.splitt' in .*did you mean 'split'",
        ),
        ("source =", "sauce =", "unknown key 'tasks.0.sauce'|'tasks.0.source' is missing"),
        ("[1]", "['a']", r"seeds.0 = 'a' in .*integer"),
        ("[1]", "[]", r"seeds = \[\] in .*at least 1"),
        ("[1]", "[1, 1]", "repeat a seed"),
        ('"t"', '"A task"', r"tasks.0.name = 'A task'"),
        ("[[tasks]]", "[tasks", "is not TOML"),
    ],
)
def test_a_wrong_suite_is_refused_in_one_clear_line(
    old: str, new: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(BenchError, match=message) as refused:
        load_suite(written(tmp_path, MINIMAL.replace(old, new)))
    assert "\n" not in str(refused.value)


def test_two_tasks_of_one_name_are_refused(tmp_path: Path) -> None:
    twice = MINIMAL + MINIMAL[MINIMAL.index("[[tasks]]") :]
    with pytest.raises(BenchError, match="two tasks are named 't'"):
        load_suite(written(tmp_path, twice))


def test_an_unknown_suite_gets_a_suggestion() -> None:
    with pytest.raises(BenchError, match="unknown suite 'amazn'; did you mean 'amazon'"):
        load_suite("amazn")


def test_a_suite_file_that_is_not_there_is_named() -> None:
    with pytest.raises(BenchError, match=r"cannot read suite nowhere\.toml: No such file"):
        load_suite("nowhere.toml")


@pytest.mark.parametrize(
    ("addition", "message"),
    [
        ("[settings.kn]\nk = 3", "unknown method 'kn' .*did you mean 'knn'"),
        ("[settings.knn]\nkk = 3", r"unknown key 'settings.knn.kk' .*did you mean 'k'"),
        ("[tuning]\nmethods = ['svd']", "unknown method 'svd' .*did you mean 'svdpp'"),
    ],
)
def test_settings_of_what_does_not_exist_are_refused(
    addition: str, message: str, tmp_path: Path
) -> None:
    suite = load_suite(written(tmp_path, f"{MINIMAL}\n{addition}"))
    with pytest.raises(BenchError, match=message):
        check_settings(suite, METHODS)
