"""What the README and the user guide show is what the calculator does."""

import ast
import re
from pathlib import Path

import pytest

from tests.documented import ROOT, check, read, write_files

# What the README promises in bold -> the tests that hold it.
PROMISES = {
    "Every figure has a source.": [
        "unit/test_assumptions.py::test_every_shipped_number_has_bounds_that_hold_it_and_a_source_that_exists",
        "unit/test_assumptions.py::test_no_source_is_shipped_that_nothing_cites",
        "unit/test_assumptions.py::test_what_was_announced_without_a_number_is_zero_and_says_so",
        "app/test_decide.py::test_what_is_not_known_is_marked_at_the_number",
        "test_docs.py::test_the_assumption_register_is_current",
    ],
    "Every dollar has a payer.": [
        "unit/test_identities.py::test_payers_of_each_drug_line_sum_to_its_gross_and_after_dir_to_gross_less_dir",
        "unit/test_medicaid_identities.py::test_each_line_of_the_ledger_is_whole",
        "unit/test_checks_can_fail.py::test_a_plan_row_that_is_off_is_found",
        "unit/test_checks_can_fail.py::test_a_state_row_that_is_off_is_found",
    ],
    "A run can be made again.": [
        "unit/test_scenario.py::test_the_fingerprint_is_the_same_run_after_run_and_process_after_process",
        "unit/test_scenario.py::test_the_fingerprint_changes_with_every_number_the_engine_reads",
        "app/test_frame.py::test_a_link_of_either_program_opens_it",
        "unit/test_memo.py::test_the_file_in_it_makes_the_same_run",
    ],
    "The workbook is alive.": [
        "workbook/test_part_d.py::test_every_result_of_a_shipped_plan_is_the_engines",
        "workbook/test_part_d.py::test_inputs_changed_in_the_file_give_what_the_engine_gives",
        "workbook/test_reading.py::test_an_unedited_workbook_is_the_same_scenario",
        "workbook/test_reading.py::test_edited_cells_are_settings_of_their_paths",
    ],
    "Claims are settled exactly": [
        "claims/test_against_adjudicator.py::test_thousands_of_random_members_agree_to_the_cent",
        "claims/test_engines_agree.py::test_both_engines_write_the_same_text_and_agree_with_the_second_opinion",
        "claims/test_bad_claims.py::test_members_named_in_bad_cells_are_never_repeated",
        "claims/test_bad_claims.py::test_a_file_without_a_line_of_names_shows_none_of_its_cells",
    ],
    "It keeps to itself.": [
        "test_safe_by_default.py::test_it_listens_on_this_machine_only",
        "browser/test_all_pages.py::test_a_page_is_whole_and_everybody_can_use_it",
        "app/test_claims_page.py::test_no_member_is_on_the_page_or_in_the_session_and_no_file_stays",
    ],
    "Bad input is one line": [
        "fuzz/test_scenarios.py::test_a_scenario_with_anything_in_it_is_a_decision_or_one_line",
        "fuzz/test_claims.py::test_claims_with_anything_in_them_are_settled_or_one_line",
        "fuzz/test_workbooks.py::test_a_workbook_with_anything_in_its_cells_is_a_decision_or_one_line",
        "fuzz/test_arguments.py::test_any_arguments_of_any_command_are_one_line_or_an_answer",
    ],
    "What was saved opens later": [
        "test_saved.py::test_a_plan_is_the_same_from_each_kind_of_file",
        "test_saved.py::test_what_does_not_fit_is_named_with_the_version_that_saved_it",
    ],
    "What the documents show is what it does.": [
        "test_readme.py::test_every_command_runs_one_after_the_other_and_says_what_is_shown",
        "test_docs.py::test_every_recipe_for_extending_it_works",
        "test_docs.py::test_every_function_of_the_method_exists",
    ],
}

DOCUMENTS = {"README.md": read("README.md"), "docs/user-guide.md": read("docs/user-guide.md")}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_command_runs_one_after_the_other_and_says_what_is_shown(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    document = DOCUMENTS[name]
    write_files(document, tmp_path)
    monkeypatch.chdir(tmp_path)
    for shown in document.commands:
        check(shown, capsys)


def test_each_worked_decision_of_the_guide_has_an_answer() -> None:
    text = (ROOT / "docs/user-guide.md").read_text(encoding="utf-8")
    sections = dict(part.split("\n", 1) for part in text.split("\n## ")[1:])
    worked = ("A drug plan", "A state", "A portfolio of states", "Your own claims", "In a workbook")
    for title in worked:
        assert "```console\n$ balance " in sections[title], title
        assert "\n> " in sections[title] or "```text\n" in sections[title], title


def names_in(path: Path) -> set[str]:
    """The tests that a file has."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def test_each_promise_of_the_readme_is_a_test() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    section = text.split("\n## What it promises\n")[1].split("\n## ")[0]
    assert re.findall(r"^\* \*\*(.+?)\*\*", section, flags=re.MULTILINE) == list(PROMISES)
    for promise, tests in PROMISES.items():
        for test in tests:
            file, _, name = test.partition("::")
            assert name in names_in(ROOT / "tests" / file), f"{promise} {test}"


def test_the_readme_has_two_commands_one_picture_and_one_answer_and_is_short() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(re.findall(r"^make \w+", text, flags=re.MULTILINE)) == 2
    (picture,) = re.findall(r"!\[.+?\]\((.+?)\)", text)
    assert (ROOT / picture).stat().st_size > 10_000
    assert sum(len(shown.sentences) for shown in DOCUMENTS["README.md"].commands) == 1
    assert len(text.splitlines()) <= 110
