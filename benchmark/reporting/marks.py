"""What a method's source says of its paper: every ``Differs:`` and ``Silent:``, with its place."""

from __future__ import annotations

import ast
import functools
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from benchmark.recommender import Recommender
from benchmark.running.method_code import source_files

_WHERE = ("baselines", "methods")
"""The packages in which marks are about a paper."""


class MarkKind(StrEnum):
    """A departure from the paper, or a gap of the paper that had to be filled."""

    DIFFERS = "Differs"
    SILENT = "Silent"


_MARK = re.compile(rf"\b({'|'.join(MarkKind)}): ")


@dataclass(frozen=True)
class Mark:
    """A mark's text, the module that it stands in, and the field, function or class it is at."""

    kind: MarkKind
    text: str
    module: str
    at: str


def marks_of(method: type[Recommender]) -> list[Mark]:
    """The marks of a method's own modules and of those it imports, by module and line."""
    return [
        mark
        for module, path in source_files(method).items()
        if module.split(".")[0] in _WHERE
        for mark in _marks_in(path, module)
    ]


@functools.cache
def _marks_in(path: Path, module: str) -> tuple[Mark, ...]:
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source)
    return tuple(
        Mark(kind, said, module, _place(tree, line))
        for line, text in sorted([*_comments(source), *_strings(tree)])
        for kind, said in _split(text)
    )


def _split(text: str) -> Iterator[tuple[MarkKind, str]]:
    """Each mark of a text up to the next one or to the end of its paragraph."""
    for paragraph in re.split(r"\n\s*\n", text):
        _, *found = _MARK.split(" ".join(paragraph.split()))
        for kind, said in zip(found[::2], found[1::2], strict=True):
            yield MarkKind(kind), said.strip()


def _comments(source: str) -> Iterator[tuple[int, str]]:
    """The last line and the text of every block of comments that stand alone on their lines."""
    block: list[str] = []
    last = 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT or token.line[: token.start[1]].strip():
            continue
        if block and (token.start[0] != last + 1 or _MARK.search(token.string)):
            yield last, "\n".join(block)
            block = []
        block.append(token.string.lstrip("# "))
        last = token.start[0]
    if block:
        yield last, "\n".join(block)


def _strings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and text of docstrings, those of fields included."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
        ):
            yield node.lineno, node.value.value


def _place(tree: ast.Module, line: int) -> str:
    """What a mark on a line is about: the field beside it, else the function or class around."""
    names: list[str] = []
    around: ast.Module | ast.ClassDef | ast.FunctionDef = tree
    while inside := [
        node
        for node in around.body
        if isinstance(node, ast.ClassDef | ast.FunctionDef)
        and _first_line(node) <= line <= (node.end_lineno or line)
    ]:
        around = inside[0]
        names.append(around.name)
    field = _field(around.body, line) if isinstance(around, ast.ClassDef) else ""
    return field or ".".join(names)


def _first_line(node: ast.ClassDef | ast.FunctionDef) -> int:
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])


def _field(body: list[ast.stmt], line: int) -> str:
    """The annotated name whose docstring or leading comment the line is in, if any."""
    before, after = "", ""
    for node in body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            if node.lineno < line:
                before = node.target.id
            elif not after:
                after = node.target.id
        elif node.lineno == line and isinstance(node, ast.Expr):
            return before
        elif node.lineno > line and not after:
            return ""
    in_a_comment = all(not node.lineno <= line <= (node.end_lineno or 0) for node in body)
    return after if in_a_comment else ""
