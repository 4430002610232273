"""What the app's server does by default: it answers this machine only, and says little."""

import http.client
import json
import logging
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from calculator.ui import logs
from tests.serving import BALANCE_APP, ROOT, free_port, served

# What config.toml must say: none of it may be left to a reader's own ~/.streamlit/config.toml.
SAFE = {
    "browser.gatherUsageStats": False,
    "client.allowedOrigins": [],
    "client.showErrorDetails": "none",
    "client.showErrorLinks": False,
    "client.toolbarMode": "viewer",
    "logger.enableRich": False,
    "server.address": "localhost",
    "server.allowedHosts": ["localhost", "127.0.0.1", "::1"],
    "server.corsAllowedOrigins": [],
    "server.disconnectedSessionTTL": 120,
    "server.enableAgentApi": False,
    "server.enableCORS": True,
    "server.enableStaticServing": False,
    "server.enableXsrfProtection": True,
    "server.fileWatcherType": "none",
    "server.headless": True,
    "server.maxUploadSize": 50,
    "server.xsrfCookieSameSite": "lax",
}
HOSTILE = """
[browser]
gatherUsageStats = true
[client]
showErrorDetails = "full"
[logger]
enableRich = true
[server]
address = "0.0.0.0"
allowedHosts = ["*"]
enableCORS = false
enableXsrfProtection = false
enableStaticServing = true
enableAgentApi = true
maxUploadSize = 5000
"""
# Stands before Streamlit's own program: says its settings instead of serving.
TELL = """
import json, sys
from streamlit import config
from streamlit.web import bootstrap, cli
names = json.loads(sys.argv.pop())
bootstrap.run = lambda *_, **__: print(
    "SETTINGS " + json.dumps({name: config.get_option(name) for name in names}), flush=True
)
cli.main()
"""
# Stands before `balance`: what it starts is TELL, in the same folder and environment.
START = """
import json, os, subprocess, sys
import calculator
assert calculator.__file__.startswith(os.environ.get("PYTHONPATH", "/"))
tell, names = sys.argv[1:3]
real = subprocess.Popen
def started(command, **options):
    assert command[1:3] == ["-m", "streamlit"]
    return real([command[0], "-c", tell, *command[3:], names], **options)
subprocess.Popen = started
from calculator.cli import main
main(json.loads(sys.argv[3]))
"""
SPOKEN = "123-45-6789"


@pytest.fixture
def home(tmp_path):
    """A home and a folder whose own settings of Streamlit would open everything."""
    for name in ("home", "folder"):
        place = tmp_path / name / ".streamlit"
        place.mkdir(parents=True)
        (place / "config.toml").write_text(HOSTILE, encoding="utf-8")
    (tmp_path / "folder" / ".streamlit" / "secrets.toml").write_text("[auth]\n", encoding="utf-8")
    return tmp_path / "home"


def settings_of(folder, home, extra=None):
    """The settings of the server that `balance app` starts, as Streamlit itself reads them."""
    command = json.dumps(["app", "--port", str(free_port())])
    done = subprocess.run(
        [sys.executable, "-c", START, TELL, json.dumps(list(SAFE)), command],
        cwd=folder,
        env={"HOME": str(home), "PATH": "/usr/bin:/bin", **(extra or {})},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    found = re.search(r"SETTINGS (.+)", done.stdout)
    assert found, done.stdout + done.stderr
    return json.loads(found[1])


def flat(table, prefix=""):
    for key, value in table.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def test_the_settings_that_are_shipped_are_safe():
    shipped = dict(flat(tomllib.loads((ROOT / ".streamlit/config.toml").read_text("utf-8"))))
    assert {name: shipped.get(name) for name in SAFE} == SAFE


def test_settings_lying_about_change_nothing(home):
    assert settings_of(home.parent / "folder", home) == SAFE


def test_an_installed_calculator_ships_the_same_settings(home, tmp_path):
    out = tmp_path / "dist"
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out)]
    subprocess.run([*build, str(ROOT)], check=True, capture_output=True, timeout=120)
    (wheel,) = out.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(tmp_path / "installed")
    extra = {"PYTHONPATH": str(tmp_path / "installed")}
    assert settings_of(home.parent / "folder", home, extra) == SAFE


