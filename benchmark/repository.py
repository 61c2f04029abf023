"""Where the repository keeps what is committed and what a run writes."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SUITES = ROOT / "benchmark" / "suites"
PUBLISHED = ROOT / "results" / "published"
REFERENCE = ROOT / "results" / "reference"
RESULTS = ROOT / "results"
REPORTS = ROOT / "reports"


def cache_dir() -> Path:
    """The folder for downloads and parsed data: ``BENCH_CACHE`` or the user's cache folder."""
    if named := os.environ.get("BENCH_CACHE"):
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "cdrbench"
