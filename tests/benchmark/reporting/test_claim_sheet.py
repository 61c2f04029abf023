"""Claims are judged by the records of the tasks that stand for the papers' tables."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmark.reporting.claim_sheet import Line, Sheet, claim_sheet
from benchmark.reporting.claims import load_claims
from benchmark.reporting.experiments import experiments
from benchmark.reporting.summary import Results
from benchmark.reporting.verdicts import Verdict
from benchmark.running.manifest import Manifest
from benchmark.running.records import Store


@pytest.fixture(scope="module")
def sheet(found: Manifest, results: list[Results]) -> Sheet:
    return claim_sheet(load_claims(), found, results, test_train=0.0)


def line(sheet: Sheet, claim: str) -> Line:
    [found] = [line for line in sheet.lines if line.claim.id == claim]
    return found


def test_a_claim_is_judged_by_the_runs_of_its_rows(sheet: Sheet) -> None:
    # Source only is at 1.1, 1.2, 1.3 and UI-DAN at 0.85, 0.86, 0.87: a gain of 28 %, not of 15.
    found = line(sheet, "R-UI-MI-RMSE")
    assert found.judgement.findings[0].value == pytest.approx(100 * (1.2 - 0.86) / 1.2)
    assert found.judgement.findings[0].runs == 3
    assert found.numbers[0].startswith("gain of UI-DAN (a, u) in percent: 28.33 [")
    assert found.paper.verdict == "holds"
    assert found.warnings == [
        "INCOMPLETE: 6,908 of 64,706 rows in reviews_Digital_Music_5.json.gz"
    ]


def test_a_claim_on_data_that_is_not_there_is_not_testable(sheet: Sheet) -> None:
    assert line(sheet, "R-UI-OP-RMSE").verdict is Verdict.NOT_TESTABLE
    assert line(sheet, "D-T3-win").verdict is Verdict.NOT_TESTABLE


def test_what_is_to_be_kept_in_mind_of_a_suite_stands_beside_what_it_tests(
    found: Manifest, results: list[Results]
) -> None:
    small = replace(found, caveats=["Small networks."])
    sheet = claim_sheet(load_claims(), small, results, test_train=0.0)
    assert line(sheet, "R-UI-MI-RMSE").warnings[-1] == "Small networks."
    assert line(sheet, "R-UI-OP-RMSE").warnings == []  # Nothing was measured.


def test_tested_claims_come_first(sheet: Sheet) -> None:
    order = [list(Verdict).index(found.verdict) for found in sheet.lines]
    assert order == sorted(order)
    assert len(sheet.tested) == len(sheet.lines) - len(sheet.of(Verdict.NOT_TESTABLE))


def test_sizes_of_complete_data_decide_claims_about_them(
    sheet: Sheet, found: Manifest, results: list[Results]
) -> None:
    assert line(sheet, "D-overlap-amazon").verdict is Verdict.FAILS  # 30 shared users, not 30,000
    assert line(sheet, "R-voc").verdict is Verdict.NOT_TESTABLE  # A file is incomplete.


def test_of_tasks_that_differ_in_switches_the_first_is_counted(
    found: Manifest, results: list[Results]
) -> None:
    beauty = found.tasks[2]
    assert beauty.card is not None
    # Another text field, say, or a split that leaves other users out.
    other = replace(beauty, name="switched", card={**beauty.card, "shared_users": 30_000})
    first, second = (
        claim_sheet(load_claims(), replace(found, tasks=tasks), [], test_train=0.0)
        for tasks in ([beauty, other], [other, beauty])
    )
    values = [
        [f.value for f in line(each, "D-overlap-amazon").judgement.findings if f.value is not None]
        for each in (first, second)
    ]
    assert values == [[30], [30_000]]


@pytest.mark.parametrize(
    ("claim", "said"),
    [("D-overlap-amazon", "24,000 to 36,000"), ("R-baselines-fail", "at most 0")],
)
def test_a_range_is_told_as_it_is_judged(
    sheet: Sheet, found: Manifest, results: list[Results], store: Store, claim: str, said: str
) -> None:
    cells = experiments(found, results, store)
    told = claim_sheet(load_claims(), found, results, test_train=0.0, beyond=cells)
    assert line(told, claim).numbers[0].endswith(f", claimed {said}")


def test_the_order_of_methods_is_compared_with_the_papers(sheet: Sheet) -> None:
    orders = {order.column: order.agreement for order in sheet.orders}
    agreement = orders["RecSys-DAN, Table II, MI RMSE"]
    # Printed: UI-DAN 0.920, NMF 0.922, KNN 1.040, source only 1.087; so are ours.
    assert agreement.sentence == "6 of 6 orderings hold"
    assert agreement.tau == 1.0


def test_a_failed_run_is_no_pair_of_any_other(found: Manifest, results: list[Results]) -> None:
    music = results[0]
    fewer = [
        replace(row, records=row.records[:2]) if row.method.name == "ui-dan" else row
        for row in music.rows
    ]
    sheet = claim_sheet(load_claims(), found, [replace(music, rows=fewer)], test_train=0.0)
    finding = line(sheet, "R-UI-MI-RMSE").judgement.findings[0]
    assert finding.runs == 2
    # Seeds 1 and 2 of both: 1.1, 1.2 and 0.85, 0.86.
    assert finding.value == pytest.approx(100 * (1.15 - 0.855) / 1.15)
    # Runs that are not there may be those that went badly.
    assert (
        "UI-DAN (a, u) has 2 of 3 runs on amazon2014-5core/musical-instruments"
        in line(sheet, "R-UI-MI-RMSE").warnings
    )


def test_runs_of_two_tasks_are_paired_by_fold_and_seed(
    found: Manifest, results: list[Results]
) -> None:
    # Both tasks have three runs, of which they share two.
    tasks, own = [], []
    for users, seeds, rmses in ((8, (1, 2, 3), (1.0, 2.0, 3.0)), (0, (1, 2, 4), (1.5, 2.6, 9.0))):
        base = results[2]
        published = [
            {"table": "dml_figure3", "pair": "Amazon:Beauty-Fashion", "side": "target",
             "domain": "Fashion", "row": f"{users} overlap users"}
        ]  # fmt: skip
        task = replace(base.task, name=f"overlap-{users}", published=published)
        [dml] = [row for row in base.rows if row.method.name == "dml"]
        records = [
            replace(record, seed=seed, metrics={base.domain: {"rmse": 5 * rmse}})
            for record, seed, rmse in zip(dml.records, seeds, rmses, strict=True)
        ]
        tasks.append(task)
        own.append(replace(base, task=task, rows=[replace(dml, records=records)]))
    suite = replace(found, tasks=tasks)
    sheet = claim_sheet(load_claims(), suite, own, test_train=0.0)
    [rmse] = [f for f in line(sheet, "D-0-users").judgement.findings if "Fashion RMSE" in f.label
              and f.runs]  # fmt: skip
    assert rmse.runs == 2
    assert rmse.value == pytest.approx((0.5 + 0.6) / 2)


def standing_in(found: Manifest, results: list[Results], **more: object) -> Sheet:
    """The claims where beauty's target stands in for the book domain of DML's Table 3."""
    place = {"table": "dml_table3", "pair": "Imhonet:Book-Movie", "domain": "Book"}
    beauty = results[2]
    task = replace(beauty.task, published=[{**place, "side": "target", "stand_in": True, **more}])
    suite = replace(found, tasks=[task])
    return claim_sheet(load_claims(), suite, [replace(beauty, task=task)], test_train=0.0)


def test_a_verdict_on_stand_in_data_says_so(found: Manifest, results: list[Results]) -> None:
    sheet = standing_in(found, results)
    tested = [line for line in sheet.tested if line.tasks]
    assert tested
    for each in tested:
        assert each.warnings[0] == (
            "Stand-in data: amazon2018-full/amazon-fashion for Book of Imhonet:Book-Movie"
        )


def test_sizes_of_stand_in_data_decide_nothing(found: Manifest, results: list[Results]) -> None:
    sheet = standing_in(found, results)
    assert line(sheet, "D-overlap-amazon").verdict is Verdict.NOT_TESTABLE


def test_a_row_may_be_a_task(found: Manifest, results: list[Results]) -> None:
    place = {"table": "dml_figure3", "pair": "Amazon:Beauty-Fashion", "side": "target"}
    tasks, own = [], []
    for users, base in ((8, results[2]), (0, results[2])):
        published = [{**place, "domain": "Fashion", "row": f"{users} overlap users"}]
        task = replace(base.task, name=f"overlap-{users}", published=published)
        tasks.append(task)
        own.append(replace(base, task=task))
    suite = replace(found, tasks=tasks)
    sheet = claim_sheet(load_claims(), suite, own, test_train=0.0)
    findings = line(sheet, "D-0-users").judgement.findings
    measured = [finding for finding in findings if finding.runs]
    assert len(measured) == 4  # Fashion's metrics; Beauty has no place here.
    assert {finding.value for finding in measured} == {0.0}


def test_the_paper_s_cells_that_do_not_recompute_are_listed(sheet: Sheet) -> None:
    table3 = line(sheet, "D-T3-improved")
    assert table3.paper.verdict == "fails"
    [cell] = table3.not_recomputed
    assert cell == "gain of DML in percent, Book Rec@5: 2.668, claimed 3.69 to 3.73"
    assert line(sheet, "D-T5-improved").not_recomputed == []
