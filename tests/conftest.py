"""What every test can use."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

# Name used in the tests -> the commands it may go by, the Debian package that brings it.
PROGRAMS = {
    "chromium": (("chromium", "chromium-browser", "google-chrome"), "chromium"),
    "libreoffice": (("soffice", "libreoffice"), "libreoffice-calc-nogui"),
    "java": (("java",), "default-jre-headless"),
}

# A shared machine may pause in the middle of an example: time is no verdict here.
settings.register_profile("balance", deadline=None)
settings.load_profile("balance")


def find_program(program: str) -> Path:
    """The program's path. Without it the test skips, or fails when BALANCE_CI_STRICT is set."""
    commands, package = PROGRAMS[program]
    for command in commands:
        if found := shutil.which(command):
            return Path(found)
    sentence = f"This test needs {program}. On Debian: apt-get install {package}"
    if os.environ.get("BALANCE_CI_STRICT"):
        pytest.fail(sentence, pytrace=False)
    pytest.skip(sentence)


@pytest.fixture(scope="session")
def needs() -> Callable[[str], Path]:
    """`needs("chromium")` in a test gives the path of a program, or skips the test."""
    return find_program
