"""The process that a cell runs in: it logs, outlives no parent and ends in a record."""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import suppress
from multiprocessing import parent_process
from pathlib import Path

from benchmark.errors import CannotWriteError
from benchmark.running.cell import Job, outcome
from benchmark.running.records import Store, writing

CANNOT_WRITE = 3
"""Exit code of a cell's process when its outcome could not be stored."""


def run(job: Job) -> None:
    """The body of a cell's process: whatever happens becomes a record, if it can be written."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle.
    threading.Thread(target=_die_with_parent, daemon=True).start()
    store = Store(job.results, job.cell.suite)
    try:
        _log_to(store.logs / f"{job.cell.key}.log")
        record, predictions, kept = outcome(job)
        if not store.put(record, predictions, kept):
            print(f"{record.status}: {record.reason}", file=sys.stderr, flush=True)
            os._exit(1)
    except CannotWriteError as error:
        with suppress(OSError):  # Where there is no room for the record, there may be none here.
            print(error, file=sys.stderr, flush=True)
        os._exit(CANNOT_WRITE)
    sys.stdout.flush()
    sys.stderr.flush()
    # Leaving at once skips the slow teardown of libraries, after all has been written.
    os._exit(0)


def _die_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _log_to(path: Path) -> None:
    """Send what libraries print, even from C, to a file of the cell."""
    with writing(path):
        log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(log, stream)
    os.close(log)
