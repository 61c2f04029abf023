"""Finished stages of fits, kept so that methods that begin alike need not begin again."""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from benchmark.running.keys import key_of
from benchmark.running.records import write_atomically

T = TypeVar("T")


class StoredStages:
    """Keeps what each stage has learned in a file named by everything that it depends on.

    ``context`` is what the harness knows of that: code, data, split, protocol, threads, versions.
    ``recalled`` are the seconds that each stage found here took when it was computed. Two
    processes may compute one stage at once; either's file serves, for they learn the same.
    """

    def __init__(self, folder: Path, context: Mapping[str, Any]) -> None:
        self.recalled: dict[str, float] = {}
        self._folder = folder
        self._context = context

    def recall(self, name: str, determinants: Mapping[str, object], compute: Callable[[], T]) -> T:
        """What ``compute`` gives, or gave when it was last called with equal determinants.

        Raises:
            CannotWriteError: it cannot be written down.
        """
        path = self._folder / f"{key_of([name, determinants, self._context])}.pickle"
        found = _read(path)
        if found is not None:
            self.recalled[name], value = found
            return value  # type: ignore[no-any-return]
        started = time.perf_counter()
        computed = compute()
        seconds = time.perf_counter() - started
        write_atomically(path, pickle.dumps((seconds, computed), pickle.HIGHEST_PROTOCOL))
        return computed


def _read(path: Path) -> Any:
    """A stage and its seconds, or None where there is none that can be read."""
    try:
        return pickle.loads(path.read_bytes())
    except Exception:  # A damaged pickle may raise anything; what it held is computed again.
        return None
