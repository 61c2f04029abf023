"""Reasons why there is no result, fit for readers elsewhere."""

from __future__ import annotations

import re

_PATH = re.compile(r"(?<![\w:/.~-])(?:[A-Za-z]:)?(?:[/\\][\w.+@~-]+){2,}[/\\]?")
_SHORT = 70


def portable(reason: str) -> str:
    """A reason without a machine's folders: of each absolute path only its last name is left."""
    return _PATH.sub(lambda found: "…/" + re.split(r"[/\\]", found[0].rstrip("/\\"))[-1], reason)


def in_a_cell(reason: str) -> str:
    """A reason on one line, cut to what a table can hold; the whole of it stands elsewhere."""
    line = " ".join(reason.split())
    return line if len(line) <= _SHORT else line[: _SHORT - 1].rstrip() + "…"
