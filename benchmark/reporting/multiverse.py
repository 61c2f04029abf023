"""What changes when one switch of the protocol is flipped: verdicts, orders, and the numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from scipy import stats

from benchmark.reporting.claim_sheet import Sheet, claim_sheet
from benchmark.reporting.claims import Ledger
from benchmark.reporting.experiments import experiments
from benchmark.reporting.layout import Cell, Column, Mark, Table, number
from benchmark.reporting.summary import Results, test_train
from benchmark.reporting.verdicts import Verdict
from benchmark.running.manifest import Manifest, TaskEntry
from benchmark.running.records import Store

_METRIC = "rmse"


@dataclass(frozen=True)
class Universe:
    """A task under its own protocol: the switches flipped against the base, and what follows."""

    task: TaskEntry
    flipped: Mapping[str, str]
    results: Sequence[Results]
    claims: Sheet

    @property
    def name(self) -> str:
        """The switches in words."""
        flips = (f"{switch} = {value}" for switch, value in self.flipped.items())
        return ", ".join(flips) or "as in the other suites"


def universes(
    found: Manifest, results: Sequence[Results], store: Store, ledger: Ledger
) -> list[list[Universe]]:
    """Tasks on the same pair of domains that differ in switches only, the base of each first.

    The base is the task that keeps the suite's protocol; without one, nothing is compared.
    """
    pairs: dict[tuple[str, str], list[TaskEntry]] = {}
    for task in found.tasks:
        pairs.setdefault((task.source, task.target), []).append(task)
    compared = []
    for tasks in pairs.values():
        base = next((task for task in tasks if not found.flipped(task)), None)
        others = [task for task in tasks if found.flipped(task)]
        if base is None or not others:
            continue
        compared.append(
            [_universe(found, task, results, store, ledger) for task in (base, *others)]
        )
    return compared


def multiverse_tables(compared: Sequence[Universe]) -> list[Table]:
    """The verdicts by claim and switch where any flips, and the orders of methods by switch."""
    base, *others = compared
    return [_verdicts(base, others), _orders(base, others)]


def _universe(
    found: Manifest, task: TaskEntry, results: Sequence[Results], store: Store, ledger: Ledger
) -> Universe:
    own = [result for result in results if result.task is task]
    alone = replace(found, tasks=[task])
    sheet = claim_sheet(
        ledger,
        alone,
        own,
        test_train=test_train(task),
        beyond=experiments(alone, own, store),
    )
    return Universe(task, found.flipped(task), own, sheet)


def _verdicts(base: Universe, others: Sequence[Universe]) -> Table:
    told = {universe.name: _by_claim(universe) for universe in others}
    rows, flips = [], 0
    for line in base.claims.lines:
        verdicts = [told[universe.name][line.claim.id] for universe in others]
        if {line.verdict, *verdicts} == {Verdict.NOT_TESTABLE}:
            continue
        flips += sum(verdict != line.verdict for verdict in verdicts)
        rows.append(
            [
                Cell(f"{line.claim.claim} ({line.claim.paper}, {line.claim.where})"),
                Cell(line.verdict),
                *(
                    Cell(verdict, mark=Mark.NONE if verdict == line.verdict else Mark.WARNING)
                    for verdict in verdicts
                ),
            ]
        )
    return Table(
        f"{base.task.name}--multiverse-claims",
        f"{base.task.name}: verdict on each claim, one switch of the protocol flipped at a time",
        [Column("Claim"), Column(base.name), *(Column(universe.name) for universe in others)],
        rows,
        [
            f"{flips} of {len(rows) * len(others)} verdicts differ from the first column's. "
            "Claims that no column can test are left out."
        ],
    )


def _by_claim(universe: Universe) -> dict[str, Verdict]:
    return {line.claim.id: line.verdict for line in universe.claims.lines}


def _orders(base: Universe, others: Sequence[Universe]) -> Table:
    rows = [
        row
        for result in base.results
        for universe in (base, *others)
        for row in [_order(result, universe)]
        if row
    ]
    columns = [Column("Domain"), Column("Switch"), Column("Best"), Column("RMSE", True)]
    columns += [Column("Orderings kept"), Column("Kendall’s τ", True)]
    return Table(
        f"{base.task.name}--multiverse-orders",
        f"{base.task.name}: order of the methods by RMSE, one switch flipped at a time",
        columns,
        rows,
        ["Orderings of two methods that are as in the first line, and Kendall’s τ with it."],
        sortable=False,
    )


def _order(of_base: Results, universe: Universe) -> list[Cell]:
    before = _means(of_base)
    after = next((_means(r) for r in universe.results if r.domain == of_base.domain), {})
    shared = [title for title in before if title in after]
    if len(shared) < 3:
        return []
    pairs = [(a, b) for a, b in combinations(shared, 2) if before[a] != before[b]]
    kept = sum((before[a] < before[b]) == (after[a] < after[b]) for a, b in pairs)
    tau = stats.kendalltau([before[t] for t in shared], [after[t] for t in shared]).statistic
    best = min(shared, key=lambda title: after[title])
    return [
        Cell(of_base.domain),
        Cell(universe.name),
        Cell(best),
        Cell(number(after[best], of_base.decimals), after[best]),
        Cell(f"{kept} of {len(pairs)}"),
        Cell(f"{tau:.2f}", float(tau)),
    ]


def _means(results: Results) -> dict[str, float]:
    return {row.method.title: row.metrics[_METRIC].mean for row in results.measured}
