"""Where and with what a run was made: versions, commit, hardware."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import version
from typing import Any

import psutil

from benchmark.repository import IS_CHECKOUT, ROOT

_LIBRARIES = ("numpy", "scipy", "pandas", "torch", "scikit-surprise", "scikit-learn", "optuna")


def provenance(threads: int) -> dict[str, Any]:
    """What stands in every record of a run."""
    return {
        "cdrbench": version("cdrbench"),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in _LIBRARIES},
        "commit": _git("rev-parse", "HEAD"),
        "uncommitted_changes": bool(_git("status", "--porcelain", "--untracked-files=no")),
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gigabytes": round(psutil.virtual_memory().total / 1e9, 1),
        "threads": threads,
    }


def _git(*arguments: str) -> str:
    """What git says, or nothing outside a checkout."""
    if not IS_CHECKOUT:
        return ""  # An environment may lie in another project's repository.
    try:
        said = subprocess.run(
            ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return said.stdout.strip()


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            names = [line.partition(":")[2].strip() for line in file if "model name" in line]
    except OSError:
        names = []
    return names[0] if names else platform.processor()
