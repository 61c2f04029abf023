"""A hand-made suite: three tasks beside the papers, one incomplete and one without data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from benchmark.data.card import Card, Comparison, DomainFacts
from benchmark.data.domain import SourceFile
from benchmark.reporting.report import write_report
from benchmark.reporting.summary import Results, summarise
from benchmark.running.manifest import Manifest, MethodEntry, TaskEntry
from benchmark.running.records import Record, Status, Store

HOSTILE = "<script>alert('x')</script> | 100 % of \\a_b & {c}"
MUSIC = ("amazon2014-5core/digital-music", "amazon2014-5core/musical-instruments")
BEAUTY = ("amazon2018-full/all-beauty", "amazon2018-full/amazon-fashion")
OFFICE = ("amazon2014-5core/home-and-kitchen", "amazon2014-5core/office-products")

METHODS = [
    MethodEntry("target-mean", "Target mean", "R", "none", trivial=True),
    MethodEntry("knn", "KNN", "R", "none"),
    MethodEntry("nmf", "NMF", "R", "target validation"),
    MethodEntry("ncf", "NCF", "R", "target validation"),
    MethodEntry("source-only", "Source only", "T", "source, held out of training"),
    MethodEntry("ui-dan", "UI-DAN (a, u)", "T", "source, held out of training"),
    MethodEntry("dml", "DML", "R T F", "target validation"),
]
RMSE = {  # by method, of the seeds 1, 2 and 3, in stars
    "target-mean": (0.9, 0.9, 0.9),
    "knn": (1.0, 1.0, 1.0),
    "nmf": (0.8, 0.9, 1.0),
    "source-only": (1.1, 1.2, 1.3),
    "ui-dan": (0.85, 0.86, 0.87),
}


def record(
    method: str,
    seed: int,
    domains: tuple[str, str],
    metrics: dict[str, dict[str, float]],
    **more: Any,
) -> Record:
    """A finished cell of any task: what the tests do not look at is the same everywhere."""
    source, target = domains
    values: dict[str, Any] = {
        "key": f"{method}-{seed}-{target.rpartition('/')[2]}",
        "suite": "made",
        "task": "made",
        "source": source,
        "target": target,
        "method": method,
        "seed": seed,
        "fold": 0,
        "status": Status.OK,
        "hyperparameters": {"rate": 0.1},
        "metrics": metrics,
        "counts": {
            d: {"test": 2000, "test_users": 1000, "test_users_with_over_5_rows": 2}
            for d in metrics
        },
        "budget": {
            "trials": 12 if method == "nmf" else 1,
            "seconds_tuning": 1.0,
            "seconds_fit": float(seed),
            "seconds_predict": 0.1,
            "peak_gigabytes": 0.5,
        },
        "fingerprints": {"source split": "a" * 64, "target split": "b" * 64},
        "provenance": {"commit": "c" * 40, "python": "3.12", "versions": {"numpy": "2.0"}},
        "traceback": "",
    }
    return Record(**{**values, **more})


def scores(rmse: float) -> dict[str, float]:
    """Every metric that the tables show, all of them tied to one number."""
    return {
        "rmse": rmse,
        "mae": rmse - 0.2,
        "p@5": 0.28,
        "r@5": 1.0,
        "p@5-doml": 0.9,
        "r@5-doml": 1.0,
    }


def failed(method: str, seed: int, domains: tuple[str, str], reason: str) -> Record:
    """A cell that failed."""
    return record(method, seed, domains, {}, status=Status.FAILED, reason=reason, budget={})


def _records() -> Iterator[tuple[str, Record]]:
    for method, rmses in RMSE.items():
        for seed, rmse in zip((1, 2, 3), rmses, strict=True):
            history = {}
            if method == "ui-dan":
                history = {
                    "Df accuracy": [0.9 - 0.1 * epoch + 0.01 * seed for epoch in range(4)],
                    "Df loss": [1.0 + 0.1 * epoch for epoch in range(4)],
                    "Gf loss": [2.0 - 0.3 * epoch for epoch in range(4)],
                }
            facts = {"adversarial epochs": 4} if history else {}
            metrics = {MUSIC[1]: scores(rmse)}
            yield "music", record(method, seed, MUSIC, metrics, history=history, facts=facts)
    yield "music", failed("ncf", 1, MUSIC, HOSTILE)
    yield "music", record("dml", 1, MUSIC, {MUSIC[1]: scores(0.95)})
    yield "music", failed("dml", 2, MUSIC, "no space in /home/someone/results/made")
    for seed in (1, 2, 3):
        both = {BEAUTY[0]: scores(1.5 + seed / 100), BEAUTY[1]: scores(1.4 + seed / 100)}
        yield (
            "beauty",
            record("dml", seed, BEAUTY, both, history={"training loss": [2.0, 1.0, 0.5][:seed]}),
        )
        for source, target in (BEAUTY, BEAUTY[::-1]):
            yield "beauty", record("ncf", seed, (source, target), {target: scores(1.6)})


def _facts(name: str, *, file: SourceFile | None = None) -> DomainFacts:
    return DomainFacts(
        name=name,
        users=1429,
        items=900,
        ratings=10261,
        density=10261 / (1429 * 900),
        ratings_per_user=5.0,
        ratings_per_item=8.0,
        mean=4.489,
        histogram={"1": 217, "2": 250, "3": 772, "4": 2084, "5": 6938},
        with_text=10261,
        training=8209,
        training_with_text=8209,
        items_with_image=0,
        items_with_features=0,
        duplicates=0,
        span=("2004-12-17", "2014-07-22"),
        files=(file,) if file else (),
    )


def _task(
    name: str, domains: tuple[str, str], keys: Sequence[str], card: Card | None, **more: Any
) -> TaskEntry:
    values: dict[str, Any] = {
        "score": "target",
        "published": [],
        "largest": dict.fromkeys(domains, 5.0),
        "unavailable": "",
    }
    card_values = card.to_dict() if card else None
    return TaskEntry(name, *domains, card=card_values, cells=list(keys), **{**values, **more})


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """The records of the suite, on disk."""
    made = Store(tmp_path_factory.mktemp("results"), "made")
    made.create()
    for _, entry in _records():
        made.put(entry)
    return made


@pytest.fixture(scope="session")
def found() -> Manifest:
    """What was planned: three tasks."""
    keys: dict[str, list[str]] = {"music": [], "beauty": []}
    for task, entry in _records():
        keys[task].append(entry.key)
    short = SourceFile("reviews_Digital_Music_5.json.gz", "0" * 64, 6908, 64706)
    music = Card(
        "music",
        _facts(MUSIC[0], file=short),
        _facts(MUSIC[1]),
        shared_users=23,
        shared_items=0,
        vocabulary=1500,
        comparisons=(Comparison("target", "users", 1429.0, 1429.0),),
    )
    beauty = Card("beauty", _facts(BEAUTY[0]), _facts(BEAUTY[1]), 30, 0, 2000)
    pair = {"table": "dml_table6", "pair": "Amazon:Beauty-Fashion"}
    tasks = [
        _task(
            "music",
            MUSIC,
            keys["music"],
            music,
            published=[
                {"table": "recsysdan_table2", "pair": "DM->MI", "domain": "MI", "side": "target"}
            ],
        ),
        _task(
            "office",
            OFFICE,
            [],
            None,
            largest={},
            unavailable="no reviews.json.gz in /home/someone/data or /root/.cache/cdrbench; "
            "download https://example.org/a/b/reviews.json.gz",
            published=[
                {"table": "recsysdan_table2", "pair": "HK->OP", "domain": "OP", "side": "target"}
            ],
        ),
        _task(
            "beauty",
            BEAUTY,
            keys["beauty"],
            beauty,
            score="both",
            published=[
                {**pair, "domain": "Beauty", "side": "source"},
                {**pair, "domain": "Fashion", "side": "target"},
            ],
        ),
    ]
    protocol = {"split": "80/10/10", "text": "summary", "refit": False, "withhold": []}
    return Manifest("made", "Made by hand", protocol, METHODS, tasks)


@pytest.fixture(scope="session")
def results(found: Manifest, store: Store) -> list[Results]:
    """Music's target, then beauty's source and target."""
    return summarise(found, store)


@pytest.fixture(scope="session")
def report(found: Manifest, store: Store, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the suite's report."""
    return write_report(found, store, tmp_path_factory.mktemp("reports")).parent
