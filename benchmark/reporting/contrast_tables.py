"""What the tests say of the paper's system against every other row, a table a metric."""

from __future__ import annotations

from collections.abc import Sequence

from benchmark.evaluation.metrics import METRICS
from benchmark.evaluation.power import Power
from benchmark.evaluation.significance import Evidence
from benchmark.reporting.contrasts import MARGIN, Contrast, Contrasts
from benchmark.reporting.layout import Cell, Column, Mark, Table
from benchmark.reporting.summary import Results, Row
from benchmark.reporting.tables import anchor, table_name

_COLUMNS = (
    Column("Against"),
    Column("Gain over runs", True, "Gain", "over runs [95 %]"),
    Column("Gain over users", True, "Gain", "over users [95 %]"),
    Column("p, the papers’ paired t", True, "p over runs", "paired t"),
    Column("p, corrected for folds", True, "p over runs", "corrected"),
    Column("p, permutation", True, "p over runs", "permutation"),
    Column("p, bootstrap over users", True, "p over users", "bootstrap"),
    Column("p, Wilcoxon over users", True, "p over users", "Wilcoxon"),
    Column("p, larger of both, Holm", True, "Verdict", "p, Holm"),
    Column("Sign", False, "Verdict", "sign"),
    Column("p, equivalent", True, "Verdict", "p, equivalent"),
    Column("Cohen’s d", True, "Effect size [95 %]", "Cohen’s d"),
    Column("Cliff’s δ", True, "Effect size [95 %]", "Cliff’s δ"),
    Column("Smallest gain these runs detect", True, "Power 0.8", "detects"),
    Column("Runs needed for half a percent", True, "Power 0.8", "runs needed"),
)


def contrast_tables(results: Results, found: Contrasts) -> list[Table]:
    """A table for each tested metric, every other row against the system."""
    rows = {row.method.name: row for row in results.measured}
    tables = []
    for metric, all_ in found.of.items():
        title = METRICS[metric].title
        tables.append(
            Table(
                f"{table_name(results)}--tests-{metric}",
                f"{results.task.name}, {results.domain}: {found.system.title} against each row, "
                f"{title}",
                list(_COLUMNS),
                [_row(results, rows[c.method.name], c) for c in all_],
                [_explained(results, found), *_undecided(all_)],
            )
        )
    return tables


def _row(results: Results, row: Row, contrast: Contrast) -> list[Cell]:
    adjusted = contrast.p
    return [
        Cell(row.method.title, link=anchor(results, row)),
        _estimate(contrast.runs),
        _estimate(contrast.users),
        *(_p(e) for e in (contrast.papers, contrast.runs, contrast.permutation)),
        *(_p(e) for e in (contrast.users, contrast.ranks)),
        Cell("–", mark=Mark.NOTE) if adjusted is None else Cell(_p_text(adjusted), adjusted),
        Cell(contrast.mark),
        _p(contrast.equivalent),
        _estimate(contrast.d, 2),
        _estimate(contrast.delta, 2),
        *_power(contrast.power),
    ]


def _estimate(evidence: Evidence, decimals: int = 4) -> Cell:
    if evidence.estimate is None:
        return Cell("–", mark=Mark.NOTE)
    text = f"{evidence.estimate:+.{decimals}f}"
    if evidence.interval is not None:
        low, high = evidence.interval
        text += f" [{low:+.{decimals}f}, {high:+.{decimals}f}]"
    return Cell(text, evidence.estimate)


def _p(evidence: Evidence) -> Cell:
    if evidence.p is None:
        return Cell("–", mark=Mark.NOTE)
    return Cell(_p_text(evidence.p), evidence.p)


def _p_text(p: float) -> str:
    return "< 0.0001" if p < 0.0001 else f"{p:.4f}"


def _power(power: Power) -> list[Cell]:
    if power.detectable is None:
        return [Cell("–", mark=Mark.NOTE)] * 2
    needed = power.runs_needed
    return [
        Cell(f"{power.detectable:.4f}", power.detectable),
        Cell("out of reach") if needed is None else Cell(f"{needed:,}", needed),
    ]


def _explained(results: Results, found: Contrasts) -> str:
    unit = "stars" if results.unit == "stars" else "shares of the scale’s maximum"
    return (
        f"A gain is how much better {found.system.title} is, in {unit}; it is the paper’s system "
        "with the lowest RMSE here. Corrected: Nadeau and Bengio’s over folds, the paired t over "
        "seeds. A sign needs both the corrected test over runs and the bootstrap over users; its "
        "p is the larger of both, adjusted by Holm over the rows. Equivalent (TOST): less than "
        f"{MARGIN:.1%} of the row’s own error apart, the smallest gain over a best baseline that "
        "the papers claim. Equivalence, power and the intervals of effect sizes are those of the "
        "corrected test. Power: what it detects with these runs, and how many it needs to detect "
        "that margin, if a million can; folds share training rows, so that more need not help."
    )


def _undecided(all_: Sequence[Contrast]) -> list[str]:
    """Why rows have no sign, each reason once."""
    reasons: dict[str, list[str]] = {}
    for contrast in all_:
        for evidence in (contrast.runs, contrast.users):
            if evidence.undecided:
                reasons.setdefault(evidence.undecided, []).append(contrast.method.title)
    return [
        f"No verdict on {', '.join(dict.fromkeys(titles))}: {reason}."
        for reason, titles in reasons.items()
    ]
