"""A suite: which tasks, methods and seeds, under which protocol; declared in TOML, validated.

Tasks and variants that are nearly alike are written once, as a family
(:mod:`benchmark.running.families`).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from benchmark.data.domain import Duplicates
from benchmark.data.splits import SplitKind, is_symmetric, n_parts
from benchmark.data.synthetic import Planted
from benchmark.data.views import TextField, Withheld
from benchmark.errors import BenchError, suggestion
from benchmark.recommender import Side
from benchmark.repository import SUITES
from benchmark.running.families import expanded

LAST_SEED = 2**32 - 1
"""The largest seed that every library takes."""
Seed = Annotated[int, Field(ge=0, le=LAST_SEED)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Protocol(_Table):
    """The choices that the papers leave open or make differently; each stands in the record."""

    split: SplitKind = "80/10/10"
    split_seed: int = 2019
    duplicates: Duplicates = "last"
    """Which row of a repeated user-item pair counts; ``keep`` leaves copies on both sides."""
    k_core: int = Field(default=0, ge=0)
    """Keep the k-core of each domain; 0 keeps the published rows."""
    text: TextField = "summary"
    """Which text stands for a review."""
    relevance: float = 4.0
    """From how many stars on a test item counts as relevant (``standard`` and ``surprise``)."""
    clip: Literal["paper", "all", "none"] = "paper"
    """Clip predictions to the scale where the method's paper does, always, or never."""
    refit: bool = False
    """Fit once more on training and validation rows after hyperparameters are chosen."""
    full_ranking_users: int = Field(default=0, ge=0)
    """For how many test users, chosen by hash, all unseen items are ranked as well."""
    withhold: list[Withheld] = []
    """What no method gets although the data have it; those that must read it are refused."""

    @property
    def of_fits(self) -> dict[str, Any]:
        """The switches that a fit may depend on; the others only change how it is scored."""
        return self.model_dump(exclude={"relevance", "clip", "full_ranking_users"})


class Limits(_Table):
    """What one cell may take."""

    seconds: float = Field(default=3600, gt=0)
    gigabytes: float = Field(default=8, gt=0)
    threads: int = Field(default=1, ge=1)


class Tuning(_Table):
    """Which methods' hyperparameters are searched on validation rows, and in how many trials."""

    methods: list[str] | Literal["all"] = []
    trials: int = Field(default=12, ge=1)


class Published(_Table):
    """Where the papers print numbers for a task: a file of ``results/published`` and its keys."""

    table: str
    pair: str
    domain: str
    side: Side = Side.TARGET
    stand_in: bool = False
    """Whether other data stand in here for the paper's, which are not to be had."""
    row: str = ""
    """The row that the paper's system is here, where a table's rows are tasks and not methods."""


class TaskSpec(_Table):
    """One pair of domains of the catalog."""

    name: str = Field(pattern=r"^[a-z0-9@.+-]+$")
    source: str
    target: str
    score: Literal["target", "both"] = "target"
    published: list[Published] = []
    planted: Planted = Planted()
    """What is planted where the domains are the synthetic ones."""
    overlap_users: int | None = Field(default=None, ge=0)
    """Keep only so many of the shared users; the others lose their records in both domains."""
    without: list[str] = []
    """The suite's methods and variants that take no part in this task."""
    protocol: dict[str, Any] = {}
    """Switches of the suite's protocol that this task has otherwise."""


class VariantSpec(_Table):
    """A method that takes part once more, under another name and with other settings."""

    method: str
    name: str = Field(pattern=r"^[a-z0-9.+-]+$")
    title: str
    settings: dict[str, Any]


class Quick(_Table):
    """What ``--quick`` makes of a suite: the same in little, to see that it works."""

    seeds: Annotated[list[Seed], Field(min_length=1)] | None = None
    folds: int | None = Field(default=None, ge=0)
    tasks: Annotated[list[str], Field(min_length=1)] | None = None
    trials: int | None = Field(default=None, ge=1)
    full_ranking_users: int | None = Field(default=None, ge=0)
    settings: dict[str, dict[str, Any]] = {}


class Suite(_Table):
    """What ``bench run --suite`` runs."""

    name: str = Field(pattern=r"^[^./\\][^/\\]*$")
    """Of its folder of results."""
    title: str
    caveats: list[Annotated[str, Field(pattern="^[^;]+$")]] = []
    """What has to be kept in mind of every number, as that networks are smaller than a paper's;
    a semicolon parts one from the next where they are written down."""
    seeds: list[Seed] = Field(min_length=1)
    folds: int = Field(default=0, ge=0)
    """How many folds of a split are run, from the first; 0: all."""
    methods: list[str] | Literal["all"] = "all"
    variants: list[VariantSpec] = []
    """Take part whatever ``methods`` says, each after its method's place."""
    artifacts: list[str] = []
    """Methods and variants that keep what figures need, of every seed's first fold."""
    protocol: Protocol = Protocol()
    limits: Limits = Limits()
    tuning: Tuning = Tuning()
    settings: dict[str, dict[str, Any]] = {}
    quick: Quick | None = None
    tasks: list[TaskSpec] = Field(min_length=1)

    def protocol_of(self, task: TaskSpec) -> Protocol:
        """The switches that hold for a task."""
        return Protocol.model_validate({**self.protocol.model_dump(), **task.protocol})

    def quickened(self) -> Suite:
        """The suite in little, under a name of its own.

        Raises:
            BenchError: it does not say what that would be.
        """
        quick = self.quick
        if quick is None:
            raise BenchError(f"suite {self.name!r} has no [quick] table; run it without --quick")
        protocol, tuning = self.protocol, self.tuning
        if quick.full_ranking_users is not None:
            protocol = protocol.model_copy(update={"full_ranking_users": quick.full_ranking_users})
        if quick.trials is not None:
            tuning = tuning.model_copy(update={"trials": quick.trials})
        methods = dict.fromkeys([*self.settings, *quick.settings])
        return self.model_copy(
            update={
                "name": f"{self.name}-quick",
                "title": f"{self.title} (quick)",
                "seeds": self.seeds if quick.seeds is None else quick.seeds,
                "folds": self.folds if quick.folds is None else quick.folds,
                "protocol": protocol,
                "tuning": tuning,
                "settings": {
                    name: {**self.settings.get(name, {}), **quick.settings.get(name, {})}
                    for name in methods
                },
                "tasks": [
                    task for task in self.tasks if quick.tasks is None or task.name in quick.tasks
                ],
            }
        )


