"""What the gate found, for people and for build servers: rows, Markdown, annotations, JUnit."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Sequence

from benchmark.reporting.gate import Finding, State

HEADERS = (
    *("Task", "Domain", "Method", "Metric", "State"),
    *("Reference", "Measured", "Change", "Tolerance", "Runs", "Why"),
)
NUMERIC = ("Reference", "Measured", "Change", "Tolerance", "Runs")

# XML 1.0 has no way to write these, not even escaped.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def row(finding: Finding) -> list[str]:
    """A finding under :data:`HEADERS`."""
    then, now = finding.reference, finding.measured
    change = None if then is None or now is None else now - then
    return [
        *finding.place,
        finding.metric,
        str(finding.state),
        _number(then),
        _number(now),
        "" if change is None else f"{change:+.4g}",
        "" if finding.tolerance is None else f"{finding.tolerance:.2g}",
        str(finding.runs or ""),
        finding.reason,
    ]


def counts(findings: Sequence[Finding]) -> str:
    """How many comparisons ended in each state."""
    states = Counter(finding.state for finding in findings)
    return ", ".join(f"{states[state]} {state}" for state in State if states[state]) or "none"


def to_markdown(title: str, findings: Sequence[Finding]) -> str:
    """The counts, and a table of all that did not simply pass."""
    shown = [finding for finding in findings if finding.state is not State.PASS]
    lines = [f"### {title}", "", f"{counts(findings)}."]
    if shown:
        aligned = ["---:" if header in NUMERIC else "---" for header in HEADERS]
        lines += ["", *(_line(cells) for cells in (HEADERS, aligned, *map(row, shown)))]
    return "\n".join(lines) + "\n"


def to_annotations(findings: Sequence[Finding]) -> list[str]:
    """Workflow commands of GitHub Actions: an error for what fails a build, else a notice."""
    return [
        f"::{'notice' if finding.state.ok else 'error'} "
        f"title={_property(f'{finding.state}: {finding.metric}')}::{_data(_sentence(finding))}"
        for finding in findings
        if finding.state is not State.PASS
    ]


def to_junit(title: str, findings: Sequence[Finding]) -> bytes:
    """A test case a finding: regressions and leaks are failures, what cannot be compared errors.

    With nothing compared at all it holds one error, lest an empty file read as a pass.
    """
    suite = ET.Element("testsuite", name=title)
    for finding in findings:
        case = ET.SubElement(
            suite, "testcase", classname=".".join(finding.place), name=finding.metric
        )
        if not finding.state.ok:
            kind = "error" if finding.state is State.NOT_COMPARABLE else "failure"
            problem = ET.SubElement(case, kind, type=str(finding.state))
            problem.set("message", _NOT_XML.sub("\ufffd", _sentence(finding)))
    if not findings:
        case = ET.SubElement(suite, "testcase", classname=title, name="bench check")
        ET.SubElement(case, "error", type="not comparable", message="nothing was compared")
    totals = {
        "tests": len(suite),
        "failures": len(suite.findall("*/failure")),
        "errors": len(suite.findall("*/error")),
    }
    for name, total in totals.items():
        suite.set(name, str(total))
    root = ET.Element("testsuites")
    root.append(suite)
    ET.indent(root)
    content: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return content + b"\n"


def _sentence(finding: Finding) -> str:
    said = f"{' · '.join(finding.place)} · {finding.metric}: {finding.state}"
    if finding.reference is not None and finding.measured is not None:
        said += f", {_number(finding.reference)} → {_number(finding.measured)}"
    if finding.tolerance is not None:
        said += f" (tolerance {finding.tolerance:.2g}, runs {finding.runs})"
    return said + (f": {finding.reason}" if finding.reason else "")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(" ".join(cell.replace("|", "\\|").split()) for cell in cells) + " |"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
