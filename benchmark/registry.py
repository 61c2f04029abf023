"""The one place where the harness meets the methods."""

from __future__ import annotations

import importlib
from collections.abc import Iterable

from baselines import METHODS as BASELINES
from baselines import TRIVIAL
from benchmark.errors import BenchError, suggestion
from benchmark.recommender import Overlap, Recommender, Scores, Signal
from benchmark.study import Study
from methods import METHODS as SYSTEMS
from methods import STUDIES as SYSTEM_STUDIES

METHODS: tuple[type[Recommender], ...] = (*BASELINES, *SYSTEMS)
"""Every registered method, in table-row order."""
STUDIES: tuple[type[Study], ...] = SYSTEM_STUDIES
"""Every registered study, in the order of its paper."""


_DECLARED: dict[type, tuple[str, ...]] = {
    str: ("name", "paper", "title"),
    Signal: ("source_data", "target_data", "optional"),
    Overlap: ("overlap",),
    Scores: ("scores",),
}
"""What a method's class must say of itself, and as what."""


def is_trivial(method: type[Recommender]) -> bool:
    """Whether a method is one of the trivial rows that stand in every table."""
    return method in TRIVIAL


def by_name() -> dict[str, type[Recommender]]:
    """The registered methods by their names."""
    return {method.name: method for method in METHODS}


def find(names: Iterable[str], *, place: str) -> list[type[Recommender]]:
    """The methods of these names, in table-row order whatever the order asked for.

    Raises:
        BenchError: an unknown name; ``place`` says where it stands.
    """
    known, wanted = by_name(), list(names)
    for name in wanted:
        if name not in known:
            raise BenchError(f"unknown method {name!r} in {place}{suggestion(name, known)}")
    return [method for method in METHODS if method.name in wanted]


def find_studies(name: str) -> list[type[Study]]:
    """The study of that name, or ``all`` of them.

    Raises:
        BenchError: there is none of that name.
    """
    known = {study.name: study for study in STUDIES}
    if name == "all":
        return list(STUDIES)
    if name not in known:
        raise BenchError(f"unknown study {name!r}{suggestion(name, [*known, 'all'])}")
    return [known[name]]


def load(path: str) -> type[Recommender]:
    """A method outside the repository, named ``package.module:Class``.

    Raises:
        BenchError: nothing can be imported under that name, or it is no Recommender.
    """
    module, _, name = path.partition(":")
    if not name or not module or module.startswith("."):
        raise BenchError(f"--method {path!r}: write it as package.module:Class")
    try:
        found = getattr(importlib.import_module(module), name)
    # Whatever the code of others raises when it is imported.
    except (Exception, SystemExit) as error:
        said = f"{type(error).__name__}: {error}"
        raise BenchError(f"--method {path!r} cannot be imported: {said}") from error
    if not (isinstance(found, type) and issubclass(found, Recommender)):
        raise BenchError(
            f"--method {path!r} is not a subclass of benchmark.recommender.Recommender"
        )
    for kind, attributes in _DECLARED.items():
        for attribute in attributes:
            if not isinstance(getattr(found, attribute, None), kind):
                raise BenchError(
                    f"--method {path!r}: the class has no {attribute}, or none that is a "
                    f"{kind.__name__}; declare it as benchmark.recommender.Recommender says"
                )
    return found
