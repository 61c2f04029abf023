"""The errors a user can cause; the command line prints them as one line and exits with 2."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class BenchError(Exception):
    """A mistake in what the user gave: names the thing, its value, the place and what to do."""


class DataError(BenchError):
    """A data file that cannot be read as the format it should have."""


class CannotWriteError(BenchError):
    """What was computed cannot be stored: no room, or no leave to write there."""


class UnavailableError(BenchError):
    """Data that are on no place searched; each of ``wanting`` says which file to put where."""

    def __init__(self, *wanting: str) -> None:
        super().__init__("; ".join(wanting))
        self.wanting = wanting


class NotApplicableError(Exception):
    """Raised by a method whose condition a task does not meet, such as having no shared users."""


class PeekError(Exception):
    """Raised when a method touches data that it has not declared; never caught by the harness."""


def suggestion(wrong: str, valid: Iterable[str]) -> str:
    """The ending ``; did you mean 'x'?`` for the nearest valid word, or the list of them all."""
    words = sorted(valid)
    near = difflib.get_close_matches(wrong, words, n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else f"; there are: {', '.join(words)}"
