"""What a suite makes of neighbours that would not fit into memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.running.records import Record, Status, Store
from tests.benchmark.small_suite import SUITE, Small


@pytest.mark.slow
def test_too_many_users_are_an_out_of_memory_record_and_not_a_dead_machine(
    tmp_path: Path,
) -> None:
    small = Small(tmp_path)
    suite = SUITE.replace('["target-mean", "bias", "normal"]', '["knn"]')
    suite = suite.replace("seeds = [1, 2]", "seeds = [1]").replace('score = "both"', "")
    suite = suite.replace("[protocol]", "[settings.knn]\nmax_gigabytes = 1e-5\n\n[protocol]")
    small.suite.write_text(suite, encoding="utf-8")
    result = small.bench("run", "--reports-dir", tmp_path / "reports")
    assert result.exit_code == 1
    (file,) = Store(small.results, "small").records.glob("*.json")
    record = Record.from_json(file.read_text(encoding="utf-8"))
    assert record.status is Status.OUT_OF_MEMORY
    assert record.reason.startswith("knn: the similarities of 60 users need 0.0 GB")
    assert "raise it or use a smaller edition" in record.reason
