"""The ledger against the papers' numbers: every recorded verdict, and some by hand."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from benchmark.errors import BenchError
from benchmark.reporting.claims import Ledger, load_claims, on_paper
from benchmark.reporting.printed import printed_table
from benchmark.reporting.published import METRIC_KEYS
from benchmark.repository import PUBLISHED

LEDGER = load_claims()
BY_ID = {claim.id: claim for claim in LEDGER.claims}

# Of the 61 claims collected from the papers' text and tables, these fail on the papers' own
# numbers, 18 are about figures or theory and print none, and all others hold.
FAIL = {
    "R-I-improves-both",
    "D-T7-win",
    "D-BM-Pre@5",
    "D-BM-Rec@5",
    "D-second-best-DDTCDR",
}
BESIDES = {
    "R-adapt-CD",
    "R-shared-helps",
    "R-interaction-matters",
    "R-T3-mae-all",
    "R-competitive",
    "R-best-baseline",
    "R-source-once",
    "R-multi-sig",
    "R-cold-start",
    *(f"D-T{table}-improved" for table in range(3, 10)),
    "D-T11-all-beat",
    *(f"D-NCF-imhonet-{domain}" for domain in ("book", "movie", "music")),
    *(f"D-NCF-amazon-{domain}" for domain in ("beauty", "fashion", "arts")),
    "D-elbow",
    "D-120-needed",
    "D-multi-matters",
    "D-dim-larger",
    "D-overlap-amazon",
    "D-dual-helps",
    "D-metric-helps",
    "D-orthogonal-fewer",
    "D-sig-amazon",
    "D-T9-sig",
}


@pytest.mark.parametrize("name", BY_ID)
def test_each_claim_gives_what_is_recorded_of_it_on_the_papers_numbers(name: str) -> None:
    claim = BY_ID[name]
    check = on_paper(claim, LEDGER)
    assert check.verdict == claim.paper_verdict
    if isinstance(check.value, float):
        assert round(check.value, 3) == claim.paper_value
    else:
        assert check.value is claim.paper_value


def test_the_61_claims_have_the_verdicts_that_were_found_when_they_were_collected() -> None:
    collected = {claim.id: claim.paper_verdict for claim in LEDGER.claims} | {}
    collected = {name: verdict for name, verdict in collected.items() if name not in BESIDES}
    assert set(BESIDES) < set(BY_ID)
    assert Counter(collected.values()) == {"holds": 38, "fails": 5, "needs-experiment": 18}
    assert {name for name, verdict in collected.items() if verdict == "fails"} == FAIL


@pytest.mark.parametrize(
    ("name", "by_hand"),
    [
        ("R-UI-MI-RMSE", 100 * (1.087 - 0.920) / 1.087),
        ("R-Im-OP-MAE", 100 * (1.759 - 0.868) / 1.759),
        ("R-CD-RMSE", 100 * (1.131 - 1.076) / 1.131),
        ("R-Delta-MI-RMSE", 200 * (0.914 - 0.868) / (0.914 + 0.868)),
        ("R-Delta-OP-MAE", 200 * (0.670 - 0.634) / (0.670 + 0.634)),
        (
            "D-BM-Pre@5",
            100 * ((0.8826 - 0.8595) / 0.8595 + (0.9002 - 0.8925) / 0.8925) / 2,
        ),
    ],
)
def test_numbers_of_claims_are_those_of_the_papers_by_hand(name: str, by_hand: float) -> None:
    assert on_paper(BY_ID[name], LEDGER).value == pytest.approx(by_hand)


@pytest.mark.parametrize(
    ("name", "outside"),
    [
        ("D-T7-win", ["DML over CoNet, Beauty MAE"]),
        ("R-I-improves-both", ["I-DAN (a, u) over UI-DAN (a, u), MI MAE"]),
        ("R-competitive", ["best over DeepCoNN in percent, MI MAE"]),
        ("D-T3-improved", ["gain of DML in percent, Book Rec@5"]),
    ],
)
def test_a_failed_claim_names_the_cells_that_contradict_it(name: str, outside: list[str]) -> None:
    parts = on_paper(BY_ID[name], LEDGER).parts
    assert [part.part.label for part in parts if not part.inside] == outside


def test_improvements_recompute_as_in_the_table_of_recomputed_ones() -> None:
    with (PUBLISHED / "dml_improved_recomputed.csv").open(encoding="utf-8", newline="") as file:
        recomputed = {
            (row["table"], f"gain of DML in percent, {row['domain']} {row['metric']}"): float(
                row["recomputed_vs_best_baseline_pct"]
            )
            for row in csv.DictReader(file)
        }
    for (table, label), percent in recomputed.items():
        parts = on_paper(BY_ID[f"D-T{table}-improved"], LEDGER).parts
        [value] = [part.value for part in parts if part.part.label == label]
        assert value == pytest.approx(percent, abs=0.006)
    assert len(recomputed) == 56


def test_a_claim_needs_an_experiment_if_any_of_its_numbers_is_not_printed() -> None:
    figure = {"table": "dml_table6", "theirs_table": "dml_figure3", "theirs": ["NCF"]}
    claim = BY_ID["D-T6-win"].model_copy(update=figure)
    assert on_paper(claim, LEDGER).verdict == "needs-experiment"
    assert on_paper(claim, LEDGER).value is None


def test_tables_that_print_no_comparison_have_no_cells() -> None:
    assert len(printed_table("dml_table6")) == 80
    assert printed_table("recsysdan_table1") == {}
    assert printed_table("dml_figure3") == {}


def edited(tmp_path: Path, old: str, new: str) -> Path:
    text = (PUBLISHED / "claims.toml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "claims.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('row = "UI-DAN (a, u)"', 'row = "UI-DAN"', "prints no 'UI-DAN', MI RMSE"),
        ('id = "R-UI-MI-MAE"', 'id = "R-UI-MI-RMSE"', "two claims .* 'R-UI-MI-RMSE'"),
        ('kind = "relative-gain"', 'kind = "about"', "'about'"),
        ("tolerance = 1\n", "tolerence = 1\n", "tolerance"),
        ('metrics = ["RMSE"]', 'metrics = ["RSME"]', "'RSME'"),
        ('domains = ["MI"]', 'domains = ["IM"]', "IM RMSE"),
        ('{ metric = "rmse" }', '{ metric = "rsme" }', "unknown metric 'rsme'; did you mean"),
        ("[measures]", "[measures", "not TOML"),
    ],
)
def test_a_claim_that_names_nothing_is_refused_with_its_name(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    with pytest.raises(BenchError, match=message):
        load_claims(edited(tmp_path, old, new))


def test_a_missing_ledger_is_named(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match=r"cannot read claims .*nowhere\.toml"):
        load_claims(tmp_path / "nowhere.toml")


def test_every_experiment_is_about_a_claim_and_every_baseline_table_is_used() -> None:
    tables = {c.table for k in BY_ID.values() for p in k.parts(LEDGER.terms) for c in p.cells}
    assert set(LEDGER.experiments) <= tables
    assert set(LEDGER.baselines) <= tables


def test_printed_metrics_are_the_harness_metrics_that_the_tables_compare_them_with() -> None:
    named = {name: measure.metric for name, measure in LEDGER.measures.items() if measure.metric}
    assert named == METRIC_KEYS


def test_the_schema_of_the_ledger_can_be_given_to_an_editor() -> None:
    assert "relative-gain" in str(Ledger.model_json_schema())
