"""Runs of studies: rows as CSV, and beside them from what and with what they were computed."""

from __future__ import annotations

import hashlib
import io
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from threadpoolctl import threadpool_limits

from benchmark.running.method_code import code_hash
from benchmark.running.provenance import provenance
from benchmark.running.records import write_atomically
from benchmark.study import Study

THREADS = 1
"""Of a study, so that its times are those of one processor."""


@dataclass(frozen=True)
class Outcome:
    """The rows of a study for all its seeds, and what is recorded of the run."""

    study: Study
    rows: pd.DataFrame
    record: dict[str, Any]


def folder(results: Path, *, quick: bool) -> Path:
    """Where rows are kept: quick ones apart, for they are no results."""
    return results / ("studies-quick" if quick else "studies")


def configured(study: type[Study], *, quick: bool) -> Study:
    """The study in its full or its quick size."""
    return study(**study.quick) if quick else study()


def run_study(
    study: Study, seeds: Sequence[int], place: Path, *, on_seed: Callable[[int], None]
) -> Outcome:
    """Compute the rows of all seeds and write them, unless the same are there already.

    The same: of the same code, sizes and seeds. ``on_seed`` is told each seed before it starts.

    Raises:
        BenchError: the rows cannot be written.
    """
    key = _key(study, seeds)
    known = load(study, place)
    if known is not None and known.record["key"] == key:
        return known
    rows = []
    with threadpool_limits(THREADS):
        if "torch" in sys.modules:
            sys.modules["torch"].set_num_threads(THREADS)
        for seed in seeds:
            on_seed(seed)
            rows.append(study.run(seed=seed).assign(seed=seed))
    text = pd.concat(rows, ignore_index=True).to_csv(index=False).encode()
    record = {
        "key": key,
        "study": study.name,
        "sizes": asdict(study),
        "seeds": list(seeds),
        "sha256": hashlib.sha256(text).hexdigest(),
        "provenance": provenance(THREADS),
    }
    # The record comes last: where it is, and its sha256 is that of the rows, all of them are.
    write_atomically(place / f"{study.name}.csv", text)
    written = json.dumps(record, indent=1, ensure_ascii=False) + "\n"
    write_atomically(place / f"{study.name}.json", written.encode())
    return Outcome(study, _rows(text), record)


def load(study: Study, place: Path) -> Outcome | None:
    """What :func:`run_study` wrote for a study of these sizes, or None where it is not whole."""
    try:
        text = (place / f"{study.name}.csv").read_bytes()
        record = json.loads((place / f"{study.name}.json").read_text(encoding="utf-8"))
        whole = record["sha256"] == hashlib.sha256(text).hexdigest()
        same = record["sizes"] == json.loads(json.dumps(asdict(study)))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return Outcome(study, _rows(text), record) if whole and same else None


def _rows(text: bytes) -> pd.DataFrame:
    # Always as read back, so that a table is the same whether its rows were computed just now.
    return pd.read_csv(io.BytesIO(text))


def _key(study: Study, seeds: Sequence[int]) -> str:
    determinants = [study.name, code_hash(type(study)), asdict(study), list(seeds)]
    return hashlib.sha256(json.dumps(determinants).encode()).hexdigest()[:24]
