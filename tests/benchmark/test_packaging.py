"""What pip installs is whole: the package finds its files outside the repository, too."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from benchmark.repository import PUBLISHED, REFERENCE, ROOT, SUITES

SHARE = "cdrbench-0.1.0.data/data/share/cdrbench/results"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of a copy of the repository, for building leaves files behind."""
    folder = tmp_path_factory.mktemp("wheel")
    copy = folder / "repository"
    for name in ("benchmark", "baselines", "methods", "results/published", "results/reference"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, copy)
    build = "from setuptools.build_meta import build_wheel; import sys; build_wheel(sys.argv[1])"
    subprocess.run(
        [sys.executable, "-c", build, folder], cwd=copy, capture_output=True, check=True
    )
    return next(folder.glob("*.whl"))


@pytest.mark.slow
def test_a_wheel_holds_all_that_is_no_code(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    packaged = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "benchmark").rglob("*.*")
        if path.suffix in {".toml", ".html", ".css", ".js"}
    }
    committed = {
        f"{SHARE}/{folder.name}/{path.name}"
        for folder in (PUBLISHED, REFERENCE)
        for path in folder.iterdir()
    }
    assert len(packaged) > len(list(SUITES.iterdir()))
    assert not (packaged | committed) - names


@pytest.mark.slow
def test_installed_it_finds_its_files_and_writes_where_one_stands(
    wheel: Path, tmp_path: Path
) -> None:
    site = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(site)
    data = site / "cdrbench-0.1.0.data" / "data"
    # As pip does: what the wheel has as data goes below the environment's folder.
    code = f"""
import json, sysconfig
sysconfig.get_path = lambda name: {str(data)!r}
from benchmark import repository
from benchmark.arguments import declared_suite
from benchmark.reporting.claims import load_claims
from benchmark.running.suite import shipped
suites = [declared_suite(name).name for name in shipped()]
print(json.dumps([repository.IS_CHECKOUT, str(repository.RESULTS), len(suites),
                  len(load_claims().claims), repository.__file__]))
"""
    said = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    checkout, results, suites, claims, at = json.loads(said)
    assert at.startswith(str(site))
    assert not checkout
    assert results == str(tmp_path / "results")
    assert (suites, claims > 0) == (len(list(SUITES.iterdir())), True)
