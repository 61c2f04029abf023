"""Predictions made elsewhere get the methods' metrics and a place among them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_suite import SUITE, Small

from benchmark.running.records import Store

TASK = ("--task", "small")


@pytest.fixture(scope="module")
def exported(small_once: Small, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported") / "small"
    done = small_once.bench("data", "export", *TASK, "--out", folder)
    assert done.exit_code == 0, done.output
    return folder


def predictions_of(small: Small, method: str, domain: str, test: pd.DataFrame) -> pd.DataFrame:
    """A method's own predictions as a file of predictions, in test order as they are stored."""
    store = Store(small.results, "small")
    found = [store.get(path.stem) for path in store.records.glob("*.json")]
    (record,) = [
        record
        for record in found
        if record and record.method == method and record.seed == 1 and domain in record.metrics
    ]
    clipped = np.clip(store.predicted(record.key), 1, 5)
    return test[["user", "item"]].assign(rating=clipped)


@pytest.mark.parametrize("side", ["target", "source"])
def test_a_methods_own_predictions_get_exactly_its_metrics(
    side: str, small_once: Small, exported: Path, tmp_path: Path
) -> None:
    test = pd.read_csv(exported / side / "test.csv")
    mine = predictions_of(small_once, "bias", f"synthetic/{side}", test)
    file = tmp_path / "mine.parquet"
    mine.sample(frac=1, random_state=1).to_parquet(file)
    done = small_once.bench("score", file, *TASK, "--domain", f"synthetic/{side}")
    assert done.exit_code == 0, done.output
    rows = [line.split("│")[1:] for line in done.output.splitlines() if line.startswith("│")]
    by_title = {row[0].strip(): [cell.strip() for cell in row[1:5]] for row in rows}
    assert by_title["mine.parquet"] == by_title["User + item bias"]
    assert "place 1 of 4" in done.output
    assert "differences are zero" in done.output


def test_test_ratings_themselves_ring_the_alarm(small_once: Small, exported: Path) -> None:
    done = small_once.bench("score", exported / "target" / "test.csv", *TASK)
    assert done.exit_code == 0
    assert "suspected leak" in done.output


def test_without_records_the_metrics_come_alone(small: Small, exported: Path) -> None:
    for path in (small.results / "small" / "records").glob("*.json"):
        path.unlink()
    done = small.bench("score", exported / "target" / "test.csv", *TASK)
    assert done.exit_code == 0
    assert "place 1 of 1" in done.output
    assert "no records to compare with" in done.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--task", "smal"], "unknown task 'smal' in suite 'small'; did you mean 'small'?"),
        ([*TASK, "--domain", "synthetic/targe"], "did you mean 'synthetic/target'?"),
        ([*TASK, "--fold", "1"], "--fold 1: the split 80/10/10 has 1"),
    ],
)
def test_bad_input_is_one_clear_line(
    arguments: list[str], message: str, small_once: Small, exported: Path
) -> None:
    refused = small_once.bench("score", exported / "target" / "test.csv", *arguments)
    assert refused.exit_code == 2
    assert message in refused.output


def test_a_domain_that_the_task_does_not_score_is_refused(small: Small, exported: Path) -> None:
    small.suite.write_text(SUITE.replace('score = "both"', ""))
    refused = small.bench(
        "score", exported / "source" / "test.csv", *TASK, "--domain", "synthetic/source"
    )
    assert refused.exit_code == 2
    assert "unknown domain 'synthetic/source'" in refused.output


def test_rows_of_another_part_are_refused_by_name(small_once: Small, exported: Path) -> None:
    refused = small_once.bench("score", exported / "target" / "train.csv", *TASK)
    assert refused.exit_code == 2
    assert "rows given that are not in the test: user '" in refused.output
