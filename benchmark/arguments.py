"""Options that several commands share, and what they choose: a suite's methods and its data."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from benchmark.errors import BenchError, UnavailableError, suggestion
from benchmark.repository import RESULTS, cache_dir

if TYPE_CHECKING:
    from benchmark.running.run import PlannedTask
    from benchmark.running.suite import Suite, TaskSpec
    from benchmark.running.variants import Variant


def names(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> list[str]:
    """The parts of an option like ``knn,svdpp``, given any number of times.

    Raises:
        click.BadParameter: it is given and names nothing, which is not to stand for everything.
    """
    parts: list[str] = []
    for value in values:
        named = [part.strip() for part in value.split(",") if part.strip()]
        if not named:
            raise click.BadParameter(f"{value!r} names nothing; leave the option out for all")
        parts += named
    return parts


def seeds_of(
    context: click.Context, parameter: click.Parameter, values: tuple[str, ...]
) -> list[int]:
    """The numbers of an option like ``1,2,3``.

    Raises:
        click.BadParameter: they are no seeds, or one is listed twice.
    """
    from benchmark.running.suite import LAST_SEED

    given = ",".join(values)
    try:
        seeds = [int(part) for part in names(context, parameter, values)]
    except ValueError:
        raise click.BadParameter(f"{given!r} is not a list of whole numbers like 1,2,3") from None
    if not all(0 <= seed <= LAST_SEED for seed in seeds) or len(set(seeds)) < len(seeds):
        raise click.BadParameter(
            f"{given!r}: seeds are from 0 to {LAST_SEED}, and each is listed once"
        )
    return seeds


data_dir_option = click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    # Messages name it, and records replace that name: "data" or "." would be found in any text.
    callback=lambda _, __, value: value and value.absolute(),
    envvar="BENCH_DATA",
    show_envvar=True,
    help="Folder that holds the data files (amazon2014/, douban/, …).",
)
suite_option = click.option(
    "--suite", default="demo", show_default=True, help="A shipped suite, or a path to a .toml."
)
results_dir_option = click.option(
    "--results-dir",
    type=click.Path(path_type=Path),
    default=RESULTS,
    help="Where records are kept.  [default: results/]",
)
methods_option = click.option(
    "--methods",
    multiple=True,
    callback=names,
    help="Only these methods and variants, by name: knn,svdpp.",
)
tasks_option = click.option(
    "--tasks", multiple=True, callback=names, help="Only these tasks of the suite, by name."
)
outside_option = click.option(
    "--method",
    "outside",
    multiple=True,
    metavar="PACKAGE.MODULE:CLASS",
    help="Add a method from outside the repository.",
)


quick_option = click.option(
    "--quick", is_flag=True, help="The suite in little, as its [quick] table says, kept apart."
)


def declared_suite(name: str, *, quick: bool = False) -> Suite:
    """The suite of that name, or what it is in little.

    Raises:
        BenchError: there is none, it cannot be read, or it names data or a printed table that do
            not exist.
    """
    from benchmark.running.suite import load_suite

    suite = load_suite(name)
    for task in suite.tasks:
        _check_task(task, f"task {task.name!r} of suite {suite.name!r}")
    return suite.quickened() if quick else suite


def _check_task(task: TaskSpec, place: str) -> None:
    from benchmark.data.entries import resolve
    from benchmark.reporting.published import published_table

    try:
        for data in (task.source, task.target):
            resolve(data)
        for at in task.published:
            printed = {(pair, domain) for pair, domain, *_ in published_table(at.table).values}
            # What is shown as a figure alone has no values.
            if printed and (at.pair, at.domain) not in printed:
                there = " or ".join(f"{pair!r}, {domain!r}" for pair, domain in sorted(printed))
                raise BenchError(
                    f"{at.table} prints nothing of {at.pair!r}, {at.domain!r}, but of {there}"
                )
    except BenchError as error:
        raise BenchError(f"{place}: {error}") from error


def contestants(suite: Suite, outside: Sequence[str] = ()) -> list[Variant]:
    """The suite's methods and variants in table-row order, then those of the command line.

    Raises:
        BenchError: a name that does not exist or is taken, or settings that no method has.
    """
    from benchmark import registry
    from benchmark.running.variants import variants_of

    sys.path.insert(0, os.getcwd())
    place = f"suite {suite.name!r}"
    found = (
        list(registry.METHODS)
        if suite.methods == "all"
        else registry.find(suite.methods, place=place)
    )
    added = [registry.load(path) for path in outside]
    taken = set(registry.by_name())
    for method in added:
        if method.name in taken:
            raise BenchError(f"--method: the name {method.name!r} is taken; rename the class's")
        taken.add(method.name)
    return variants_of(suite, [*found, *added], [*registry.METHODS, *added])


def choose(asked: list[str], valid: list[str], what: str, option: str) -> list[str]:
    """What was asked for, each once, or all that there is.

    Raises:
        BenchError: something that there is not.
    """
    for name in asked:
        if name not in valid:
            raise BenchError(f"unknown {what} {name!r} in {option}{suggestion(name, valid)}")
    return list(dict.fromkeys(asked)) or valid


def only_tasks(suite: Suite, asked: list[str], option: str = "--tasks") -> Suite:
    """The suite with only the tasks asked for.

    Raises:
        BenchError: a task that the suite has not.
    """
    wanted = choose(asked, [task.name for task in suite.tasks], "task", option)
    return suite.model_copy(
        update={"tasks": [task for task in suite.tasks if task.name in wanted]}
    )


def one_task(
    suite: Suite, task: str, data_dir: Path | None, variants: Sequence[Variant] = ()
) -> PlannedTask:
    """A task of a suite with its data.

    Raises:
        BenchError: no such task, or data that cannot be read.
        UnavailableError: a file is on no place searched.
    """
    from benchmark.data.catalog import Places
    from benchmark.running.run import plan

    narrowed = only_tasks(suite, [task], f"suite {suite.name!r}")
    planned = plan(narrowed, variants, Places(data_dir, cache_dir()))[0]
    if planned.unavailable:
        raise UnavailableError(*planned.wanting)
    return planned
