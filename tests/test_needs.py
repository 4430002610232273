"""A test without its program skips for a reader and fails in CI."""

import pytest


@pytest.fixture
def empty_path(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("BALANCE_CI_STRICT", raising=False)
    return tmp_path


def test_a_missing_program_skips_and_says_how_to_install_it(needs, empty_path):
    with pytest.raises(pytest.skip.Exception, match="apt-get install libreoffice-calc-nogui"):
        needs("libreoffice")


def test_a_missing_program_fails_in_ci(needs, empty_path, monkeypatch):
    monkeypatch.setenv("BALANCE_CI_STRICT", "1")
    with pytest.raises(pytest.fail.Exception, match="apt-get install chromium"):
        needs("chromium")


def test_a_program_that_is_there_is_found(needs, empty_path):
    java = empty_path / "java"
    java.write_text("#!/bin/sh\n")
    java.chmod(0o755)
    assert needs("java") == java
