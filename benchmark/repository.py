"""Where the repository keeps what is committed and what a run writes."""

from __future__ import annotations

import os
import sysconfig
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
IS_CHECKOUT = (_PACKAGE.parent / "pyproject.toml").is_file()
"""Whether this is the repository itself and not a copy that pip has installed."""
# Installed, the committed results lie where pyproject.toml's data-files say, and a run writes
# into the working directory.
ROOT = _PACKAGE.parent if IS_CHECKOUT else Path(sysconfig.get_path("data"), "share", "cdrbench")
SUITES = _PACKAGE / "suites"
PUBLISHED = ROOT / "results" / "published"
REFERENCE = ROOT / "results" / "reference"
RESULTS = (ROOT if IS_CHECKOUT else Path.cwd()) / "results"
REPORTS = (ROOT if IS_CHECKOUT else Path.cwd()) / "reports"


def cache_dir() -> Path:
    """The folder for downloads and parsed data: ``BENCH_CACHE`` or the user's cache folder."""
    if named := os.environ.get("BENCH_CACHE"):
        return Path(named).absolute()
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "cdrbench"
