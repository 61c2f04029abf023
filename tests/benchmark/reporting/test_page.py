"""The page as a reader meets it: links lead somewhere, text is text, no machine is named."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
from conftest import HOSTILE

from benchmark.errors import BenchError
from benchmark.reporting.report import write_report
from benchmark.running.manifest import Manifest
from benchmark.running.records import Store

VOID = {"meta", "img", "br", "link", "input"}


class Page(HTMLParser):
    """The links, ids, texts and nesting of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: list[str] = []
        self.tags: list[str] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))
        assert self._open == [], self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in VOID:
            self._open.append(tag)
        for name, value in attrs:
            if name in ("href", "src"):
                self.links.append(value or "")
            if name == "id":
                self.ids.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] not in ("style", "script"):
            self.text += data


@pytest.fixture(scope="module")
def page(report: Path) -> Page:
    return Page(report / "index.html")


@pytest.fixture(scope="module")
def records(report: Path) -> Page:
    return Page(report / "records.html")


def test_every_link_resolves(report: Path, page: Page, records: Page) -> None:
    ids = {"index.html": page.ids, "records.html": records.ids}
    for name, found in (("index.html", page), ("records.html", records)):
        assert len(found.ids) == len(set(found.ids)), name
        for link in found.links:
            path, _, anchor = unquote(link).partition("#")
            assert (report / (path or name)).is_file(), link
            if anchor:
                assert anchor in ids[path or name], link
    assert sum(link.startswith("records.html#") for link in page.links) > 50


def test_nothing_is_fetched_from_elsewhere(report: Path, page: Page, records: Page) -> None:
    for link in (*page.links, *records.links):
        assert "//" not in link
    for path in report.glob("*.html"):
        assert not re.search(r"url\(|@import|fetch\(|src=.?https?:", path.read_text())


def test_a_hostile_reason_is_shown_and_not_run(page: Page, records: Page) -> None:
    assert page.tags.count("script") == records.tags.count("script") == 1
    assert HOSTILE in page.text
    assert HOSTILE in records.text


def test_no_file_names_a_folder_of_the_machine(report: Path, tmp_path: Path) -> None:
    secrets = ("/home/someone", "/root/", str(tmp_path.parent.parent))
    for path in report.rglob("*.*"):
        content = path.read_bytes()
        for secret in secrets:
            assert secret.encode() not in content, path.name


def test_claims_come_first_then_tables_data_and_where_it_was_made(page: Page) -> None:
    order = [name for name in page.ids if not name.startswith("claim-")]
    assert order == [
        "claims", "paper-tables", "music", "office", "beauty", "data", "splits", "budgets",
        "failures", "protocol",
    ]  # fmt: skip


def test_each_verdict_stands_with_its_numbers_and_the_papers_own(page: Page) -> None:
    text = " ".join(page.text.split())
    assert re.search(r"\d+ hold, \d+ fail, \d+ inconclusive, \d+ not testable here", text)
    assert "UI-DAN unimodal lowers source-only RMSE on DM->MI by about 15%" in text
    assert "gain of UI-DAN (a, u) in percent: 28.33" in text
    assert "On the paper’s own numbers: holds (15.36)" in text


def test_data_that_is_incomplete_or_missing_is_said_in_red(report: Path, page: Page) -> None:
    html = (report / "index.html").read_text(encoding="utf-8")
    flag = "INCOMPLETE: 6,908 of 64,706 rows in reviews_Digital_Music_5.json.gz"
    assert f'<p class="warning">{flag}</p>' in html
    assert html.count(flag) > 5
    assert '<strong class="warning">Unavailable:</strong> no reviews.json.gz in …/data' in html


def test_what_to_download_is_said_where_the_task_stands_and_in_no_table(report: Path) -> None:
    assert "download https" in (report / "report.md").read_text(encoding="utf-8")
    for path in (report / "tables").iterdir():
        assert "download https" not in path.read_text(encoding="utf-8"), path


