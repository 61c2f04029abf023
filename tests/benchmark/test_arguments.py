"""What a command is asked for is all there, or refused before anything is read or run."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmark.arguments import contestants, declared_suite
from benchmark.cli import bench
from benchmark.errors import BenchError
from benchmark.running.suite import load_suite

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


def test_an_option_given_again_adds_to_what_it_named(tmp_path: Path) -> None:
    twice = ["--methods", "bias", "--methods", "knn", "--seeds", "1", "--seeds", "2"]
    arguments = ["run", *twice, "--dry-run", "--results-dir", str(tmp_path)]
    planned = CliRunner().invoke(bench, arguments)
    assert planned.exit_code == 0, planned.output
    assert "bias" in planned.output
    assert "knn" in planned.output
    assert "4 cells to run" in planned.output


INCOMPLETE = """
from dataclasses import dataclass
from pathlib import Path
from benchmark.recommender import Recommender, Signal

class Nameless(Recommender):
    pass

class Undeclared(Recommender):
    name = title = paper = "x"
    source_data = Signal.NONE
    target_data = "ratings"

@dataclass
class Unrecorded(Undeclared):
    target_data = Signal.RATINGS
    weights: Path = Path("weights.bin")
    def fit(self, data, *, seed):
        return self
    def predict(self, pairs):
        return pairs.users * 0.0
"""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "--method", ":x"], "write it as package.module:Class"),
        (["run", "--method", ".x:c"], "write it as package.module:Class"),
        (["run", "--method", "broken_on_import:Class"], "cannot be imported: ZeroDivisionError"),
        (
            ["run", "--method", "incomplete:Nameless"],
            "the class has no name, or none that is a str",
        ),
        (
            ["run", "--method", "incomplete:Undeclared"],
            "the class has no target_data, or none that",
        ),
        (["run", "--method", "incomplete:Unrecorded"], "cannot stand in a record: Object of type"),
        (["run", "--method", "leaves:Class"], "cannot be imported: SystemExit"),
        (
            ["study", "dml-scaling", "--seeds", "1,1"],
            "'1,1': seeds are from 0 to 4294967295, and each is listed once",
        ),
        (["study", "dml-scaling", "--seeds", "-1"], "seeds are from 0 to"),
        (["study", "dml-scaling", "--seeds", "4294967296"], "seeds are from 0 to"),
        (["verify", "--seed", "-1"], "-1 is not in the range"),
    ],
)
def test_a_mistake_is_told_and_not_traced(
    arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken_on_import.py").write_text("1 / 0")
    (tmp_path / "leaves.py").write_text("raise SystemExit(0)")
    (tmp_path / "incomplete.py").write_text(INCOMPLETE)
    monkeypatch.syspath_prepend(tmp_path)
    refused = CliRunner().invoke(bench, [*arguments, "--results-dir", str(tmp_path / "results")])
    assert refused.exit_code == 2, refused.output
    assert message in refused.output


def test_two_methods_of_one_name_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(Path(__file__).parent / "running")
    twice = ["misbehaving:Misbehaving", "misbehaving:Misbehaving"]
    with pytest.raises(BenchError, match="the name 'misbehaving' is taken"):
        contestants(load_suite("demo"), twice)


@pytest.mark.parametrize("folder", ["data", "."])
def test_a_relative_data_folder_is_no_part_of_other_words_in_a_plan(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    command = ["run", "--suite", "douban", "--methods", "bias", "--dry-run", "--data-dir", folder]
    said = CliRunner().invoke(bench, command, env={"BENCH_CACHE": str(tmp_path / "cache")})
    assert said.exit_code == 0, said.output
    assert "in the data folder or the cache; download https://" in said.output
    assert "let `bench data fetch douban/book` do so" in said.output


def test_a_run_stopped_while_it_is_planned_ends_as_one_stopped_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("benchmark.running.run.plan", stop)
    said = CliRunner().invoke(bench, ["run", "--methods", "bias", "--dry-run"])
    assert said.exit_code == 130
    assert said.output.endswith("bench: stopped\n")
