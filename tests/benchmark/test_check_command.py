"""The gate as a build server meets it: what passes, what fails, and what is never a pass."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result
from small_suite import SUITE, Small

from benchmark.data.catalog import Places
from benchmark.data.prepared import prepare
from benchmark.running.plan import rules
from benchmark.running.suite import load_suite

LEAKY = ("--method", "leaky:Leaky")


@pytest.fixture
def reference(small: Small) -> Path:
    path = small.folder / "reference.json"
    accepted = check(small, path, "--accept")
    assert accepted.exit_code == 0, accepted.output
    return path


def check(small: Small, reference: Path, *more: object, **environment: str) -> Result:
    return small.bench("check", "--reference", reference, *more, **environment)


def records(small: Small) -> dict[Path, dict[str, Any]]:
    found = (small.results / "small" / "records").glob("*.json")
    return {path: json.loads(path.read_text()) for path in found}


def test_an_untouched_tree_passes(small: Small, reference: Path) -> None:
    done = check(small, reference)
    assert done.exit_code == 0, done.output
    assert done.output == "small: 60 pass\n"
    shown = check(small, reference, "--all")
    assert shown.output.count("p@5-doml") == 6


def test_a_worsened_method_fails_the_build_and_is_named(small: Small, reference: Path) -> None:
    small.suite.write_text(SUITE + "\n[settings.bias]\nl2_users = 1e6\n")
    small.run()
    done = check(small, reference)
    assert done.exit_code == 1
    failed = [line for line in done.output.splitlines() if "regressed" in line]
    assert any("synthetic/target" in line and "bias" in line and "rmse" in line for line in failed)
    assert not any("normal" in line or "target-mean" in line for line in failed)


def test_what_got_better_passes_and_can_be_accepted(small: Small, reference: Path) -> None:
    before = reference.read_text()
    values = json.loads(before)
    for run in values["tasks"]["small"]["domains"]["synthetic/target"]["bias"]["runs"].values():
        for metric in run:
            run[metric] *= 1.05 if metric in ("rmse", "mae") else 0.95
    reference.write_text(json.dumps(values))
    done = check(small, reference)
    assert done.exit_code == 0, done.output
    assert done.output.splitlines()[-1] == "small: 52 pass, 8 improved"  # Two are 0.
    accepted = check(small, reference, "--accept")
    changed = [line for line in accepted.output.splitlines() if line.startswith("changed")]
    assert changed == ["changed: small · synthetic/target · bias"]
    assert reference.read_text() == before


def test_records_of_other_code_or_settings_do_not_count(small: Small, reference: Path) -> None:
    small.suite.write_text(SUITE + "\n[settings.bias]\nl2_users = 80.0\n")
    done = check(small, reference)
    assert done.exit_code == 1
    assert "no record; run it first" in done.output


def test_a_deleted_record_is_not_comparable(small: Small, reference: Path) -> None:
    path = next(path for path, record in records(small).items() if record["method"] == "normal")
    path.unlink()
    done = check(small, reference)
    assert done.exit_code == 1
    assert "1 not comparable" in done.output
    refused = check(small, reference, "--accept")
    assert refused.exit_code == 2
    assert "1 planned runs have no result" in refused.output


def test_without_a_reference_nothing_passes(small: Small) -> None:
    done = check(small, small.folder / "none.json")
    assert done.exit_code == 1
    assert "6 not comparable" in done.output
    assert "--accept writes one" in done.output


def test_a_method_that_left_the_suite_is_missed_until_that_is_accepted(
    small: Small, reference: Path
) -> None:
    small.suite.write_text(SUITE.replace(', "normal"', ""))
    done = check(small, reference)
    assert done.exit_code == 1
    assert "not in the suite any more" in done.output
    assert (
        "dropped: small · synthetic/source · normal" in check(small, reference, "--accept").output
    )
    assert check(small, reference).exit_code == 0


def test_another_protocol_is_not_comparable(small: Small, reference: Path) -> None:
    suite = SUITE.replace("full_ranking", "relevance = 5\nfull_ranking")
    small.suite.write_text(suite.replace('"target-mean", ', "").replace(', "normal"', ""))
    small.run()
    done = check(small, reference, "--methods", "bias")
    assert done.exit_code == 1
    assert "relevance = 5.0, 4.0 in the reference" in " ".join(done.output.split())


def test_other_data_is_not_comparable(small: Small, reference: Path) -> None:
    suite = SUITE + "seed = 2\n"
    small.suite.write_text(suite.replace('"target-mean", ', "").replace(', "normal"', ""))
    small.run()
    done = check(small, reference, "--methods", "bias")
    assert done.exit_code == 1
    assert "2 not comparable" in done.output
    assert "other data" in done.output


def test_a_method_that_reads_the_test_ratings_rings_the_alarm(
    small: Small, reference: Path
) -> None:
    leak(small, share=1.0)
    small.run("leaky:Leaky")
    done = check(small, reference, *LEAKY)
    assert done.exit_code == 1
    assert "no method that has not seen the test ratings gets below" in done.output
    refused = check(small, reference, *LEAKY, "--accept")
    assert refused.exit_code == 2
    assert "nothing accepted" in refused.output


def test_a_baseline_far_better_than_its_reference_rings_the_alarm(
    small: Small, reference: Path
) -> None:
    leak(small, share=0.0)
    small.run("leaky:Leaky")
    assert check(small, reference, *LEAKY, "--accept").exit_code == 0
    leak(small, share=0.4)
    small.run("leaky:Leaky")
    done = check(small, reference, *LEAKY)
    assert done.exit_code == 1
    said = [line for line in done.output.splitlines() if "suspected leak" in line]
    assert any("far better than its reference" in line and "rmse" in line for line in said)


def leak(small: Small, *, share: float) -> None:
    """Let the suite's leaky method read a share of the target's ratings, test rows included."""
    suite = load_suite(str(small.suite))
    task = suite.tasks[0]
    prepared = prepare(
        task.name,
        task.source,
        task.target,
        rules(suite, task),
        Places(None, small.folder),
        planted=task.planted,
    )
    target = prepared.task.target
    np.save(small.folder / "truth.npy", np.c_[target.users, target.items, target.ratings])
    one_way = SUITE.replace('score = "both"', "")
    file = (small.folder / "truth.npy").as_posix()
    small.suite.write_text(one_way + f'\n[settings.leaky]\nfile = "{file}"\nshare = {share}\n')


def test_ci_gets_junit_annotations_and_a_summary(
    small: Small, reference: Path, tmp_path: Path
) -> None:
    text = reference.read_text().replace('"trials": 1', '"trials": 7', 1)
    reference.write_text(text)
    junit, summary = tmp_path / "out" / "junit.xml", tmp_path / "summary.md"
    done = check(
        small,
        reference,
        "--junit",
        junit,
        GITHUB_ACTIONS="true",
        GITHUB_STEP_SUMMARY=str(summary),
    )
    assert done.exit_code == 1
    (suite,) = ET.parse(junit).getroot()
    assert (suite.get("tests"), suite.get("errors"), suite.get("failures")) == ("51", "1", "0")
    assert "::error title=not comparable%3A all metrics::small" in done.output
    assert "other tuning budget: 1 trials, 7 in the reference" in summary.read_text()


def test_narrowing_keeps_the_rest_of_the_reference(small: Small, reference: Path) -> None:
    before = json.loads(reference.read_text())
    assert check(small, reference, "--methods", "bias", "--accept").exit_code == 0
    assert json.loads(reference.read_text()) == before


@pytest.mark.parametrize(
    ("content", "message"),
    [("{", "cannot read the reference"), ('{"schema": 99}', "schema: Input should be 1")],
)
def test_a_broken_reference_is_said_and_not_overwritten(
    content: str, message: str, small: Small
) -> None:
    path = small.folder / "broken.json"
    path.write_text(content)
    done = check(small, path, "--accept")
    assert done.exit_code == 2
    assert message in done.output
    assert path.read_text() == content


def test_nothing_is_accepted_where_there_are_no_data(small: Small) -> None:
    absent = 'source = "douban/book"\ntarget = "douban/music"'
    planted = 'source = "synthetic/source"\ntarget = "synthetic/target"'
    assert planted in SUITE
    small.suite.write_text(SUITE.replace(planted, absent))
    path = small.folder / "none.json"
    refused = check(small, path, "--accept", "--data-dir", small.folder)
    assert refused.exit_code == 2
    assert "nothing accepted: no chosen task has results here" in refused.output
    assert not path.exists()
