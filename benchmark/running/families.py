"""Families: one table of a suite file that stands for several, which differ in a few keys.

A family has a table ``each``, with an entry for every member; ``{}`` is the member's name::

    [[tasks]]
    name = "douban@{}"
    source = "douban/book"
    target = "douban/music"
    [tasks.each]
    8.overlap_users = 8
    all = {}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmark.errors import BenchError

Table = dict[str, Any]


def expanded(tables: Sequence[Any], *, place: str, file: object) -> tuple[list[str], list[Table]]:
    """A list of tables with the members in every family's place, and what to call each in errors.

    A member has the keys of its family, but for those that it has otherwise; of a table within,
    only the keys that it names are otherwise.

    Args:
        place: which list of ``file`` it is.

    Raises:
        BenchError: an entry that is no table, or an ``each`` that is not a table of tables.
    """
    called, found = [], []
    for number, table in enumerate(tables):
        if not isinstance(table, dict):
            raise BenchError(f"{place}.{number} = {table!r} in {file}: write a table, [[{place}]]")
        for member in _members(table, f"{place}.{table.get('name', number)}", file):
            called.append(str(member.get("name", number)))
            found.append(member)
    return called, found


def _members(table: Table, place: str, file: object) -> list[Table]:
    if "each" not in table:
        return [table]
    each = table["each"]
    if not isinstance(each, dict) or not each:
        raise BenchError(
            f"{place}.each = {each!r} in {file}: write a table with an entry for every member, "
            "whose keys are what it has otherwise"
        )
    shared = {key: value for key, value in table.items() if key != "each"}
    for name, own in each.items():
        if not isinstance(own, dict):
            raise BenchError(
                f"{place}.each.{name} = {own!r} in {file}: write what the member has otherwise, "
                f"as `{name}.key = value`; `{name} = {{}}` where that is nothing"
            )
        if "each" in own:
            raise BenchError(f"{place}.each.{name} in {file}: a member is no family itself")
    return [_named(_merged(shared, own), name) for name, own in each.items()]


def _merged(shared: Mapping[str, Any], own: Mapping[str, Any]) -> Table:
    return {
        **shared,
        **{
            key: _merged(shared[key], value)
            if isinstance(value, dict) and isinstance(shared.get(key), dict)
            else value
            for key, value in own.items()
        },
    }


def _named(value: Any, name: str) -> Any:
    if isinstance(value, str):
        return value.replace("{}", name)
    if isinstance(value, list):
        return [_named(part, name) for part in value]
    if isinstance(value, dict):
        return {key: _named(part, name) for key, part in value.items()}
    return value
