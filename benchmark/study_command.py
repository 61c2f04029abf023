"""``bench study``: experiments on the papers' theory, their tables and figures."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from benchmark.arguments import results_dir_option, seeds_of
from benchmark.repository import REPORTS

SEEDS = "1,2,3,4,5"


@click.command()
@click.argument("name")
@click.option("--quick", is_flag=True, help="Small sizes: seconds, and no results.")
@click.option("--seeds", multiple=True, callback=seeds_of, default=(SEEDS,), show_default=SEEDS)
@results_dir_option
@click.option(
    "--reports-dir",
    type=click.Path(path_type=Path),
    default=REPORTS,
    help="Where reports are written.  [default: reports/]",
)
def study(name: str, quick: bool, seeds: list[int], results_dir: Path, reports_dir: Path) -> None:
    """Run the study NAME, or all of them. `bench list` names them.

    Rows are kept in studies/ of the results (studies-quick/ with --quick), and not computed again
    while code, sizes and seeds stay the same.
    """
    # Imported here, for torch and its like take seconds that --help should not.
    from benchmark.registry import STUDIES, find_studies
    from benchmark.reporting.studies import write_studies
    from benchmark.running.records import make_writable
    from benchmark.running.studies import configured, folder, load, run_study

    place = folder(results_dir, quick=quick)
    asked = find_studies(name)
    make_writable(place, "results", option="--results-dir")
    make_writable(reports_dir / place.name, "reports", option="--reports-dir")
    for chosen in asked:
        outcome = run_study(
            configured(chosen, quick=quick), seeds, place, on_seed=partial(_tell, chosen.name)
        )
        click.echo(f"{chosen.title} ({chosen.paper})")
        for finding in outcome.study.findings(outcome.rows):
            click.echo(f"  {finding}")
    known = [load(configured(each, quick=quick), place) for each in STUDIES]
    page = write_studies([outcome for outcome in known if outcome], reports_dir / place.name)
    click.echo(f"report: {page}")


def _tell(name: str, seed: int) -> None:
    click.echo(f"{name}: seed {seed}", err=True)
