"""One page a method, written from its declaration, its fields and the marks in its source."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields
from pathlib import Path
from typing import Any

from benchmark.recommender import Overlap, Recommender, Scores, Selection, Signal
from benchmark.reporting.formats import to_markdown
from benchmark.reporting.layout import Cell, Column, Table
from benchmark.reporting.marks import Mark, MarkKind, marks_of
from benchmark.reporting.measured_means import MeasuredMean
from benchmark.reporting.published import printed_rows
from benchmark.running.method_code import source_files
from benchmark.space import Choice, Integer, Real

_HEADINGS = {
    MarkKind.DIFFERS: "Differences from the paper",
    MarkKind.SILENT: "Where the paper is silent",
}
_NOTHING = {
    MarkKind.DIFFERS: "None is marked.",
    MarkKind.SILENT: "Nothing had to be filled in.",
}
_GENERATED = "<!-- Written by `bench docs`; change the method's source and run it again. -->\n"


@dataclass(frozen=True)
class Page:
    """A method's page; ``measured`` are its accepted means."""

    method: type[Recommender]
    marks: Sequence[Mark]
    measured: Sequence[MeasuredMean]

    def markdown(self) -> str:
        """The whole page."""
        method = self.method
        sections = [
            _GENERATED,
            f"# {method.title}\n",
            f"`{method.name}`. {_introduction(method)}\n",
            f"Source: {method.paper}.\n",
            "## What it reads\n",
            _declaration(method),
            "## Hyperparameters\n",
            _hyperparameters(method, self.marks),
        ]
        for kind, heading in _HEADINGS.items():
            sections += [
                f"## {heading}\n",
                _listed([m for m in self.marks if m.kind is kind], kind),
            ]
        sections += ["## Results\n", self._results(), "[All methods](README.md)\n"]
        return "\n".join(sections)

    def _results(self) -> str:
        places = [f"{title} (“{row}”)" for title, row in printed_rows(self.method.name)]
        printed = f"Printed in {'; '.join(places)}." if places else "Neither paper prints it."
        if not self.measured:
            return f"{printed} No committed report measures it.\n"
        columns = ["Suite", "Task", "Domain"]
        table = Table(
            "results",
            "",
            [*map(Column, columns), *(Column(t, True) for t in ("RMSE", "MAE", "Runs", "Paper"))],
            [
                [
                    Cell(f"[{mean.suite}](../../reports/{mean.suite}/report.md)"),
                    Cell(mean.task),
                    Cell(mean.domain),
                    Cell(mean.text("rmse")),
                    Cell(mean.text("mae")),
                    Cell(str(mean.runs)),
                    Cell(mean.paper),
                ]
                for mean in self.measured
            ],
        )
        about = "Means ± standard deviation over runs; in the unit of the paper’s table, if any."
        return f"{printed}\n\n{to_markdown(table)}\n{about}\n"


def write_method_pages(
    methods: Sequence[type[Recommender]],
    measured: Mapping[str, Sequence[MeasuredMean]],
) -> dict[str, str]:
    """The text of every page and of their index, by file name."""
    pages = {
        f"{method.name}.md": Page(method, marks_of(method), measured.get(method.name, []))
        for method in methods
    }
    return {
        "README.md": _index(pages),
        **{name: page.markdown() for name, page in pages.items()},
    }


def _index(pages: Mapping[str, Page]) -> str:
    titles = ("Method", "Source data", "Target data", "Shared", "Selected on", "Differs", "Silent")
    rows = [
        [
            Cell(f"[{page.method.title}]({name})"),
            Cell(_flags(page.method.source_data)),
            Cell(_flags(page.method.target_data)),
            Cell(_flags(page.method.overlap)),
            Cell(str(page.method.selection)),
            *(
                Cell(str(sum(mark.kind is kind for mark in page.marks)))
                for kind in (MarkKind.DIFFERS, MarkKind.SILENT)
            ),
        ]
        for name, page in pages.items()
    ]
    columns = [Column(title, numeric=title in ("Differs", "Silent")) for title in titles]
    return (
        f"{_GENERATED}\n# The methods\n\n"
        "In the order of the tables' rows. What a method reads is declared, enforced and proven "
        "by poisoning everything else; how often it departs from its paper, and how often the "
        "paper had to be filled in, is counted from the marks in its source.\n\n"
        f"{to_markdown(Table('methods', '', columns, rows))}"
    )


