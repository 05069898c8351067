"""Nothing of the disk is served but what Gradio brings for its page: asked by real sockets, for no
client may tidy the address first."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from api.hostile import CANARY
from faults.hostile.targets import Target
from faults.hostile.wire import Said
from space import TOKEN

SECRET = "secret-of-the-disk-4711"
PREFIXES = {
    "page": [
        *("/", "//", "/static/", "/assets/", "/static/img/", "/svelte/", "/theme.css/", "/config/"),
        *("/file=", "/file/", "/gradio_api/file=", "/gradio_api/file/", "/gradio_api/proxy="),
        *("/gradio_api/stream/", "/gradio_api/custom_component/", "/gradio_api/upload/"),
        *("/gradio_api/component_server/", "/gradio_api/heartbeat/", "/gradio_api/static/"),
        *("/favicon.ico/", "/pwa_icon/", "/manifest.json/", "/monitoring/", "/robots.txt/"),
        *("/api/", "/api/docs/", "/?deep_link=", "/config?deep_link=", "/?__theme="),
        *("/gradio_api/deep_link?session_hash=", "/gradio_api/queue/data?session_hash="),
    ],
    "api": ["/", "//", "/docs/", "/docs", "/model/", "/predict/", "/logs?cursor=", "/logs/"],
}
# What each asks for, by where it starts; five folders up are enough for any of ours.
UP = "../" * 12
WAYS = {
    "absolute": "/{path}",
    "absolute, twice": "//{path}",
    "absolute, encoded": "%2f{quoted}",
    "relative": f"{UP}{{path}}",
    "dots encoded": UP.replace(".", "%2e") + "{path}",
    "dots in capitals": UP.replace(".", "%2E") + "{path}",
    "slashes encoded": UP.replace("/", "%2f") + "{quoted}",
    "all encoded": UP.replace(".", "%2e").replace("/", "%2f") + "{quoted}",
    "all encoded twice": UP.replace(".", "%252e").replace("/", "%252f") + "{path}",
    "backslashes": UP.replace("/", "\\") + "{path}",
    "backslashes encoded": UP.replace("/", "%5c") + "{quoted}",
    "dots doubled": UP.replace("../", "....//") + "{path}",
    "dots with a parameter": UP.replace("../", "..;/") + "{path}",
    "dots overlong": UP.replace(".", "%c0%ae") + "{path}",
    "dots of another width": UP.replace(".", "%ef%bc%8e") + "{path}",
    "dots of 16 bits": UP.replace(".", "%u002e") + "{path}",
    "up from a folder that is there": f"img/{UP}{{path}}",
    "up from one that is not": f"x/y/{UP}{{path}}",
    "with a NUL behind": f"{UP}{{path}}%00.css",
    "with a NUL before": f"%00{UP}{{path}}",
    "with a question behind": f"{UP}{{path}}%3f.css",
    "with a line break": f"{UP}%0a{{path}}",
    "as a file's address": "file:///{path}",
    "as a share": "\\\\127.0.0.1\\c$\\{path}",
    "as a share, encoded": "%5c%5c127.0.0.1%5cc$%5c{path}",
    "on a drive": "C:%5c{path}",
    "at home": "~/{path}",
    "by the process": "/proc/self/root/{path}",
}


@pytest.fixture(scope="module")
def secrets(target: Target) -> Iterator[list[str]]:
    """Files that a process can read, and that nobody is to see."""
    own = target.space.folder / "secret.txt"
    own.write_text(SECRET)
    model = Path(target.space.environ["MODEL_PATH"])
    yield [str(own), "/etc/passwd", "/proc/self/environ", str(model / "estimator.joblib")]
    own.unlink()


def hidden(target: Target) -> list[bytes]:
    """What would be in an answer that gave one of them away."""
    model = Path(target.space.environ["MODEL_PATH"]) / "estimator.joblib"
    return [SECRET.encode(), b"root:x:0", TOKEN.encode(), model.read_bytes()[:40]]


@pytest.mark.parametrize("port", PREFIXES)
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_no_way_leads_to_a_file_of_the_disk(
    target: Target, secrets: list[str], long: bool, port: str, way: str
) -> None:
    wanted = secrets if long else secrets[:2]
    words = hidden(target)
    for prefix in PREFIXES[port]:
        for path in wanted:
            relative = path.lstrip("/")
            quoted = relative.replace("/", "%2f")
            address = (prefix + way.format(path=relative, quoted=quoted)).encode()
            for method in (b"GET", b"POST") if long else (b"GET",):
                said = asked(target, port, method, address)
                assert all(status < 500 for status in said.statuses), address
                assert not [word for word in words if word in said.text], address
                if b"?" not in address and said.statuses == [200]:
                    # The address of the page itself, or of the file in the prefix.
                    assert said.answers[0].media_type in {"text/html", "application/json"}


def asked(target: Target, port: str, method: bytes, address: bytes) -> Said:
    head = b"%b %b HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    # Of an event stream that never ends, the beginning will do.
    return target.wire(port).say(head % (method, address), wait=1)


def test_the_files_of_the_page_are_served(target: Target) -> None:
    """Else the tests above would show nothing."""
    page = target.page.ask("GET", "/")
    assert b"/assets/" in page.body or b"./assets/" in page.body
    for path in ("/theme.css", "/static/img/logo_nosize.svg", "/manifest.json", "/favicon.ico"):
        assert target.page.ask("GET", path).status == 200, path


@pytest.mark.parametrize("prefix", ["/static/", "/assets/", "/static/img/", "/theme.css/"])
@pytest.mark.parametrize("name", ["a" * 300, "a" * 5000, "a/" * 5000, ".env", "a" * 60_000])
def test_a_name_that_no_file_can_have_is_not_there(target: Target, prefix: str, name: str) -> None:
    assert asked(target, "page", b"GET", f"{prefix}{name}".encode()).statuses == [404]


@pytest.mark.parametrize(
    "path", ["/upload", "/gradio_api/upload", "/gradio_api/upload?upload_id=1"]
)
def test_no_file_is_taken_in(target: Target, path: str) -> None:
    body = (
        b'--x\r\nContent-Disposition: form-data; name="files"; filename="../../x.txt"\r\n'
        b"Content-Type: text/plain\r\n\r\n%b\r\n--x--\r\n" % CANARY.encode()
    )
    before = stored(target)
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    assert target.page.ask("POST", path, body, headers).status in {404, 405}
    assert stored(target) == before


def stored(target: Target) -> set[Path]:
    """Where Gradio would keep a file."""
    folders = [Path(tempfile.gettempdir()) / "gradio", target.space.folder / "gradio"]
    return {path for folder in folders for path in folder.rglob("*") if path.is_file()}
