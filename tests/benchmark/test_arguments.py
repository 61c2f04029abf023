"""What a command is asked for is all there, or refused before anything is read or run."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmark.arguments import declared_suite
from benchmark.cli import bench
from benchmark.errors import BenchError

SUITE = """
title = "T"
seeds = [1]
[[tasks]]
name = "t"
source = "synthetic/source"
target = "douban/book"
published = [{ table = "recsysdan_table2", pair = "DM->MI", domain = "MI" }]
"""


def declared(folder: Path, text: str) -> None:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    declared_suite(str(path))


def test_a_suite_of_known_data_and_printed_tables_is_taken(tmp_path: Path) -> None:
    declared(tmp_path, SUITE)
    declared(tmp_path, SUITE.replace("recsysdan_table2", "dml_figure3"))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("douban/book", "douban/bok", "unknown data 'douban/bok'; did you mean 'douban/book'"),
        ("douban/book", "douban/book@now", "unknown period 'now' in 'douban/book@now'; there are"),
        ("table2", "table9", "no published table 'recsysdan_table9'; there are: recsysdan_table2"),
        (
            '"MI"',
            '"HK"',
            "recsysdan_table2 prints nothing of 'DM->MI', 'HK', but of 'DM->MI', 'MI'",
        ),
    ],
)
def test_a_task_of_what_does_not_exist_is_refused_by_its_name(
    old: str, new: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(BenchError, match=message) as refused:
        declared(tmp_path, SUITE.replace(old, new))
    assert str(refused.value).startswith("task 't' of suite 'mine': ")


@pytest.mark.parametrize("option", ["--methods", "--tasks", "--seeds", "--retry"])
@pytest.mark.parametrize("value", ["", " , "])
def test_an_option_that_names_nothing_does_not_stand_for_everything(
    option: str, value: str
) -> None:
    refused = CliRunner().invoke(bench, ["run", option, value, "--dry-run"])
    assert refused.exit_code == 2
    assert f"{value!r} names nothing" in refused.output


def test_what_is_named_twice_is_run_once(tmp_path: Path) -> None:
    arguments = ["run", "--methods", "bias,bias", "--dry-run", "--results-dir", str(tmp_path)]
    planned = CliRunner().invoke(bench, arguments)
    assert planned.exit_code == 0, planned.output
    assert planned.output.count("bias") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "--method", ":x"], "write it as package.module:Class"),
        (["run", "--method", ".x:c"], "write it as package.module:Class"),
        (["run", "--method", "broken_on_import:Class"], "cannot be imported: ZeroDivisionError"),
        (["study", "dml-scaling", "--seeds", "-1"], "'-1' is not a list of distinct numbers"),
        (["verify", "--seed", "-1"], "-1 is not in the range"),
    ],
)
def test_a_mistake_is_told_and_not_traced(
    arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken_on_import.py").write_text("1 / 0")
    monkeypatch.syspath_prepend(tmp_path)
    refused = CliRunner().invoke(bench, [*arguments, "--results-dir", str(tmp_path / "results")])
    assert refused.exit_code == 2, refused.output
    assert message in refused.output
