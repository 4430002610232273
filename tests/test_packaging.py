"""What a user installs is what lies in the repository."""

import os
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
from streamlit import config

import calculator
from calculator.shipped import shipped

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
