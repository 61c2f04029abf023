"""Everything that a suite's report says, gathered from its records before any of it is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmark.reporting.capabilities import capability_tables
from benchmark.reporting.claim_sheet import Sheet, claim_sheet
from benchmark.reporting.claims import load_claims
from benchmark.reporting.comparison_figures import unranked
from benchmark.reporting.contrast_tables import contrast_tables
from benchmark.reporting.contrasts import Contrasts, contrasts, signed
from benchmark.reporting.data_sets import independent
from benchmark.reporting.dataset_tables import dataset_tables
from benchmark.reporting.experiments import experiments
from benchmark.reporting.illustration import Illustration
from benchmark.reporting.illustrations import illustrations
from benchmark.reporting.layout import Table
from benchmark.reporting.multiverse import multiverse_tables, universes
from benchmark.reporting.network_figures import distance_table
from benchmark.reporting.overlap_sweeps import overlap_tables
from benchmark.reporting.paper_tables import paper_tables
from benchmark.reporting.sample_tables import sample_table
from benchmark.reporting.summary import Results, summarise, test_train
from benchmark.reporting.tables import comparison, table_name
from benchmark.running.manifest import Manifest, TaskEntry
from benchmark.running.records import Store


@dataclass(frozen=True)
class Gathered:
    """A suite's plan and records, and what they give."""

    found: Manifest
    store: Store
    results: Sequence[Results]
    contrasts: Mapping[str, Contrasts]
    """By the name of the comparison table."""
    figures: Sequence[Illustration]
    claims: Sheet
    paper_tables: Sequence[Table]
    dataset_tables: Sequence[Table]
    kept_tables: Mapping[str, Sequence[Table]]
    """Of what fits have kept beside their scores, by task."""
    multiverse: Sequence[Table]
    """What flips with which switch, where tasks differ in switches only."""
    overlaps: Sequence[Table]
    """What overlap users are worth, where tasks differ in their number only."""
    unranked: str
    """Why methods are not ranked over data sets; nothing where they are, or little is measured."""

    def of(self, task: TaskEntry) -> list[Results]:
        """The scored domains of a task."""
        return [result for result in self.results if result.task is task]

    def comparisons(self, task: TaskEntry) -> list[Table]:
        """A table for each scored domain of a task."""
        return [comparison(result) for result in self.of(task)]

    def tests(self, task: TaskEntry) -> list[Table]:
        """The tests behind the signs in the tables of a task."""
        return [
            table
            for result in self.of(task)
            if (found := self.contrasts.get(table_name(result))) is not None
            for table in contrast_tables(result, found)
        ]


def gather(found: Manifest, store: Store) -> Gathered:
    """Read the records of a suite and compute all that its report says."""
    results, contrasted = [], {}
    for result in summarise(found, store):
        tested = contrasts(result, store, test_train=test_train(result.task))
        results.append(signed(result, tested))
        if tested is not None:
            contrasted[table_name(result)] = tested
    # Of several kinds of split, the one whose runs say least.
    overlap = max(map(test_train, found.tasks), default=0.0)
    kept_tables = {
        task.name: [
            table
            for build in (distance_table, sample_table)
            if (table := build(task, [r for r in results if r.task is task], store)).rows
        ]
        for task in found.tasks
    }
    ledger = load_claims()
    measured = [result for result in results if result.measured]
    return Gathered(
        found,
        store,
        results,
        contrasted,
        illustrations(found, results, contrasted, store),
        claim_sheet(
            ledger,
            found,
            results,
            test_train=overlap,
            beyond=experiments(found, results, store),
        ),
        [*paper_tables(found, results), *capability_tables(found, results)],
        dataset_tables(found),
        kept_tables,
        [
            table
            for compared in universes(found, results, store, ledger)
            for table in multiverse_tables(compared)
        ],
        overlap_tables(results),
        unranked(independent(found, results)) if len(measured) > 1 else "",
    )
