"""The contestants of a suite: its methods as they are, and the same under other settings."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from benchmark.errors import BenchError, suggestion
from benchmark.recommender import Recommender
from benchmark.running.settings import problem
from benchmark.running.suite import Suite


@dataclass(frozen=True)
class Variant:
    """A method under a ``name`` of its own; ``settings`` replace the fields' defaults."""

    method: type[Recommender]
    name: str
    title: str
    settings: dict[str, Any]


def variants_of(
    suite: Suite, methods: Sequence[type[Recommender]], known: Iterable[type[Recommender]]
) -> list[Variant]:
    """``methods`` as they are, each followed by its declared variants, in table-row order.

    Args:
        methods: those that take part as they are.
        known: every method there is, in table-row order; a variant may be of any of them.

    Raises:
        BenchError: a variant, a setting, a search or artifacts of what does not exist or takes no
            part, a value or a combination of values that a method cannot have, or nobody at all.
    """
    known = list(known)
    _check(suite, known)
    found = []
    for method in known:
        settings = suite.settings.get(method.name, {})
        if method in methods:
            found.append(Variant(method, method.name, method.title, settings))
        found += [
            Variant(method, declared.name, declared.title, {**settings, **declared.settings})
            for declared in suite.variants
            if declared.method == method.name
        ]
    _check_parts(suite, found)
    return found


def _check(suite: Suite, methods: Sequence[type[Recommender]]) -> None:
    place = f"suite {suite.name!r}"
    by_name = {method.name: method for method in methods}
    known = {name: {field.name for field in fields(method)} for name, method in by_name.items()}
    own = {declared.name: declared.method for declared in suite.variants}
    for name in own:
        if name in known:
            raise BenchError(
                f"the variant {name!r} in {place} has the name of a method; rename it"
            )
    for name in (*suite.settings, *own.values()):
        if name not in known:
            raise BenchError(f"unknown method {name!r} in {place}{suggestion(name, known)}")
    placed = [(f"settings.{name}", name, keys) for name, keys in suite.settings.items()]
    placed += [(f"variants.{v.name}.settings", v.method, v.settings) for v in suite.variants]
    for where, name, settings in placed:
        for key, value in settings.items():
            if key not in known[name]:
                raise BenchError(
                    f"unknown key '{where}.{key}' in {place}{suggestion(key, known[name])}"
                )
            if wrong := problem(by_name[name], key, value):
                raise BenchError(f"{where}.{key} = {value!r} in {place}: {wrong}")


def _check_parts(suite: Suite, found: Sequence[Variant]) -> None:
    """Refuse what would silently do nothing, and settings that do not go together."""
    place = f"suite {suite.name!r}"
    if not found:
        raise BenchError(
            f"methods = [] in {place}, which has no variants: nothing would run; name methods, or "
            "leave the key out for all of them"
        )
    rows = {variant.name: variant for variant in found}
    methods = {variant.method.name for variant in found}
    named = {"artifacts": suite.artifacts}
    named |= {f"tasks.{task.name}.without": task.without for task in suite.tasks}
    for where, names in named.items():
        for name in names:
            if name not in rows:
                raise BenchError(
                    f"{where}: no method or variant {name!r} takes part in {place}"
                    f"{suggestion(name, rows)}"
                )
    for name in suite.settings:
        if name not in methods:
            raise BenchError(
                f"settings.{name} in {place}, where {name!r} takes no part; add it to methods, or "
                "remove its settings"
            )
    for name in [] if suite.tuning.methods == "all" else suite.tuning.methods:
        if name not in rows:
            raise BenchError(
                f"tuning.methods: no method or variant {name!r} takes part in {place}"
                f"{suggestion(name, rows)}"
            )
        if not rows[name].method.space:
            raise BenchError(
                f"tuning.methods: {name!r} in {place} has nothing to search; take it out"
            )
    for variant in found:
        try:
            configured = asdict(variant.method(**variant.settings))
        except (BenchError, TypeError, ValueError) as error:
            raise BenchError(f"the settings of {variant.name!r} in {place}: {error}") from error
        try:
            json.dumps(configured, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise BenchError(
                f"the settings of {variant.name!r} in {place} cannot stand in a record: {error}; "
                "make them numbers, texts, lists of these, or None"
            ) from error