def _introduction(method: type[Recommender]) -> str:
    """What its module says it is, and what its class adds."""
    own = inspect.getdoc(method) if "__doc__" in vars(method) else None
    if own and own.startswith(f"{method.__name__}("):
        own = None  # What a dataclass without a docstring is given.
    texts = [inspect.getdoc(inspect.getmodule(method)), own]
    first = (" ".join(text.partition("\n\n")[0].split()) for text in texts if text)
    said = " ".join(dict.fromkeys(first)).replace("``", "`")
    return re.sub(r":math:`([^`]*)`", r"$\1$", said)


def _declaration(method: type[Recommender]) -> str:
    lines = [
        ("Source data", _flags(method.source_data)),
        ("Target data", _flags(method.target_data)),
        ("Shared identities", _flags(method.overlap)),
        ("Predicts", "both domains" if method.scores is Scores.BOTH else "the target"),
        (
            "Selected on",
            "nothing" if method.selection is Selection.NONE else str(method.selection),
        ),
        ("Predictions clipped to the scale", "yes" if method.clips else "no"),
    ]
    if method.optional:
        lines.insert(2, ("Can do without", _flags(method.optional)))
    return "".join(f"- {name}: {value}\n" for name, value in lines)


def _flags(flags: Signal | Overlap) -> str:
    return ", ".join(str(flag.name).lower() for flag in flags) or "none"


def _hyperparameters(method: type[Recommender], marks: Sequence[Mark]) -> str:
    found = fields(method)
    if not found:
        return "None.\n"
    about = _field_docs(method)
    rows = [
        [
            Cell(f"`{field.name}`"),
            Cell(f"`{_default(field)!r}`"),
            Cell(_range(method, field.name)),
            Cell(_short(about.get(field.name, "")) or _marked(field.name, marks)),
        ]
        for field in found
    ]
    columns = [Column(title) for title in ("Field", "Value", "Searched in", "About")]
    return to_markdown(Table("fields", "", columns, rows))


def _default(field: Field[Any]) -> Any:
    made = field.default_factory
    return field.default if made is MISSING else made()


def _range(method: type[Recommender], name: str) -> str:
    match method.space.get(name):
        case Choice(values):
            return ", ".join(map(str, values))
        case Real(low, high, log) | Integer(low, high, log):
            return f"{low:g} to {high:g}{', log scale' if log else ''}"
    return ""


def _short(doc: str) -> str:
    """A field's own words; what is marked stands below in full."""
    text = " ".join(doc.replace("``", "`").split())
    for kind, heading in _HEADINGS.items():
        before, mark, _ = text.partition(f"{kind}: ")
        if mark:
            return f"{before}See “{heading}”."
    return text


def _marked(field: str, marks: Sequence[Mark]) -> str:
    """Where the comment above a field is printed, if it has one."""
    kinds = dict.fromkeys(mark.kind for mark in marks if mark.at == field)
    return " ".join(f"See “{_HEADINGS[kind]}”." for kind in kinds)


def _field_docs(method: type[Recommender]) -> dict[str, str]:
    """The docstring of each field, from the class that declares it."""
    docs: dict[str, str] = {}
    for path in dict.fromkeys(_files_of_classes(method)):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and node.name in _class_names(method):
                docs |= _docs_in(node)
    return docs


def _class_names(method: type[Recommender]) -> set[str]:
    return {cls.__name__ for cls in method.__mro__}


def _files_of_classes(method: type[Recommender]) -> list[Path]:
    """The files of a method's classes, the most basic first, so that its own word is the last."""
    files = source_files(method)
    return [files[cls.__module__] for cls in reversed(method.__mro__) if cls.__module__ in files]


def _docs_in(node: ast.ClassDef) -> dict[str, str]:
    docs = {}
    for statement, after in zip(node.body, node.body[1:], strict=False):
        if (
            isinstance(statement, ast.AnnAssign)
            and isinstance(statement.target, ast.Name)
            and isinstance(after, ast.Expr)
            and isinstance(after.value, ast.Constant)
        ):
            docs[statement.target.id] = str(after.value.value)
    return docs


def _listed(marks: Sequence[Mark], kind: MarkKind) -> str:
    if not marks:
        return f"{_NOTHING[kind]}\n"
    return "".join(f"- {_where(mark)}: {mark.text.replace('``', '`')}\n" for mark in marks)


def _where(mark: Mark) -> str:
    path = mark.module.replace(".", "/") + ".py"
    name = f"`{mark.at}`, " if mark.at else ""
    return f"{name}[{path.rpartition('/')[2]}](../../{path})"
