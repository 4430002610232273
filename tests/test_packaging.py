"""What a user installs is what lies in the repository."""

import os
import re
import site
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml
from streamlit import config

import calculator
from calculator.shipped import shipped
from tests.serving import served

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = "calculator/_shipped"


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """A folder with the source archive and the wheel built from that archive."""
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return out


@pytest.fixture(scope="module")
def wheel(built) -> zipfile.ZipFile:
    (path,) = built.glob("*.whl")
    return zipfile.ZipFile(path)


def repository_files(folder: str) -> set[str]:
    return {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_wheel_carries_the_data_the_page_and_its_theme(wheel):
    expected = repository_files("assumptions") | {"app.py", ".streamlit/config.toml"}
    packed = {name.removeprefix(f"{SHIPPED}/") for name in wheel.namelist() if SHIPPED in name}
    assert packed == expected
    for name in expected:
        assert wheel.read(f"{SHIPPED}/{name}") == (ROOT / name).read_bytes()


def test_the_wheel_carries_the_package_and_nothing_else(wheel):
    code = {name for name in wheel.namelist() if SHIPPED not in name and ".dist-info" not in name}
    assert code == repository_files("calculator")


def test_the_version_is_written_once(wheel):
    (path,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    assert f"\nVersion: {calculator.__version__}\n" in wheel.read(path).decode()


def test_the_source_archive_can_be_tested(built):
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames()}
    assert {"pyproject.toml", "constraints.txt", "Makefile", "README.md", "LICENSE"} <= names
    assert {"CITATION.cff", "SECURITY.md", "docs/method.md"} <= names
    assert {"app.py", ".streamlit/config.toml", "tests/test_packaging.py"} <= names
    assert repository_files("assumptions") <= names


def test_an_installed_calculator_finds_its_own_files(wheel, tmp_path):
    wheel.extractall(tmp_path)
    program = "from calculator.shipped import shipped; print(shipped('app.py'))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == str(tmp_path / SHIPPED / "app.py")


# ------------------------------------------------------------------------- installed from its wheel

# Runs the command and then says every file of the checkout that was opened.
WATCHED = """
import sys
root, environment, opened = {root!r}, {environment!r}, set()
def seen(event, given):
    if event == "open" and isinstance(given[0], str):
        path = given[0]
        if path.startswith(root) and not path.startswith(environment):
            opened.add(path)
sys.addaudithook(seen)
import calculator
from calculator.cli import main
try:
    main(["decide", "pdp_regional"])
finally:
    print(calculator.__file__, *sorted(opened), sep="\\n", file=sys.stderr)
"""


@pytest.fixture(scope="module")
def installed(built, tmp_path_factory) -> Path:
    """The folder of programs of a new environment that has the wheel.

    Libraries are those of this environment: a line of a .pth file adds their folder, and what lies
    in it to find the checkout is not followed from there.
    """
    place = tmp_path_factory.mktemp("installed")
    make = [sys.executable, "-m", "venv", "--without-pip", str(place)]
    subprocess.run(make, check=True, timeout=60)
    paths = {"base": str(place), "platbase": str(place)}
    packages = Path(sysconfig.get_path("purelib", "venv", vars=paths))
    (packages / "libraries.pth").write_text("\n".join(site.getsitepackages()) + "\n")
    programs = Path(sysconfig.get_path("scripts", "venv", vars=paths))
    (path,) = built.glob("*.whl")
    pip = [sys.executable, "-m", "pip", "--python", str(programs / "python"), "install", "--quiet"]
    options = ["--disable-pip-version-check", "--no-deps", "--no-index", "--ignore-installed"]
    done = subprocess.run(
        [*pip, *options, str(path)], capture_output=True, text=True, timeout=90, check=False
    )
    assert done.returncode == 0, done.stderr
    return programs


def without_the_checkout() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


def test_an_installed_wheel_decides_without_a_file_of_the_checkout(installed, tmp_path):
    program = WATCHED.format(root=f"{ROOT}/", environment=f"{sys.prefix}/")
    done = subprocess.run(
        [installed / "python", "-c", program],
        cwd=tmp_path, env=without_the_checkout(), capture_output=True, text=True, timeout=90,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Joining from January 2028" in done.stdout
    (where, *opened) = done.stderr.splitlines()
    assert where.startswith(str(installed.parent)), where
    assert opened == []


def test_the_installed_program_starts_the_app(installed, tmp_path):
    environment = {"PYTHONPATH": "", "PYTHONHOME": ""}
    command = [str(installed / "balance"), "app"]
    with served(command, folder=tmp_path, environment=environment) as server:
        assert "Open http://localhost:" in server.log


# ------------------------------------------------------------------------------- what a release has


def test_the_version_is_semantic_and_stands_in_one_place():
    assert re.fullmatch(r"\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?", calculator.__version__)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["dynamic"] == ["version"]
    assert project["tool"]["hatch"]["version"] == {"path": "calculator/__init__.py"}
    assert "version" not in yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))


def test_the_changelog_has_what_is_not_released_first():
    heads = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(), flags=re.MULTILINE)
    assert heads[0] == "[Unreleased]"
    dated = re.compile(r"\[\d+\.\d+\.\d+\] - \d{4}-\d{2}-\d{2}")
    assert all(dated.fullmatch(head) for head in heads[1:])


def test_who_wrote_it_and_its_licence_are_said_alike():
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert cited["cff-version"] == "1.2.0"
    assert cited["title"] == project["name"]
    assert cited["abstract"] == f"{project['description']}."
    assert cited["license"] == project["license"] == "MIT"
    licence = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert licence.startswith("MIT License\n")
    (author,) = project["authors"]
    assert cited["authors"] == [author]
    assert f"Copyright (c) 2026 {author['name']}\n" in licence


def test_the_form_for_a_wrong_number_asks_for_what_makes_it_again():
    forms = ROOT / ".github" / "ISSUE_TEMPLATE"
    form = yaml.safe_load((forms / "wrong_number.yml").read_text(encoding="utf-8"))
    needed = {field["id"] for field in form["body"] if field.get("validations", {}).get("required")}
    assert {"fingerprint", "scenario", "version", "figure", "expected"} <= needed
    for path in forms.glob("*.yml"):
        read = yaml.safe_load(path.read_text(encoding="utf-8"))
        ids = [field["id"] for field in read.get("body", []) if "id" in field]
        assert len(ids) == len(set(ids)), path.name


def test_a_reader_finds_how_to_report_and_how_to_change():
    security = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    assert "How to report it" in security
    contributing = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert "\n    make check\n" in contributing


def test_a_file_that_does_not_come_along_is_named():
    with pytest.raises(FileNotFoundError, match="'no_such_file' does not come with"):
        shipped("no_such_file")


def test_streamlit_knows_every_option_of_the_theme_and_the_server():
    options = tomllib.loads((ROOT / ".streamlit/config.toml").read_text(encoding="utf-8"))

    def names(table: dict, prefix: str = ""):
        for key, value in table.items():
            if isinstance(value, dict):
                yield from names(value, f"{prefix}{key}.")
            else:
                yield f"{prefix}{key}"

    assert set(names(options)) <= set(config.get_config_options())