def shipped() -> dict[str, Path]:
    """The suites of the repository by name."""
    return {path.stem: path for path in sorted(SUITES.glob("*.toml"))}


def load_suite(name: str) -> Suite:
    """The shipped suite of that name, or the suite in a TOML file of that path.

    Raises:
        BenchError: no such suite, not TOML, or a key or value that a suite cannot have.
    """
    known = shipped()
    path = known.get(name, Path(name))
    if name not in known and path.suffix != ".toml":
        raise BenchError(f"unknown suite {name!r}{suggestion(name, known)} (or a path to a .toml)")
    try:
        declared = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BenchError(f"cannot read suite {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BenchError(f"{path} is not TOML: {error}") from error
    called = {}
    for what in ("tasks", "variants"):
        if isinstance(declared.get(what), list):
            called[what], declared[what] = expanded(declared[what], place=what, file=path)
    try:
        suite = Suite.model_validate({"name": path.stem, **declared})
    except ValidationError as error:
        raise BenchError(_first_problem(error, path, called)) from error
    _check_names(suite, path)
    for task in suite.tasks:
        try:
            suite.protocol_of(task)
        except ValidationError as error:
            place = ["tasks", task.name, "protocol"]
            raise BenchError(_first_problem(error, path, called, within=place)) from error
    _check_folds(suite, path)
    _check_ways_back(suite, path)
    return suite


def _check_names(suite: Suite, path: Path) -> None:
    tasks = [task.name for task in suite.tasks]
    for what, names in (("tasks", tasks), ("variants", [v.name for v in suite.variants])):
        for name in names:
            if names.count(name) > 1:
                raise BenchError(
                    f"two {what} are named {name!r} in {path}; give each its own name"
                )
    for where, seeds in (
        ("seeds", suite.seeds),
        ("quick.seeds", suite.quick and suite.quick.seeds),
    ):
        if seeds and len(set(seeds)) < len(seeds):
            raise BenchError(f"{where} {seeds} in {path} repeat a seed; list each once")
    for name in (suite.quick and suite.quick.tasks) or []:
        if name not in tasks:
            raise BenchError(
                f"unknown task {name!r} in quick.tasks in {path}{suggestion(name, tasks)}"
            )


def _check_folds(suite: Suite, path: Path) -> None:
    splits = {suite.protocol_of(task).split for task in suite.tasks}
    there = max(map(n_parts, splits))
    asked = {"folds": suite.folds, "quick.folds": (suite.quick and suite.quick.folds) or 0}
    for where, folds in asked.items():
        if folds > there:
            raise BenchError(
                f"{where} = {folds} in {path}: split {', '.join(sorted(splits))} has {there} "
                "at most; 0 or no key stands for all"
            )


def _check_ways_back(suite: Suite, path: Path) -> None:
    """Refuse to score a domain as cold whose users and items all have training rows."""
    for task in suite.tasks:
        split = suite.protocol_of(task).split
        if task.score == "both" and not is_symmetric(split):
            raise BenchError(
                f'tasks.{task.name}.score = "both" in {path}: a {split} split divides the target '
                "alone so; leave the key out, and write the way back as a task of its own"
            )


def _first_problem(
    error: ValidationError,
    path: Path,
    called: Mapping[str, Sequence[str]],
    within: Sequence[str] = (),
) -> str:
    unknown = ("extra_forbidden", "unexpected_keyword_argument")
    # A misspelt key is missing and unknown at once; the unknown one tells more.
    problem = min(error.errors(), key=lambda found: found["type"] not in unknown)
    location = [*within, *map(str, problem["loc"])]
    where = ".".join(_by_name(location, called))
    if problem["type"] in unknown:
        table = _table_at(location[:-1])
        return f"unknown key {where!r} in {path}{suggestion(location[-1], _keys(table))}"
    if problem["type"] == "missing":
        return f"key {where!r} is missing in {path}"
    said = problem["msg"].lower().removeprefix("value error, ")
    return f"{where} = {problem['input']!r} in {path}: {said}"


def _by_name(location: list[str], called: Mapping[str, Sequence[str]]) -> list[str]:
    """The place with what a table of a list is called instead of its number."""
    match location:
        case [what, number, *rest] if what in called and number.isdecimal():
            return [what, called[what][int(number)], *rest]
    return location


def _keys(table: type[BaseModel] | type[Planted]) -> list[str]:
    if issubclass(table, BaseModel):
        return [*table.model_fields, *(["each"] if table in (TaskSpec, VariantSpec) else [])]
    return [field.name for field in fields(table)]


def _table_at(location: list[str]) -> type[BaseModel] | type[Planted]:
    tables: dict[str, type[BaseModel] | type[Planted]] = {
        "protocol": Protocol,
        "limits": Limits,
        "tuning": Tuning,
        "tasks": TaskSpec,
        "published": Published,
        "planted": Planted,
        "variants": VariantSpec,
        "quick": Quick,
    }
    named = [part for part in location if part in tables]
    return tables[named[-1]] if named else Suite
