"""Which of a suite's scored domains are data sets of their own, as tests over data sets need."""

from __future__ import annotations

import re
from collections.abc import Sequence

from benchmark.reporting.summary import Results
from benchmark.running.manifest import Manifest


def independent(found: Manifest, results: Sequence[Results]) -> list[Results]:
    """One measured domain for each set of data that no other of them shares, in suite order.

    Tasks share data if they have a domain in common, in whatever edition or part of it. Of such
    tasks the first that keeps the suite's switches stands for all, by the domain that it is into.
    """
    groups: list[tuple[set[str], list[Results]]] = []
    for result in (result for result in results if result.measured):
        names, members = {_data(result.task.source), _data(result.task.target)}, [result]
        for group in [group for group in groups if group[0] & names]:
            groups.remove(group)
            names, members = group[0] | names, group[1] + members
        groups.append((names, members))
    tasks = list(dict.fromkeys(result.task.name for result in results))

    def rank(result: Results) -> tuple[bool, int, bool]:
        is_into = result.domain == result.task.target
        return bool(found.flipped(result.task)), tasks.index(result.task.name), not is_into

    chosen = [min(members, key=rank) for _, members in groups]
    return sorted(chosen, key=lambda result: tasks.index(result.task.name))


def _data(domain: str) -> str:
    """A domain without its edition's year and size, and without the part of its rows."""
    edition, _, name = domain.partition("@")[0].rpartition("/")
    family = re.match("[a-z]*", edition)
    return f"{family[0] if family else ''}/{name}"
