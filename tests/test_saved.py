"""What an earlier version saved still opens, or says why not.

The files in tests/saved/ have the form of 0.1.0 and are never renewed. A release that cannot read
one of them changes the sentence here and says so in CHANGELOG.md.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from calculator import __version__, decide, load_scenario
from calculator.errors import InputError
from calculator.scenario import SAVED_BY, PlanScenario, StateScenario, file_text
from calculator.ui.packed import unpacked
from tests.commands import done, refused

SAVED = Path(__file__).parent / "saved"


def test_a_plan_is_the_same_from_each_kind_of_file() -> None:
    plan = load_scenario(SAVED / "plan.yaml")
    assert isinstance(plan, PlanScenario)
    assert plan.plan.members == 85_000
    assert plan.therapy.mix == {"wegovy": 0.5, "zepbound": 0.5}
    assert plan.changes() == {"terms.copay.2029_01_01": 35.0, "assumptions.uptake.initiation": 0.12}
    assert load_scenario(SAVED / "plan.json") == plan
    assert unpacked((SAVED / "link.txt").read_text().strip()) == plan
    assert decide(plan, resolution="workbook").value.total != 0


def test_a_state_opens_with_its_own_numbers() -> None:
    state = load_scenario(SAVED / "state.yaml")
    assert isinstance(state, StateScenario)
    assert (state.state.abbr, state.state.own_net_price) == ("TN", 410)
    assert decide(state).value.total > 0


def test_a_file_over_a_shipped_scenario_takes_the_rest_from_it() -> None:
    over = load_scenario(SAVED / "over_a_shipped_one.yaml")
    assert isinstance(over, PlanScenario)
    assert (over.plan.members, over.plan.type) == (61_000, "mapd")
    assert over.changes() == {"terms.copay": 40}


def test_a_template_that_was_filled_in_opens() -> None:
    filled = load_scenario(SAVED / "template.xlsx")
    assert isinstance(filled, PlanScenario)
    assert filled.plan.members == 85_000


NOT_READ = {
    "a_field_that_is_gone.yaml": ("plan.retired_field: allowed is a known path", "0.0.9"),
    "an_assumption_that_is_gone.yaml": ("given was assumptions.uptake.retired", "0.0.9"),
    "a_newer_version.yaml": ("lifestyle: allowed is a known path", "9.0.0"),
}


@pytest.mark.parametrize("name", NOT_READ)
def test_what_does_not_fit_is_named_with_the_version_that_saved_it(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said, version = NOT_READ[name]
    line = refused(capsys, "decide", SAVED / name)
    assert said in line
    assert line.endswith(f"in a file of version {version} (this is {__version__})")


def test_a_newer_file_that_fits_is_read() -> None:
    fits = load_scenario(SAVED / "a_newer_version_that_fits.yaml")
    assert isinstance(fits, PlanScenario)
    assert fits.plan.members == 61_000


def test_what_is_saved_says_its_version_and_a_wrong_value_does_not_blame_it(tmp_path: Path) -> None:
    plan = load_scenario(SAVED / "plan.yaml")
    path = tmp_path / "now.yaml"
    path.write_text(file_text(plan.plain()), encoding="utf-8")
    assert path.read_text().startswith(f"{SAVED_BY}{__version__}\n")
    assert load_scenario(path) == plan
    path.write_text(file_text({**plan.plain(), "lifestyle": 1}), encoding="utf-8")
    with pytest.raises(InputError) as error:
        load_scenario(path)
    assert "version" not in str(error.value)


def test_profile_saves_its_version_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done(capsys, "synthesize", "--members", "300", "--year", "2026", "--out", "claims.csv")
    done(capsys, "profile", "claims.csv", "--out", "own.yaml")
    first, rest = Path("own.yaml").read_text(encoding="utf-8").split("\n", 1)
    assert first == f"{SAVED_BY}{__version__}"
    assert yaml.safe_load(rest)["observed"]["source"]