def test_readers_see_no_word_that_only_the_ledger_knows(report: Path, page: Page) -> None:
    markdown = (report / "report.md").read_text(encoding="utf-8")
    assert "| not printed |" in markdown
    assert "needs-experiment" not in markdown + page.text


def test_switches_of_the_protocol_are_told_in_words(report: Path) -> None:
    html = (report / "index.html").read_text(encoding="utf-8")
    for name, value in (("split", "80/10/10"), ("refit", "no"), ("withhold", "nothing")):
        assert f"<dt>{name}</dt><dd>{value}</dd>" in html


def test_a_record_says_all_that_made_its_numbers(records: Page) -> None:
    at = records.text.index("nmf-1-musical-instruments")
    shown = records.text[at : at + 500]
    assert 'hyperparameters: {"rate": 0.1}' in shown
    assert '"seconds_tuning": 1.0' in shown
    assert "traceback" not in records.text


def test_the_report_is_whole(report: Path) -> None:
    endings = {path.suffix for path in (report / "tables").iterdir()}
    assert endings == {".md", ".tex", ".csv", ".html"}
    names = {path.stem for path in (report / "tables").iterdir()}
    tests = {name for name in names if "--tests-" in name}
    assert len(tests) == 3 * 2
    assert names - tests == {
        "music--amazon2014-5core-musical-instruments",
        "beauty--amazon2018-full-all-beauty",
        "beauty--amazon2018-full-amazon-fashion",
        "recsysdan_table1",
        "recsysdan_table2",
        "dml_table2",
        "dml_table6",
    }
    drawn = sorted(path.name for path in (report / "figures").iterdir())
    assert [name.replace(".pdf", ".png") for name in drawn[::2]] == drawn[1::2]
    markdown = (report / "report.md").read_text(encoding="utf-8")
    assert "## Claims" in markdown
    assert "| UI-DAN (a, u) | T | source | 1 | **0.860 ± 0.010** |" in markdown


CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
PROBE = """
<iframe id="page" width="{width}" height="900" src="{page}"></iframe>
<script>
page.onload = () => {{
  const {{ document: made, innerWidth }} = page.contentWindow;
  const beyond = [...made.querySelectorAll("body *")].filter((element) =>
    element.getBoundingClientRect().right > innerWidth + 1 && !element.closest(".scroll"));
  const table = made.querySelector("#music table.sortable");
  const first = () => table.tBodies[0].rows[0].cells[0].textContent.trim();
  const buttons = table.tHead.rows[1].querySelectorAll("button");
  const seen = [innerWidth, beyond.length];
  buttons[4].click(); seen.push(first());
  buttons[4].click(); seen.push(first());
  seen.push(table.tBodies[0].rows[table.tBodies[0].rows.length - 1].cells[0].textContent.trim());
  document.title = seen.join("|");
}};
</script>
"""


A4_LINE = 703
"""The pixels of 186 mm, what margins leave of a portrait page's width."""
PRINT_PROBE = """
<iframe id="page" width="{width}" height="30000" src="{page}"></iframe>
<script>
page.onload = () => {{
  const {{ document: made, innerWidth }} = page.contentWindow;
  const all = [...made.querySelectorAll("main *")];
  const beyond = all.filter((element) =>
    Math.max(element.getBoundingClientRect().right, element.scrollWidth) > innerWidth + 1);
  const folded = [...made.querySelectorAll("details > :not(summary)")].filter((element) =>
    !element.checkVisibility({{ contentVisibilityAuto: true }}));
  const unfolded = made.querySelectorAll("details:not([open]) > .scroll");
  document.title = [innerWidth, beyond.length, folded.length, unfolded.length > 3].join("|");
}};
</script>
"""


