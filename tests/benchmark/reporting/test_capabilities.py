"""Table IV, measured: who runs without what, and who is refused with which reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.reporting.capabilities import capability_tables
from benchmark.reporting.layout import Table
from benchmark.reporting.summary import summarise
from benchmark.running.manifest import load
from benchmark.running.records import Status, Store
from tests.benchmark.small_suite import SUITE, Small

pytestmark = pytest.mark.slow  # A process a cell, and a report.

METHODS = ["always-max", "bias", "emcdr"]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Small:
    """Two tasks on the same data, of which one withholds the target's ratings."""
    folder: Path = tmp_path_factory.mktemp("capabilities")
    head, task = SUITE.replace('score = "both"', "").split("[[tasks]]")
    head = head.replace('["target-mean", "bias", "normal"]', str(METHODS).replace("'", '"'))
    head = head.replace("seeds = [1, 2]", "seeds = [1]")
    head += '[tuning]\nmethods = "all"\ntrials = 1\n'
    without = task.replace(
        'name = "small"', 'name = "without"\nprotocol = { withhold = ["target ratings"] }'
    )
    made = Small(folder)
    made.suite.write_text(f"{head}[[tasks]]{task}[[tasks]]{without}", encoding="utf-8")
    assert made.bench("run", "--reports-dir", folder / "reports").exit_code == 0
    return made


@pytest.fixture(scope="module")
def table(small: Small) -> Table:
    store = Store(small.results, "small")
    found = load(store)
    assert found is not None
    (made,) = capability_tables(found, summarise(found, store))
    return made


def row(table: Table, title: str) -> dict[str, str]:
    (found,) = (line for line in table.rows if line[0].text == title)
    return {column.title: cell.text for column, cell in zip(table.columns, found, strict=True)}


def test_a_method_of_target_ratings_is_refused_with_the_reason(table: Table) -> None:
    bias = row(table, "User + item bias")
    assert bias["with all"].startswith("ran (")
    assert bias["without target ratings"] == (
        "refused: needs ratings of the target, which are withheld"
    )
    assert bias["Learning in the target"] == "supervised"


def test_a_method_that_reads_nothing_of_the_target_runs(table: Table) -> None:
    always = row(table, "Always maximum")
    assert always["with all"] == always["without target ratings"]
    assert always["Learning in the target"] == "none"


def test_the_papers_row_stands_beside(table: Table) -> None:
    assert row(table, "EMCDR")["Inputs, paper"] == "rating"
    assert row(table, "EMCDR")["Learning, paper"] == "supervised"
    assert row(table, "User + item bias")["Inputs, paper"] == ""


def test_nothing_is_tuned_on_ratings_that_are_withheld(small: Small) -> None:
    store = Store(small.results, "small")
    found = load(store)
    assert found is not None
    records = [store.get(key) for task in found.tasks for key in task.cells]
    withheld = [r for r in records if r is not None and r.task == "without"]
    assert {r.status for r in withheld} == {Status.OK, Status.NOT_APPLICABLE}
    assert not any(r.trials for r in withheld)
    assert all(r.protocol["withhold"] == ["target ratings"] for r in withheld)


def test_the_table_is_written_beside_the_papers_tables(small: Small) -> None:
    written = small.folder / "reports" / "small" / "tables" / "recsysdan_table4.md"
    assert "which are withheld" in written.read_text(encoding="utf-8")
