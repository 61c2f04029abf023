"""What fits have kept beside their scores, with the records and rows that it belongs to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from numpy.typing import NDArray

from benchmark.reporting.summary import Results, Row
from benchmark.running.records import Record, Store


class Kept(NamedTuple):
    """A record's arrays by name, and the first table and row that it stands in."""

    results: Results
    row: Row
    record: Record
    arrays: Mapping[str, NDArray[Any]]


def kept(results: Sequence[Results], store: Store) -> Iterator[Kept]:
    """Each record that has kept something, once, though it may stand in two tables."""
    seen: set[str] = set()
    for result in results:
        for row in result.rows:
            for record in row.done:
                if record.key not in seen and store.has_artifacts(record.key):
                    seen.add(record.key)
                    yield Kept(result, row, record, store.artifacts_of(record.key))
