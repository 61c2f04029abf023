"""What one suite has finished, another need not run again: the key says that it is the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from click.testing import CliRunner
from small_suite import SUITE, Small

from benchmark.cli import bench
from benchmark.running.records import Record, Store


def named(small: Small, name: str, text: str = SUITE) -> Path:
    path = small.folder / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return path


def run(small: Small, suite: Path) -> str:
    folders = ["--results-dir", small.results, "--reports-dir", small.folder / "reports"]
    command = ["run", "--suite", suite, "--jobs", 1, *folders]
    result = CliRunner().invoke(bench, [str(word) for word in command])
    assert result.exit_code == 0, result.output
    return result.stderr


def records(small: Small, suite: str, method: str) -> dict[tuple[str, int], Record]:
    """A row's records, by what they scored and by seed."""
    store = Store(small.results, suite)
    every = [store.get(path.stem) for path in store.records.glob("*.json")]
    return {(r.target, r.seed): r for r in every if r is not None and r.method == method}


def test_cells_of_another_suite_are_taken_over_with_their_bytes(small: Small) -> None:
    said = run(small, named(small, "other"))
    assert "12 cells, 0 done before, 12 taken over from other suites" in said
    mine, other = (Store(small.results, name) for name in ("small", "other"))
    for path in mine.predictions.glob("*.npy"):
        assert path.read_bytes() == (other.predictions / path.name).read_bytes()
        record = other.get(path.stem)
        assert record is not None
        assert record.suite == "other"


def test_a_suite_of_another_protocol_takes_nothing(small: Small) -> None:
    other = SUITE.replace("[protocol]", '[protocol]\nclip = "none"').replace("[1, 2]", "[1]")
    said = run(small, named(small, "other", other))
    assert "6 cells, 0 done before\n" in said


def test_a_record_without_its_predictions_is_not_taken(small: Small) -> None:
    gone = next(Store(small.results, "small").predictions.glob("*.npy"))
    gone.unlink()
    assert "11 taken over" in run(small, named(small, "other"))


def test_a_record_with_damaged_predictions_is_not_taken(small: Small) -> None:
    damaged = next(Store(small.results, "small").predictions.glob("*.npy"))
    damaged.write_bytes(damaged.read_bytes()[:-3])
    assert "11 taken over" in run(small, named(small, "other"))


VARIANT = """
[[variants]]
method = "bias"
name = "bias-again"
title = "The same under another name"
settings = { l2_items = 10.0 }

[[tasks]]"""


def test_a_variant_is_taken_over_from_its_method_with_the_same_settings(small: Small) -> None:
    other = SUITE.replace(', "bias"', "").replace("\n[[tasks]]", VARIANT)
    said = run(small, named(small, "other", other))
    assert "12 cells, 0 done before, 12 taken over from other suites" in said
    mine, taken = (records(small, *of) for of in (("small", "bias"), ("other", "bias-again")))
    assert len(taken) == 4
    for where, record in taken.items():
        assert record.key != mine[where].key
        assert record.metrics == mine[where].metrics
        assert record.predictions == mine[where].predictions


def test_a_variant_with_settings_of_its_own_is_run(small: Small) -> None:
    different = VARIANT.replace("10.0", "11.0")
    other = SUITE.replace(', "bias"', "").replace("\n[[tasks]]", different)
    assert "12 cells, 0 done before, 8 taken over" in run(small, named(small, "other", other))


def test_the_way_back_of_another_suite_is_taken_over_with_its_own_p_at_5(small: Small) -> None:
    back = SUITE.replace('score = "both"', "").replace('source = "synthetic/source"', "source = 0")
    back = back.replace('target = "synthetic/target"', 'target = "synthetic/source"')
    back = back.replace("source = 0", 'source = "synthetic/target"')
    assert "6 cells, 0 done before, 6 taken over" in run(small, named(small, "back", back))
    taken = records(small, "back", "normal")
    alone = Small(small.folder / "alone")
    alone.folder.mkdir()
    assert "taken over" not in run(alone, named(alone, "back", back))
    for where, record in records(alone, "back", "normal").items():
        assert taken[where].metrics == record.metrics
        there = next(r for w, r in records(small, "small", "normal").items() if w == where)
        assert there.metrics != record.metrics, "in the other suite it is the first domain"


def test_predictions_that_are_not_those_of_the_record_are_not_taken(small: Small) -> None:
    changed = next(Store(small.results, "small").predictions.glob("*.npy"))
    np.save(changed, np.load(changed) + 1)
    assert "11 taken over" in run(small, named(small, "other"))
