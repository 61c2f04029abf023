"""What every registered study keeps to, and the command that runs them."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from benchmark.cli import bench
from benchmark.errors import BenchError
from benchmark.registry import STUDIES, find_studies
from benchmark.reporting.claims import load_claims
from benchmark.reporting.studies import study_claims, study_figure, study_table
from benchmark.running.studies import Outcome, configured, load, run_study
from benchmark.study import Study

pytestmark = pytest.mark.xdist_group("studies")  # Which share what is computed once.

every_study = pytest.mark.parametrize("study", STUDIES, ids=[s.name for s in STUDIES])
CHEAP = "dml-perturbation"


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    """The quick outcome of each study, from two seeds."""
    place = tmp_path_factory.mktemp("studies")
    return {
        study.name: run_study(
            configured(study, quick=True), [1, 2], place, on_seed=lambda seed: None
        )
        for study in STUDIES
    }


@every_study
def test_the_same_seed_gives_the_same_rows_but_for_timings(
    study: type[Study], outcomes: dict[str, Outcome]
) -> None:
    again = configured(study, quick=True).run(seed=2).drop(columns=list(study.timings))
    before = outcomes[study.name].rows
    before = before[before["seed"] == 2].drop(columns=["seed", *study.timings])
    pd.testing.assert_frame_equal(
        again, before.reset_index(drop=True), check_dtype=False, rtol=1e-12
    )


@every_study
def test_a_study_has_a_table_a_figure_and_findings(
    study: type[Study], outcomes: dict[str, Outcome]
) -> None:
    outcome = outcomes[study.name]
    table, figure = study_table(outcome), study_figure(outcome)
    assert all(len(row) == len(table.columns) for row in table.rows)
    assert len(figure.panels) == len(study.panels)
    assert all(finding.endswith(".") for finding in outcome.study.findings(outcome.rows))
    for panel in study.panels:
        assert {panel.x, panel.y, panel.by, *panel.where} <= set(outcome.rows)
    assert set(study.timings) <= set(outcome.rows)


@every_study
def test_a_study_measures_cells_that_claims_name(
    study: type[Study], outcomes: dict[str, Outcome]
) -> None:
    ledger = load_claims()
    named = {
        tuple(cell)
        for claim in ledger.claims
        for p in claim.parts(ledger.terms)
        for cell in p.cells
    }
    measured = outcomes[study.name].study.measured(outcomes[study.name].rows)
    assert not measured or set(measured) & named
    assert all(len(values) == 2 for values in measured.values())


def test_the_claims_on_overlap_are_judged(outcomes: dict[str, Outcome]) -> None:
    verdicts = {
        line.claim.id: line.verdict for line in study_claims(outcomes["dml-overlap-needed"])
    }
    # 120 users determine the map, and so do 16, which the paper's count denies.
    assert verdicts == {"D-120": "holds", "D-120-needed": "fails"}


def test_the_claim_on_linear_time_is_judged(outcomes: dict[str, Outcome]) -> None:
    (line,) = study_claims(outcomes["dml-scaling"])
    assert (line.claim.id, line.tasks, line.warnings) == (
        "D-linear",
        ["dml-scaling"],
        ["Planted data"],
    )


def test_the_claim_on_composed_maps_is_judged(outcomes: dict[str, Outcome]) -> None:
    lines = study_claims(outcomes["dml-three-domains"])
    assert [line.claim.id for line in lines] == ["D-multi", "D-multi-matters"]


def run(folder: Path, *arguments: str) -> Result:
    places = ["--results-dir", str(folder / "results"), "--reports-dir", str(folder / "reports")]
    return CliRunner().invoke(bench, ["study", *arguments, *places])


def test_the_command_writes_rows_provenance_and_report(tmp_path: Path) -> None:
    result = run(tmp_path, CHEAP, "--quick", "--seeds", "1,2")
    assert result.exit_code == 0, result.output
    rows = pd.read_csv(tmp_path / "results" / "studies-quick" / f"{CHEAP}.csv")
    assert set(rows["seed"]) == {1, 2}
    record = json.loads((tmp_path / "results" / "studies-quick" / f"{CHEAP}.json").read_text())
    assert record["sizes"]["sizes"] == [4, 16]
    assert record["provenance"]["python"]
    reports = tmp_path / "reports" / "studies-quick"
    for name in (
        "index.html",
        "report.md",
        "claims.csv",
        f"tables/{CHEAP}.md",
        f"figures/{CHEAP}.png",
    ):
        assert (reports / name).stat().st_size > 0
    assert "Proposition 1" in (reports / "index.html").read_text()


@pytest.mark.parametrize("kind", ["results", "reports"])
def test_a_folder_that_cannot_be_written_to_is_refused_before_a_study_runs(
    tmp_path: Path, kind: str
) -> None:
    (tmp_path / kind).write_text("a file where a folder should be")
    refused = run(tmp_path, CHEAP, "--quick", "--seeds", "1")
    assert refused.exit_code == 2
    [line] = refused.stderr.splitlines()
    assert line.startswith(f"bench: cannot write {kind} to ")
    assert line.endswith(f"choose another folder with --{kind}-dir")


def test_what_is_there_is_not_computed_again(tmp_path: Path) -> None:
    run(tmp_path, CHEAP, "--quick", "--seeds", "1")
    assert "seed" not in run(tmp_path, CHEAP, "--quick", "--seeds", "1").stderr
    assert f"{CHEAP}: seed 2" in run(tmp_path, CHEAP, "--quick", "--seeds", "1,2").stderr


def test_rows_cut_short_are_computed_again(tmp_path: Path) -> None:
    study = configured(find_studies(CHEAP)[0], quick=True)
    run_study(study, [1], tmp_path, on_seed=lambda seed: None)
    path = tmp_path / f"{CHEAP}.csv"
    path.write_text(path.read_text()[:-20])
    assert load(study, tmp_path) is None


def test_an_unknown_study_gets_a_suggestion() -> None:
    with pytest.raises(BenchError, match="unknown study 'dml-scalin'; did you mean 'dml-scaling'"):
        find_studies("dml-scalin")


@pytest.mark.parametrize(
    ("seeds", "message"),
    [("a", "not a list of whole numbers"), ("1,1", "each is listed once"), ("", "names nothing")],
)
def test_seeds_that_are_none_are_refused(seeds: str, message: str, tmp_path: Path) -> None:
    result = run(tmp_path, CHEAP, "--seeds", seeds)
    assert result.exit_code == 2
    assert message in result.output


def test_names_of_studies_are_unique() -> None:
    assert len({study.name for study in STUDIES}) == len(STUDIES)