def test_whoever_starts_it_may_open_it_on_purpose(home):
    """The environment of the command is a choice, unlike a file that lies about."""
    extra = {
        "STREAMLIT_SERVER_ADDRESS": "0.0.0.0",
        "STREAMLIT_SERVER_ALLOWED_HOSTS": "balance.plan.example",
    }
    found = settings_of(home.parent / "folder", home, extra)
    opened = {
        "server.address": "0.0.0.0",
        "server.allowedHosts": ["balance.plan.example"],
    }
    assert found == {**SAFE, **opened}


# ------------------------------------------------------------------------------ a running server


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with served(BALANCE_APP, folder=tmp_path_factory.mktemp("elsewhere")) as one:
        yield one


def asked(server, method, path, headers=None, body=None):
    host, port = server.url.removeprefix("http://").split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=30)
    connection.request(method, path, body=body, headers=headers or {})
    answer = connection.getresponse()
    answer.text = answer.read().decode(errors="replace")
    connection.close()
    return answer


def test_it_listens_on_this_machine_only(server):
    """Every socket that listens on its port has an address of this machine's own."""
    port = int(server.url.rpartition(":")[2])
    heard = []
    for name, here in (("tcp", {"0100007F"}), ("tcp6", {"00000000000000000000000001000000"})):
        table = Path("/proc/net") / name
        if not table.exists():
            pytest.skip("this system does not say who listens")
        for line in table.read_text().splitlines()[1:]:
            local, state = line.split()[1], line.split()[3]
            address, _, hexadecimal = local.partition(":")
            if int(hexadecimal, 16) == port and state == "0A":
                heard.append(address)
                assert address in here
    assert heard


SOCKET = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        (None, None, 101),
        (None, "http://evil.example", 403),
        ("evil.example", "http://evil.example", 403),
    ],
)
def test_another_page_cannot_drive_it(server, host, origin, status):
    own = server.url.removeprefix("http://")
    headers = {**SOCKET, "Host": host or own, "Origin": origin or server.url}
    assert asked(server, "GET", "/_stcore/stream", headers).status == status


def test_no_other_page_may_read_an_answer_or_upload(server):
    headers = {"Origin": "http://evil.example"}
    answer = asked(server, "GET", "/_stcore/health", headers)
    assert answer.getheader("Access-Control-Allow-Origin") != "*"
    assert asked(server, "PUT", "/_stcore/upload_file/a/b", headers, b"x").status == 403
    assert "st.navigation" not in asked(server, "GET", "/app/static/app.py").text
    agent = asked(server, "POST", "/_stcore/agent/interact", {"Content-Type": "application/json"})
    assert agent.status in (403, 404, 405)


# ----------------------------------------------------------------------------------------- the log


@pytest.fixture
def discreet():
    before = logging.getLogRecordFactory()
    logs.discreet()
    yield
    logging.setLogRecordFactory(before)


def test_a_record_says_where_an_error_was_and_not_what_it_said(discreet, caplog):
    try:
        try:
            float(SPOKEN)
        except ValueError as error:
            raise RuntimeError(f"cannot read {SPOKEN}") from error
    except RuntimeError:
        logging.getLogger("calculator.ui.widgets").exception("page %s", "x")
    assert SPOKEN not in caplog.text
    assert "Traceback" not in caplog.text
    assert "page x: RuntimeError at test_safe_by_default.py:" in caplog.text
    assert "caused by ValueError at" in caplog.text


def test_a_record_without_an_error_is_as_before(discreet, caplog):
    logging.getLogger("calculator").warning("said %s", "so")
    assert "said so" in caplog.text