def told(probe: str, folder: Path) -> list[str]:
    """What a browser makes of a probe: the parts of the title that it sets."""
    path = folder / "probe.html"
    path.write_text(probe)
    flags = [
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        "--allow-file-access-from-files", "--virtual-time-budget=5000",
        f"--user-data-dir={folder / 'profile'}", "--window-size=1400,900", "--dump-dom",
    ]  # fmt: skip
    said = subprocess.run(
        [CHROMIUM or "", *flags, path.as_uri()], capture_output=True, text=True, check=True
    ).stdout
    found = re.search("<title>(.*)</title>", said)
    assert found, said[-500:]
    return found[1].split("|")


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")
@pytest.mark.parametrize("width", [390, 1280])
def test_in_a_browser_nothing_is_cut_off_and_columns_sort(
    width: int, report: Path, tmp_path: Path
) -> None:
    probe = PROBE.format(width=width, page=(report / "index.html").as_uri())
    # By rising and falling RMSE; NCF has none and is last either way.
    assert told(probe, tmp_path) == [str(width), "0", "UI-DAN (a, u)", "Source only", "NCF"]


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")
def test_on_paper_nothing_is_cut_off_and_nothing_stays_folded(
    report: Path, tmp_path: Path
) -> None:
    printed = tmp_path / "printed.html"
    screen = (report / "index.html").read_text(encoding="utf-8")
    assert screen.count("@media print") == 1
    printed.write_text(screen.replace("@media print", "@media all"), encoding="utf-8")
    (tmp_path / "figures").symlink_to(report / "figures")
    probe = PRINT_PROBE.format(width=A4_LINE, page=printed.as_uri())
    assert told(probe, tmp_path) == [str(A4_LINE), "0", "0", "true"]


def test_a_suite_s_own_caveats_come_first(found: Manifest, store: Store, tmp_path: Path) -> None:
    page = write_report(replace(found, caveats=["Small & few."]), store, tmp_path)
    head = page.read_text().partition("<nav")[0]
    assert '<p class="warning">Small &amp; few.</p>' in head
    assert "\n**Small & few.**\n" in (page.parent / "report.md").read_text().partition("##")[0]


def test_what_only_an_earlier_report_had_is_removed(
    found: Manifest, store: Store, tmp_path: Path
) -> None:
    folder = write_report(found, store, tmp_path).parent
    written = {path for path in folder.rglob("*.*") if path.is_file()}
    for name in ("figures/gone.png", "tables/gone.csv", "mine.txt"):
        (folder / name).touch()
    write_report(found, store, tmp_path)
    now = {path for path in folder.rglob("*.*") if path.is_file()}
    assert now == written | {folder / "mine.txt"}


def test_a_suite_that_has_not_run_yet_has_a_page(
    found: Manifest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmark.reporting.report.save", lambda *_: None)
    empty = Store(tmp_path / "results", "made")
    page = Page(write_report(found, empty, tmp_path / "reports"))
    assert "not run yet" in page.text
    assert "no reviews.json.gz" in page.text


def test_the_same_records_give_the_same_bytes(
    found: Manifest, store: Store, report: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmark.reporting.report.save", lambda *_: None)  # Tested by itself.
    again = write_report(found, store, tmp_path).parent
    files = sorted(path.relative_to(again) for path in again.rglob("*.*"))
    assert len(files) > 50
    for file in files:
        assert (again / file).read_bytes() == (report / file).read_bytes(), file


def test_a_record_changed_by_hand_is_named_and_nothing_is_written(
    found: Manifest, store: Store, tmp_path: Path
) -> None:
    changed = Store(tmp_path / "results", "made")
    shutil.copytree(store.folder, changed.folder)
    path = sorted(changed.records.glob("nmf-1-*.json"))[0]
    path.write_text(path.read_text().replace('"seconds_fit"', '"seconds"'))
    with pytest.raises(BenchError, match=rf"{path.name}: budget\.seconds_fit: missing; .*remove"):
        write_report(found, changed, tmp_path / "reports")
    assert not (tmp_path / "reports").exists()
