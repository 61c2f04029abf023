"""A hash of the code that a method consists of, so that a change to it redoes its cells only."""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib
import importlib.util
import pkgutil
from collections.abc import Iterable, Mapping
from importlib.machinery import ModuleSpec
from pathlib import Path

_REPOSITORY = ("baselines", "methods", "benchmark")
# The contract and the loading of data change no prediction by themselves: data have fingerprints.
_OUTSIDE = (
    "benchmark.recommender",
    "benchmark.study",
    "benchmark.errors",
    "benchmark.space",
    "benchmark.data.views",
)


def code_hash(method: type) -> str:
    """A sha256 over the module of a method or study and all that it imports of the repository.

    Of one from outside, also over all that it imports of its own package.

    Comments, docstrings and layout do not count.
    """
    return _hash(source_files(method))


def package_hash(method: type) -> str:
    """The same over all modules of a method's package, whose methods may share stages of a fit."""
    package = method.__module__.rpartition(".")[0]
    if not package:
        return code_hash(method)
    folder = importlib.import_module(package).__path__
    return _hash(_files(f"{package}.{found.name}" for found in pkgutil.iter_modules(folder)))


def source_files(method: type) -> dict[str, Path]:
    """The files of a method by module: its own and all it imports of the repository, in turn.

    Of one from outside, all that it imports of its own package, too.
    """
    return _files([method.__module__])


def _hash(files: Mapping[str, Path]) -> str:
    digest = hashlib.sha256()
    for module, path in files.items():
        digest.update(f"{module}\n{_essence(path)}\n".encode())
    return digest.hexdigest()


def _files(modules: Iterable[str]) -> dict[str, Path]:
    seen: dict[str, Path | None] = {}
    waiting = list(modules)
    own = frozenset({*_REPOSITORY, *(module.partition(".")[0] for module in waiting)})
    while waiting:
        module = waiting.pop()
        if module in seen or module in _OUTSIDE:
            continue
        seen[module] = path = _source(module)
        if path is not None:
            waiting += _imports(module, path, own)
    return {module: path for module, path in sorted(seen.items()) if path is not None}


@functools.cache
def _source(module: str) -> Path | None:
    """The file of a module, unless it is none of Python or only gathers others."""
    if module in ("baselines", "methods", "benchmark", "benchmark.data"):
        return None
    spec = _spec(module)
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        return None
    return Path(spec.origin)


def _spec(module: str) -> ModuleSpec | None:
    try:
        return importlib.util.find_spec(module)
    except ModuleNotFoundError:
        return None


@functools.cache
def _imports(module: str, path: Path, own: frozenset[str]) -> list[str]:
    """The modules of ``own`` packages that the file of a module imports."""
    package = module if path.stem == "__init__" else module.rpartition(".")[0]
    modules: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            origin = "." * node.level + (node.module or "")
            origin = importlib.util.resolve_name(origin, package)
            modules += [origin, *(f"{origin}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            modules += [alias.name for alias in node.names]
    return [m for m in modules if m.split(".")[0] in own and _spec(m) is not None]


@functools.cache
def _essence(path: Path) -> str:
    """The code as a syntax tree without docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            node.body = [statement for statement in node.body if not _is_text(statement)]
    return ast.dump(tree)


def _is_text(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )
