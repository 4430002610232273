"""What the README shows is what the calculator does."""

import re
import shlex
from pathlib import Path

import pytest

from calculator import cli

README = (Path(__file__).resolve().parents[1] / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^\$ \.venv/bin/balance (.+)$", README, flags=re.MULTILINE)
ANSWERS = re.findall(r"^\$ \.venv/bin/balance (.+)\n```\n\n> (.+)$", README, flags=re.MULTILINE)
FILES = re.findall(r"```yaml\n# (\S+)\n(.+?)```", README, flags=re.DOTALL)
FILES += re.findall(r"```csv (\S+)\n(.+?)```", README, flags=re.DOTALL)


def run(command: str) -> int:
    with pytest.raises(SystemExit) as stopped:
        cli.main(shlex.split(command))
    return int(stopped.value.code or 0)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with the files the README shows."""
    for name, text in FILES:
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_command_of_the_readme_runs_one_after_the_other(folder: Path) -> None:
    for command in COMMANDS:
        assert run(command) == 0, command


@pytest.mark.parametrize(("command", "answer"), ANSWERS)
def test_every_answer_of_the_readme_is_given(
    command: str, answer: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run(command)
    assert answer in capsys.readouterr().out


def test_the_readme_shows_commands_answers_and_a_file() -> None:
    assert len(COMMANDS) >= 6
    assert len(ANSWERS) == 2
    assert FILES
