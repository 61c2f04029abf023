"""Downloads go on where they stopped, are checked, and take their name only when whole."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from benchmark.data import download as downloads
from benchmark.data.download import download
from benchmark.errors import BenchError, DataError, UnavailableError

CONTENT = np.random.default_rng(1).bytes(1_000_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Publisher(ThreadingHTTPServer):
    """Serves CONTENT at /file; can refuse ranges and drop connections."""

    ranges = True
    encoding: str | None = None
    drops = 0
    """How many answers still break off after ``at`` bytes."""
    at = 300_000
    asked: list[str | None]


class Handler(BaseHTTPRequestHandler):
    server: Publisher

    def do_GET(self) -> None:
        self.server.asked.append(self.headers.get("Range"))
        if self.path != "/file":
            self.send_error(404)
            return
        start = 0
        asked = self.headers.get("Range")
        if asked and self.server.ranges:
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
            if start >= len(CONTENT):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(CONTENT)}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(206)
            last = len(CONTENT) - 1
            self.send_header("Content-Range", f"bytes {start}-{last}/{len(CONTENT)}")
        else:
            self.send_response(200)
        body = CONTENT[start:]
        self.send_header("Content-Length", str(len(body)))
        if self.server.encoding:
            self.send_header("Content-Encoding", self.server.encoding)
        self.end_headers()
        if self.server.drops:
            self.server.drops -= 1
            body = body[: self.server.at]
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent."""


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    server = Publisher(("127.0.0.1", 0), Handler)
    server.asked = []
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "PAUSE_SECONDS", 0)


def address(server: Publisher, path: str = "file") -> str:
    return f"http://127.0.0.1:{server.server_port}/{path}"


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_a_file_arrives_whole_under_its_name(publisher: Publisher, tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    path = tmp_path / "deep" / "data.gz"
    download(address(publisher), path, sha256=SHA256, progress=lambda *at: seen.append(at))
    assert path.read_bytes() == CONTENT
    assert files(tmp_path) == ["data.gz"]
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


@pytest.mark.parametrize("ranges", [True, False])
def test_a_connection_that_breaks_is_taken_up_again(
    publisher: Publisher, tmp_path: Path, ranges: bool
) -> None:
    publisher.ranges, publisher.drops = ranges, 2
    download(address(publisher), tmp_path / "data", sha256=SHA256)
    assert (tmp_path / "data").read_bytes() == CONTENT
    # The server's part comes with the first 300,000 bytes of what was asked for.
    then = "bytes=600000-" if ranges else "bytes=300000-"
    assert publisher.asked == [None, "bytes=300000-", then]


@pytest.mark.parametrize("ranges", [True, False])
def test_a_later_call_goes_on_from_the_part(
    publisher: Publisher, tmp_path: Path, ranges: bool
) -> None:
    publisher.ranges = ranges
    (tmp_path / "data.part").write_bytes(CONTENT[:400_000])
    download(address(publisher), tmp_path / "data", sha256=SHA256)
    assert (tmp_path / "data").read_bytes() == CONTENT
    assert publisher.asked == ["bytes=400000-"]


def test_a_transfer_that_keeps_stopping_says_so_and_keeps_its_part(
    publisher: Publisher, tmp_path: Path
) -> None:
    publisher.ranges, publisher.drops, publisher.at = False, 10, 1000
    with pytest.raises(UnavailableError, match=r"1,000 bytes are kept in .*data\.part"):
        download(address(publisher), tmp_path / "data")
    assert (tmp_path / "data.part").read_bytes() == CONTENT[:1000]
    assert not (tmp_path / "data").exists()


def test_a_part_that_is_already_whole_needs_only_its_name(
    publisher: Publisher, tmp_path: Path
) -> None:
    (tmp_path / "data.part").write_bytes(CONTENT)
    download(address(publisher), tmp_path / "data", sha256=SHA256)
    assert files(tmp_path) == ["data"]


def test_a_part_longer_than_the_file_is_started_anew(publisher: Publisher, tmp_path: Path) -> None:
    (tmp_path / "data.part").write_bytes(CONTENT + b"of another file")
    download(address(publisher), tmp_path / "data", sha256=SHA256)
    assert (tmp_path / "data").read_bytes() == CONTENT


def test_a_wrong_checksum_removes_the_part_and_says_so(
    publisher: Publisher, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=f"sha256 is {SHA256}, expected 00; .* removed"):
        download(address(publisher), tmp_path / "data", sha256="00")
    assert not (tmp_path / "data").exists()
    assert not (tmp_path / "data.part").exists()


def test_a_gzip_file_is_stored_as_it_is_whatever_the_server_calls_it(
    publisher: Publisher, tmp_path: Path
) -> None:
    publisher.encoding = "gzip"
    download(address(publisher), tmp_path / "data.gz", sha256=SHA256)
    assert (tmp_path / "data.gz").read_bytes() == CONTENT


def test_an_address_that_is_gone_says_so(publisher: Publisher, tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="/gone answers 404"):
        download(address(publisher, "gone"), tmp_path / "data")
    assert len(publisher.asked) == 1


def test_no_network_says_so_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(
        UnavailableError, match=r"cannot download http://127\.0\.0\.1:9/x: \w+"
    ) as e:
        download("http://127.0.0.1:9/x", tmp_path / "data")
    assert "\n" not in str(e.value)
    assert "Max retries" not in str(e.value)


def test_a_folder_that_cannot_be_made_says_so(publisher: Publisher, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(BenchError, match="cannot write"):
        download(address(publisher), tmp_path / "file" / "data")


def test_two_downloads_of_one_file_do_not_mix(publisher: Publisher, tmp_path: Path) -> None:
    both = [
        threading.Thread(
            target=download,
            args=(address(publisher), tmp_path / "data"),
            kwargs={"sha256": SHA256},
        )
        for _ in range(2)
    ]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert (tmp_path / "data").read_bytes() == CONTENT
    assert publisher.asked == [None]
