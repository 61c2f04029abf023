"""What several reports say of the papers' claims, from the ``claims.csv`` that each keeps."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.errors import BenchError
from benchmark.reporting.claim_sheet import Line
from benchmark.reporting.claims import in_words, load_claims
from benchmark.reporting.formats import to_markdown
from benchmark.reporting.layout import Cell, Column, Mark, Table
from benchmark.reporting.verdicts import Verdict, plural

CLAIM_COLUMNS = (
    *("id", "paper", "where", "claim", "verdict", "on_paper", "data"),
    *("numbers", "reason", "caveats"),
)
DIFFERS = "differs between suites"
"""Where one suite says that a claim holds and another that it fails: by data or by settings."""
_STANDINGS = (
    Verdict.HOLDS,
    Verdict.FAILS,
    DIFFERS,
    Verdict.INCONCLUSIVE,
    Verdict.NOT_TESTABLE,
)
_BETWEEN = "; "
"""Between the tasks, numbers and caveats of a claim."""


@dataclass(frozen=True)
class Ruling:
    """What the records of a suite, or of the studies, say of a claim."""

    suite: str
    verdict: Verdict
    data: str
    numbers: str
    reason: str
    caveats: list[str]


@dataclass(frozen=True)
class Standing:
    """A claim, and the rulings of all who have measured anything of it."""

    id: str
    paper: str
    where: str
    claim: str
    on_paper: str
    note: str
    """How a loose word is made precise, or what else a reader should know."""
    rulings: list[Ruling]

    @property
    def printed(self) -> str:
        """What the paper's own numbers say, if it prints any."""
        return in_words(self.on_paper)

    @property
    def deciding(self) -> list[Ruling]:
        """The rulings that decide it."""
        return [r for r in self.rulings if r.verdict in (Verdict.HOLDS, Verdict.FAILS)]

    @property
    def verdict(self) -> str:
        """What those say who decide it, or that they differ, or that none does."""
        if decided := {ruling.verdict for ruling in self.deciding}:
            return str(decided.pop()) if len(decided) == 1 else DIFFERS
        return str(Verdict.INCONCLUSIVE if self.rulings else Verdict.NOT_TESTABLE)


def claims_csv(lines: Sequence[Line]) -> list[list[str]]:
    """Claims with their verdicts as rows under :data:`CLAIM_COLUMNS`, head included."""
    rows = [list(CLAIM_COLUMNS)]
    for line in lines:
        rows.append(
            [
                *(line.claim.id, line.claim.paper, line.claim.where, line.claim.claim),
                *(str(line.verdict), line.paper.verdict, _BETWEEN.join(line.tasks)),
                *(_BETWEEN.join(line.numbers), line.judgement.reason),
                _BETWEEN.join(line.warnings),
            ]
        )
    return rows


def standings(suites: Sequence[str], reports: Path) -> list[Standing]:
    """Every claim as these reports have it, by paper, those that are decided first.

    Raises:
        BenchError: a report that is not there.
    """
    notes = {claim.id: claim.note for claim in load_claims().claims}
    found: dict[str, Standing] = {}
    for suite in suites:
        for row in _rows(suite, reports):
            claim = {name: row[name] for name in ("id", "paper", "where", "claim", "on_paper")}
            note = notes.get(row["id"], "")
            standing = found.setdefault(row["id"], Standing(**claim, note=note, rulings=[]))
            if row["verdict"] != Verdict.NOT_TESTABLE:
                shown = {name: row[name] for name in ("data", "numbers", "reason")}
                caveats = [caveat for caveat in row["caveats"].split(_BETWEEN) if caveat]
                ruling = Ruling(suite, Verdict(row["verdict"]), caveats=caveats, **shown)
                standing.rulings.append(ruling)
    order = [str(standing) for standing in _STANDINGS]
    return sorted(
        found.values(), key=lambda s: (s.paper != "RecSys-DAN", s.paper, order.index(s.verdict))
    )


def decided_claims(suites: Sequence[str], reports: Path, way: str) -> str:
    """How many claims have which verdict, and a table of those that are decided.

    ``way`` leads from the document to the reports.
    """
    known = standings(suites, reports)
    notes: dict[str, int] = {}
    rows = []
    for standing in known:
        if deciding := standing.deciding:
            caveats = dict.fromkeys(c for ruling in deciding for c in ruling.caveats)
            if standing.note:
                caveats[standing.note] = None
            numbers = (notes.setdefault(caveat, len(notes) + 1) for caveat in caveats)
            rows.append(
                [
                    Cell(standing.verdict, mark=Mark.BEST),
                    Cell(f"{standing.claim} ({standing.paper}, {standing.where})"),
                    Cell(standing.printed),
                    Cell(", ".join(_link(ruling.suite, way) for ruling in deciding)),
                    Cell(", ".join(map(str, numbers))),
                ]
            )
    titles = ("Here", "Claim", "On the paper’s own numbers", "Suite", "Caveats")
    table = to_markdown(Table("claims", "", [Column(title) for title in titles], rows))
    caveats_below = "".join(f"{number}. {caveat}\n" for caveat, number in notes.items())
    return f"{_counts(known)}\n\n{table}\n{caveats_below}".rstrip() + "\n"


def whole_ledger(suites: Sequence[str], reports: Path, way: str) -> str:
    """Every claim with what each suite says of it, by which numbers, and why."""
    known = standings(suites, reports)
    parts = [_counts(known)]
    for paper in dict.fromkeys(standing.paper for standing in known):
        own = [standing for standing in known if standing.paper == paper]
        parts.append(f"## {paper}")
        parts += [_entry(standing, way) for standing in own if standing.rulings]
        if unmeasured := [standing for standing in own if not standing.rulings]:
            columns = [Column(t) for t in ("Not testable here", "Where", "On the paper’s numbers")]
            rows = [
                [Cell(f"{s.claim} (`{s.id}`)"), Cell(s.where), Cell(s.printed)] for s in unmeasured
            ]
            parts.append(to_markdown(Table("unmeasured", "", columns, rows)).rstrip())
    return "\n\n".join(parts) + "\n"


def _entry(standing: Standing, way: str) -> str:
    lines = [
        f"### {standing.verdict}: {standing.claim}\n",
        f"{standing.where}; `{standing.id}`; on the paper’s own numbers: {standing.printed}.\n",
    ]
    if standing.note:
        lines.append(f"{standing.note}\n")
    for ruling in standing.rulings:
        data = f" on {ruling.data}" if ruling.data else ""
        lines.append(f"- {_link(ruling.suite, way)}: **{ruling.verdict}**{data}; {ruling.reason}")
        lines += [f"  - {part}" for part in (ruling.numbers, *ruling.caveats) if part]
    return "\n".join(lines)


def _counts(known: Sequence[Standing]) -> str:
    counts = [(sum(s.verdict == verdict for s in known), verdict) for verdict in _STANDINGS]
    told = ", ".join(f"{count} {plural(verdict)}" for count, verdict in counts if count)
    return f"Of {len(known)} claims: {told}."


def _link(suite: str, way: str) -> str:
    return f"[{suite}]({way}/{suite}/report.md)"


def _rows(suite: str, reports: Path) -> list[dict[str, str]]:
    path = reports / suite / "claims.csv"
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    except OSError as error:
        how = "study all" if suite == "studies" else f"report --suite {suite}"
        raise BenchError(f"cannot read {path}: {error.strerror}; run: bench {how}") from error
