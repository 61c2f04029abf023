"""The ledger of claims over several reports: whose verdict counts, and how it is shown."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmark.errors import BenchError
from benchmark.reporting.claim_ledger import (
    CLAIM_COLUMNS,
    DIFFERS,
    decided_claims,
    standings,
    whole_ledger,
)
from benchmark.reporting.claims import load_claims


def test_claims_are_kept_as_data(report: Path) -> None:
    with (report / "claims.csv").open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        claims = {row["id"]: row for row in reader}
        assert tuple(reader.fieldnames or ()) == CLAIM_COLUMNS
    held = claims["R-UI-MI-RMSE"]
    assert (held["verdict"], held["on_paper"], held["data"]) == (
        "inconclusive",
        "holds",
        "music",
    )
    assert "INCOMPLETE: 6,908 of 64,706 rows" in held["caveats"]


WriteClaims = Callable[..., None]
"""Of a suite, the verdict of each claim by its id."""


@pytest.fixture
def write_claims(tmp_path: Path) -> WriteClaims:
    def write(suite: str, /, caveats: str = "", **verdicts: str) -> None:
        folder = tmp_path / suite
        folder.mkdir()
        with (folder / "claims.csv").open("w", encoding="utf-8", newline="") as file:
            lines = csv.writer(file)
            lines.writerow(CLAIM_COLUMNS)
            for name, verdict in verdicts.items():
                about = (name, "DML", "Table 4", f"{name} is so")
                lines.writerow([*about, verdict, "fails", "task", "1 of 2", "why", caveats])

    return write


@pytest.mark.parametrize(
    ("verdicts", "standing"),
    [
        (["holds", "holds"], "holds"),
        (["fails", "inconclusive"], "fails"),
        (["not testable here", "holds"], "holds"),
        (["holds", "fails"], DIFFERS),
        (["inconclusive", "not testable here"], "inconclusive"),
        (["not testable here", "not testable here"], "not testable here"),
    ],
)
def test_who_decides_a_claim_is_heard(
    verdicts: list[str], standing: str, write_claims: WriteClaims, tmp_path: Path
) -> None:
    for number, verdict in enumerate(verdicts):
        write_claims(f"suite-{number}", claim=verdict)
    suites = [f"suite-{number}" for number in range(len(verdicts))]
    (only,) = standings(suites, tmp_path)
    assert only.verdict == standing


def test_decided_claims_come_with_their_suites_and_caveats_once(
    write_claims: WriteClaims, tmp_path: Path
) -> None:
    write_claims("one", caveats="INCOMPLETE; Stand-in", A="fails", B="inconclusive")
    write_claims("two", caveats="Stand-in", A="fails", B="not testable here", C="holds")
    assert decided_claims(["one", "two"], tmp_path, "../there").splitlines() == [
        "Of 3 claims: 1 hold, 1 fail, 1 inconclusive.",
        "",
        "| Here | Claim | On the paper’s own numbers | Suite | Caveats |",
        "| --- | --- | --- | --- | --- |",
        "| **holds** | C is so (DML, Table 4) | fails | [two](../there/two/report.md) | 1 |",
        "| **fails** | A is so (DML, Table 4) | fails | [one](../there/one/report.md), "
        "[two](../there/two/report.md) | 2, 1 |",
        "",
        "1. Stand-in",
        "2. INCOMPLETE",
    ]


def test_the_whole_ledger_has_every_claim_with_its_reason(
    write_claims: WriteClaims, tmp_path: Path
) -> None:
    write_claims("one", caveats="Stand-in", A="fails", B="inconclusive", D="not testable here")
    ledger = whole_ledger(["one"], tmp_path, "..")
    assert "### fails: A is so\n\nTable 4; `A`; on the paper’s own numbers: fails.\n" in ledger
    assert "- [one](../one/report.md): **fails** on task; why\n  - 1 of 2\n  - Stand-in" in ledger
    assert "### inconclusive: B is so" in ledger
    assert "| D is so (`D`) | Table 4 | fails |" in ledger


def test_how_a_claim_is_read_stands_beside_its_verdict(
    write_claims: WriteClaims, tmp_path: Path
) -> None:
    [note] = [claim.note for claim in load_claims().claims if claim.id == "R-weights"]
    assert "likeness alone shows nothing" in note
    write_claims("one", caveats="Stand-in", **{"R-weights": "holds"})
    decided = decided_claims(["one"], tmp_path, "..")
    assert "| [one](../one/report.md) | 1, 2 |" in decided
    assert f"\n1. Stand-in\n2. {note}\n" in decided
    assert f"on the paper’s own numbers: fails.\n\n{note}\n\n- [one]" in whole_ledger(
        ["one"], tmp_path, ".."
    )


def test_a_report_that_is_not_there_is_named_with_the_command(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="run: bench report --suite nowhere"):
        standings(["nowhere"], tmp_path)
    with pytest.raises(BenchError, match="run: bench study all"):
        standings(["studies"], tmp_path)
