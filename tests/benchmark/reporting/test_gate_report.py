"""What the gate says is readable by those that it is for, whatever text is in it."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from benchmark.reporting.gate import Finding, State
from benchmark.reporting.gate_report import counts, to_annotations, to_junit, to_markdown
from benchmark.reporting.reference import Place

HERE = Place("task", "a/b", "knn")
PASSED = Finding(HERE, "rmse", State.PASS, "", 0.9, 0.9, 1e-6, 5)
WORSE = Finding(HERE, "mae", State.REGRESSED, "", 0.7, 0.75, 0.01, 5)
FAILED = Finding(HERE, "all metrics", State.NOT_COMPARABLE, "failed: a<b | 100%\n\x00&")
LEAK = Finding(HERE, "rmse", State.SUSPECT, "look", 0.9, 0.1, 0.01, 5)


def test_junit_tells_failures_from_errors_and_is_well_formed() -> None:
    root = ET.fromstring(to_junit("check", [PASSED, WORSE, FAILED, LEAK]))
    (suite,) = root
    assert {k: suite.get(k) for k in ("tests", "failures", "errors")} == {
        "tests": "4",
        "failures": "2",
        "errors": "1",
    }
    worse = suite[1]
    assert (worse.get("classname"), worse.get("name")) == ("task.a/b.knn", "mae")
    assert "0.7000 → 0.7500" in str(worse[0].get("message"))
    assert "a<b | 100%" in str(suite[2][0].get("message"))


def test_junit_of_nothing_is_an_error_not_a_pass() -> None:
    (suite,) = ET.fromstring(to_junit("check", []))
    assert suite.get("errors") == "1"


def test_annotations_are_one_escaped_line_each_and_only_failures_are_errors() -> None:
    better = Finding(HERE, "mae", State.IMPROVED, "", 0.7, 0.6, 0.01, 5)
    lines = to_annotations([PASSED, FAILED, better])
    assert [line.split(" ")[0] for line in lines] == ["::error", "::notice"]
    assert "100%25%0A" in lines[0]
    assert not any("\n" in line for line in lines)


def test_the_summary_lists_all_but_what_passed_in_rows_of_equal_width() -> None:
    page = to_markdown("check", [PASSED, WORSE, FAILED])
    rows = [line.replace("\\|", "") for line in page.splitlines() if line.startswith("|")]
    assert len(rows) == 4
    assert len({row.count("|") for row in rows}) == 1
    assert "1 pass, 1 regressed, 1 not comparable." in page


def test_counts_of_nothing_say_so() -> None:
    assert counts([]) == "none"
