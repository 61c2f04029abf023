"""The committed documents that are generated: what they should hold, and which are stale."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from benchmark.registry import METHODS
from benchmark.reporting.generated_blocks import filled
from benchmark.reporting.measured_means import MeasuredMean, reported
from benchmark.reporting.method_pages import write_method_pages
from benchmark.repository import REPORTS, ROOT

REPORTED = ("amazon", "douban")
"""The suites whose reports are committed."""
METHOD_PAGES = ROOT / "docs" / "methods"
README = ROOT / "README.md"
CLAIMS = ROOT / "docs" / "claims.md"


def documents(reports: Path = REPORTS) -> dict[Path, str]:
    """Every generated document by path, from the code and the reports as they are.

    Raises:
        BenchError: the README or the ledger asks for a report that is not there.
    """
    measured: dict[str, list[MeasuredMean]] = {}
    for suite in REPORTED:
        for mean in reported(suite, reports):
            if mean.values:
                measured.setdefault(mean.method, []).append(mean)
    pages = write_method_pages(METHODS, measured)
    return {
        **{METHOD_PAGES / name: text for name, text in pages.items()},
        README: filled(README.read_text(encoding="utf-8"), reports),
        CLAIMS: filled(CLAIMS.read_text(encoding="utf-8"), reports, way="../reports"),
    }


def stale(wanted: Mapping[Path, str]) -> list[Path]:
    """The documents that differ from what they should hold, and pages of methods now gone."""
    differing = [
        path
        for path, text in wanted.items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]
    return differing + [path for path in sorted(METHOD_PAGES.glob("*.md")) if path not in wanted]
