"""``bench docs``: writes the documents that are generated from code and from committed reports."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option("--check", "only_check", is_flag=True, help="Write nothing; exit 1 if any is stale.")
@click.pass_context
def docs(context: click.Context, only_check: bool) -> None:
    """Write the generated documents and parts of documents.

    A page for each method and their index, the ledger of claims, and the README's tables.
    """
    from benchmark.errors import BenchError
    from benchmark.reporting.documents import documents, stale
    from benchmark.repository import IS_CHECKOUT, ROOT
    from benchmark.running.records import write_atomically

    if not IS_CHECKOUT:
        raise BenchError("bench docs writes into a checkout of the repository; run it from one")
    wanted = documents()
    changed = stale(wanted)
    for path in changed:
        if not only_check:
            if path in wanted:
                write_atomically(path, wanted[path].encode())
            else:
                path.unlink()
        click.echo(f"{'stale' if only_check else 'written'}: {_within(path, ROOT)}")
    click.echo(f"{len(wanted)} documents, {len(changed)} changed")
    context.exit(1 if only_check and changed else 0)


def _within(path: Path, root: Path) -> Path:
    return path.relative_to(root)
