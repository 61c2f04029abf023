"""What was read of a few test pairs beside prediction and rating (RecSys-DAN, Table V)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from benchmark.reporting.kept import Kept, kept
from benchmark.reporting.layout import Cell, Column, Table, number
from benchmark.reporting.summary import Results
from benchmark.reporting.tables import anchor
from benchmark.running.manifest import MethodEntry, TaskEntry
from benchmark.running.records import Store

_SHOWN = 4
"""Pairs, as many as the paper prints: two unimodal, two multimodal."""
_WORDS = 24
"""Of a document; about as many stand in the paper before its "(...)"."""
_IMAGES = "I"
"""What multimodal methods read of the target, as the tables write it."""


def sample_table(task: TaskEntry, results: Sequence[Results], store: Store) -> Table:
    """Pairs of the task's target, of its first unimodal and first multimodal fit that kept any."""
    fits: dict[bool, Kept] = {}
    for fit in kept(results, store):
        if fit.record.target == task.target and _samples(fit):
            fits.setdefault(_is_multimodal(fit.row.method), fit)
    each = _SHOWN // max(len(fits), 1)
    shown = [(kind, fits[kind], _samples(fits[kind])[:each]) for kind in sorted(fits)]
    lengths = [len(samples) for _, _, samples in shown]
    notes = [
        "The first of the test pairs that were kept, which are spread evenly over all: none was "
        f"chosen for its prediction. Documents as the network read them, cut (...) after {_WORDS} "
        "words; <UNK> is a word outside of the vocabulary. Predictions are not clipped."
    ]
    if True not in fits:
        notes.append("Unimodal only: no multimodal fit has kept any here.")
    return Table(
        f"{task.name}--samples",
        f"{task.name}: what was read of test pairs, and predictions (as RecSys-DAN, Table V)",
        [
            Column("Method"),
            Column("Reviews written by user", prose=True),
            Column("Reviews and/or images associated to item", prose=True),
            Column("Prediction", True),
            Column("Truth", True),
        ],
        [_row(kind, fit, sample) for kind, fit, samples in shown for sample in samples],
        notes,
        rules=frozenset(lengths[:1] if len(shown) > 1 else ()),
        sortable=False,
    )


def _samples(fit: Kept) -> list[dict[str, Any]]:
    """Those that have a user's and an item's part, as the paper's table does."""
    told = [json.loads(str(text)) for text in fit.arrays.get("explanations", ())]
    return [sample for sample in told if {"user", "item"} <= sample.keys()]


def _is_multimodal(method: MethodEntry) -> bool:
    return _IMAGES in method.target_data.split()


def _row(multimodal: bool, fit: Kept, sample: dict[str, Any]) -> list[Cell]:
    kind = "multimodal" if multimodal else "unimodal"
    return [
        Cell(f"{fit.row.method.title} ({kind})", link=anchor(fit.results, fit.row)),
        Cell(_shortened(sample["user"])),
        Cell(_shortened(sample["item"])),
        Cell(number(sample["prediction"], 2), sample["prediction"]),
        Cell(f"{sample['rating']:g}", sample["rating"]),
    ]


def _shortened(document: str) -> str:
    words = document.split()
    return " ".join(words if len(words) <= _WORDS else [*words[:_WORDS], "(...)"])
