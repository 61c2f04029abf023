"""The one way from data to HTML: templates that escape whatever they are given."""

from __future__ import annotations

import functools
import re
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from benchmark.reporting.verdicts import plural

TEMPLATES = Path(__file__).parent / "templates"
_HELD = re.compile(r"\[[-+\d., ]+\]|[±<] (?=\d)| [†‡]")


@functools.cache
def environment() -> Environment:
    """The templates of this package."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["unbroken"] = unbroken
    made.filters["plural"] = plural
    made.filters["told"] = told
    return made


def told(value: object) -> str:
    """A switch or a fact as readers are told it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "nothing"
    return "unknown" if value in (None, "") else str(value)


def unbroken(text: str) -> str:
    """A cell's text with no line break but where a standard deviation or an interval begins."""
    return _HELD.sub(lambda found: found[0].replace(" ", "\N{NO-BREAK SPACE}"), text)
