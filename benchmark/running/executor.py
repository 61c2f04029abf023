"""Runs cells in processes of their own, kills those over a limit, and stops cleanly."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path

import psutil

from benchmark.errors import CannotWriteError
from benchmark.running.cell import Job, unfinished
from benchmark.running.cell_process import CANNOT_WRITE, run
from benchmark.running.records import TRY_AGAIN, Record, Status, Store
from benchmark.running.suite import Limits

POLL_SECONDS = 0.1


@dataclass
class _Running:
    job: Job
    process: BaseProcess
    deadline: float


def execute(
    jobs: Iterable[Job],
    *,
    workers: int,
    limits: Limits,
    on_done: Callable[[Record], None],
) -> None:
    """Run every job, ``workers`` at a time, and hand each one's record to ``on_done``.

    Raises:
        CannotWriteError: outcomes cannot be written; what was written before stays.
        KeyboardInterrupt: passed on, after the running cells have been killed.
    """
    context = multiprocessing.get_context("forkserver")
    # Importing the libraries once, in the server, spares every cell their start-up time.
    context.set_forkserver_preload(["benchmark.registry", "benchmark.running.cell_process"])
    waiting = list(reversed(list(jobs)))
    running: list[_Running] = []
    try:
        while waiting or running:
            while waiting and len(running) < workers:
                running.append(_start(context, waiting.pop(), limits))
            wait([cell.process.sentinel for cell in running], timeout=POLL_SECONDS)
            for cell in list(running):
                if (record := _finished(cell, limits)) is not None:
                    running.remove(cell)
                    on_done(record)
    finally:
        for cell in running:
            cell.process.kill()
            cell.process.join()


def _start(
    context: multiprocessing.context.ForkServerContext, job: Job, limits: Limits
) -> _Running:
    process = context.Process(target=run, args=(job,), name=job.cell.key)
    process.start()
    return _Running(job, process, time.monotonic() + limits.seconds)


def _finished(cell: _Running, limits: Limits) -> Record | None:
    """The record of a cell that has ended or had to be ended, None while it runs."""
    store = Store(cell.job.results, cell.job.cell.suite)
    if cell.process.is_alive():
        if time.monotonic() > cell.deadline:
            reason = f"over the limit of {limits.seconds:g} s"
            return _killed(cell, store, Status.TIMEOUT, reason)
        if (used := _gigabytes(cell.process)) > limits.gigabytes:
            reason = f"{used:.1f} GB used, over the limit of {limits.gigabytes:g} GB"
            return _killed(cell, store, Status.OUT_OF_MEMORY, reason)
        return None
    cell.process.join()
    code = cell.process.exitcode
    log = store.logs / f"{cell.job.cell.key}.log"
    if code == CANNOT_WRITE:
        raise CannotWriteError(
            _last_line(log) or f"cannot write results to {store.folder}; {TRY_AGAIN}"
        )
    record = store.get(cell.job.cell.key)
    if code == 0 and record is not None:
        return record
    if code == -9:
        reason = "killed by the system, most likely for lack of memory"
        return _stored(cell, store, Status.OUT_OF_MEMORY, reason)
    reason = f"the process ended with code {code}: {_last_line(log) or 'no output'}"
    return _stored(cell, store, Status.FAILED, reason)


def _killed(cell: _Running, store: Store, status: Status, reason: str) -> Record:
    cell.process.kill()
    cell.process.join()
    return _stored(cell, store, status, reason)


def _stored(cell: _Running, store: Store, status: Status, reason: str) -> Record:
    record = unfinished(cell.job, status, reason)
    store.put(record)
    return record


def _gigabytes(process: BaseProcess) -> float:
    try:
        return float(psutil.Process(process.pid).memory_info().rss / 1e9)
    except psutil.Error:
        return 0.0


def _last_line(log: Path) -> str:
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
