"""Bad input of selection, market and frontier is one line: which field, what is allowed, given."""

import json
import re
import zipfile

import pytest

from calculator.analysis.sponsors import read_sponsors
from calculator.errors import InputError
from tests.commands import ended, refused, workbook, written

HEAD = "name,scenario,members"
GOOD = f"{HEAD}\nSmall,pdp_regional,1000\nLarge,mapd,3000\n"
S = "assumptions.selection"
PLANS = "name,share,premium,covers"


def says(line, field, allowed, given):
    found = re.fullmatch(r"(?P<field>.+?): allowed (is|are) (?P<allowed>.+); (?P<given>.+)", line)
    assert found, line
    assert field in found["field"], line
    assert allowed in found["allowed"], line
    assert given in found["given"], line


# ------------------------------------------------------------------------------ sponsor tables

# What is in the table, and the field, what is allowed and what was given in the answer.
SPONSORS = {
    "nothing": ("", "sponsors", "a table with a heading", "table.csv"),
    "a heading only": (f"{HEAD}\n", "sponsors", "at least one row", "none"),
    "a heading and empty rows": (f"{HEAD}\n,,\n\n , ,\n", "sponsors", "at least one row", "none"),
    "nobody who counts": (
        f"{HEAD},counted\na,mapd,10,no\nb,mapd,5,0\n", "sponsors", "who counts", "none",
    ),
    "a sponsor twice": (f"{GOOD}Small,mapd,5\n", "sponsors", "each name once", "rows 2 and 4"),
    "a sponsor twice but for spaces": (
        f"{GOOD} Small ,mapd,5\n", "sponsors", "each name once", "Small in rows 2 and 4",
    ),
    "an unknown column": (f"{HEAD},colour\na,mapd,5,red\n", "sponsors", "only the", "colour"),
    "a column without a name": (f"{HEAD},\na,mapd,5,\n", "sponsors", "only", "without a name"),
    "a column twice": (f"{HEAD},members\na,mapd,100,50\n", "sponsors", "once", "members"),
    "a missing column": ("name,members\na,5\n", "sponsors", "the columns", "no scenario"),
    "a row too short": (f"{GOOD}b,mapd\n", "sponsors", "3 cells", "2 in row 4"),
    "a row too long": (f"{GOOD}b,mapd,5,6\n", "sponsors", "3 cells", "4 in row 4"),
    "negative members": (f"{GOOD}b,mapd,-5\n", "row 4, members", "from 1", "-5"),
    "no members": (f"{GOOD}b,mapd,0\n", "row 4, members", "from 1", "0"),
    "members left out": (f"{GOOD}b,mapd,\n", "row 4, members", "a number", "nothing"),
    "members as text": (f"{GOOD}b,mapd,many\n", "row 4, members", "a number", "many"),
    "members that are no number": (f"{GOOD}b,mapd,nan\n", "row 4, members", "a number", "nan"),
    "endless members": (f"{GOOD}b,mapd,inf\n", "row 4, members", "a number", "inf"),
    "a name left out": (f"{GOOD},mapd,5\n", "row 4, name", "a text", "nothing"),
    "an unknown scenario": (f"{GOOD}b,hmo,5\n", "row 4, scenario", "pdp_regional", "hmo"),
    "a state's scenario": (
        f"{GOOD}b,state_covering,5\n", "row 4, scenario", "pdp_regional", "state_covering",
    ),
    "an eligible share above 1": (
        f"{HEAD},eligible_share\na,mapd,5,1.2\n", "row 2, eligible_share", "from 0 to 1", "1.2",
    ),
    "a retained share below 0": (
        f"{HEAD},retained_share\na,mapd,5,-0.1\n", "row 2, retained_share", "from 0 to 1", "-0.1",
    ),
    "a negative hurdle": (
        f"{HEAD},hurdle_pmpm\na,mapd,5,-1\n", "row 2, hurdle_pmpm", "from 0", "-1",
    ),
    "counted by half": (f"{HEAD},counted\na,mapd,5,half\n", "row 2, counted", "yes or no", "half"),
}  # fmt: skip


@pytest.mark.parametrize("case", SPONSORS)
def test_a_bad_sponsor_table_is_one_line(case, tmp_path, capsys):
    text, field, allowed, given = SPONSORS[case]
    table = written(tmp_path, text)
    line = refused(capsys, "market", table)
    says(line, field, allowed, given)
    assert refused(capsys, "frontier", table) == line


def test_files_that_are_no_table_are_one_line(tmp_path, capsys):
    noise = bytes(range(256)) * 8
    for name, allowed in (
        ("noise.csv", "a readable CSV file"),
        ("noise.xlsx", "a readable xlsx file"),
        ("noise.txt", "a file ending in .csv or .xlsx"),
        ("noise", "a file ending in .csv or .xlsx"),
    ):
        path = tmp_path / name
        path.write_bytes(noise)
        says(refused(capsys, "market", path), "sponsors", allowed, name)
    folder = tmp_path / "folder.csv"
    folder.mkdir()
    says(refused(capsys, "market", folder), "sponsors", "a file ending in", "folder.csv")
    missing = tmp_path / "missing.csv"
    says(refused(capsys, "market", missing), "sponsors", "that exists", "missing.csv")
    # Saved by a spreadsheet in an old code page.
    path = tmp_path / "latin.csv"
    path.write_bytes(f"{HEAD}\nSociété,mapd,5\n".encode("cp1252"))
    says(refused(capsys, "market", path), "sponsors", "a readable CSV file", "latin.csv")
    # A zip that is no workbook, and a quote that never ends.
    with zipfile.ZipFile(tmp_path / "zip.xlsx", "w") as archive:
        archive.writestr("hello.txt", "hello")
    line = refused(capsys, "market", tmp_path / "zip.xlsx")
    says(line, "sponsors", "a readable xlsx file", "zip.xlsx")
    path = written(tmp_path, f'{HEAD}\n"a,mapd,5\n', "quote.csv")
    says(refused(capsys, "market", path), "sponsors", "a readable CSV file", "quote.csv")


@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/workbook.xml"])
def test_a_damaged_workbook_is_one_line(part, tmp_path, capsys):
    """Cut off inside: the zip is whole, what it holds is not."""
    whole = workbook(tmp_path, [HEAD.split(","), ["a", "mapd", 5]], "whole.xlsx")
    path = tmp_path / "damaged.xlsx"
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            target.writestr(name, content[: len(content) // 2] if name == part else content)
    line = refused(capsys, "market", path)
    says(line, "sponsors", "a readable xlsx file", "damaged.xlsx")


def test_an_xlsx_table_is_read_like_the_csv(tmp_path, capsys):
    head = [*HEAD.split(","), "eligible_share", "counted"]
    rows = [["A & B", "pdp_regional", 1000, 0.1, "yes"], ["C", "mapd", 2500.0, None, False]]
    sheet = workbook(tmp_path, [head, *rows, [None] * 5])
    text = ",".join(head) + "\nA & B,pdp_regional,1000,0.1,yes\nC,mapd,2500,,no\n"
    assert read_sponsors(sheet) == read_sponsors(written(tmp_path, text))
    # And what is wrong with it is said in the same words.
    rows[1][2] = -5
    says(
        refused(capsys, "market", workbook(tmp_path, [head, *rows])),
        "row 3, members", "from 1", "-5",
    )  # fmt: skip
    empty = workbook(tmp_path, [], "empty.xlsx")
    says(refused(capsys, "market", empty), "sponsors", "a table with a heading", "empty.xlsx")
    twice = workbook(tmp_path, [head[:3], rows[0][:3], rows[0][:3]], "twice.xlsx")
    says(refused(capsys, "market", twice), "sponsors", "each name once", "rows 2 and 3")


def test_a_cell_beyond_the_heading_is_not_dropped_in_silence(tmp_path, capsys):
    """As in a CSV: something stands there that nobody reads."""
    rows = [HEAD.split(","), ["a", "mapd", 5, "something"]]
    line = refused(capsys, "market", workbook(tmp_path, rows))
    says(line, "sponsors", "3 cells", "4 in row 2")


def test_forgiven_are_order_case_marks_and_thousands(tmp_path):
    text = '\ufeffMembers, NAME ,scenario\n"6,000,000", A ,mapd\n\n'
    (sponsor,) = read_sponsors(written(tmp_path, text))
    assert (sponsor.name, sponsor.scenario, sponsor.members) == ("A", "mapd", 6e6)
    assert sponsor.counted


def test_more_rows_than_a_market_has_are_refused(tmp_path):
    text = HEAD + "\n" + "".join(f"s{i},mapd,5\n" for i in range(1001))
    with pytest.raises(InputError, match=r"sponsors: allowed is up to 1,000 rows; given was 1,001"):
        read_sponsors(written(tmp_path, text))


# --------------------------------------------------------------------------- rule and terms


@pytest.mark.parametrize("command", ["market", "frontier"])
@pytest.mark.parametrize(
    "rule", ["1.01", "101%", "80", "0", "0%", "-0.5", "most", "nan", "inf", ""]
)
def test_a_launch_rule_outside_0_to_1_is_one_line(rule, command, capsys):
    line = refused(capsys, command, f"--rule={rule}")
    given = rule or "nothing"
    assert (
        line == f"--rule: allowed is a share above 0 up to 1 (or 80%), or none; given was {given}"
    )


@pytest.mark.parametrize("command", ["market", "frontier"])
def test_unknown_terms_are_one_line(command, capsys):
    says(
        refused(capsys, command, "--terms", "generous"),
        "terms.package", "announced_2025_12", "generous",
    )  # fmt: skip


@pytest.mark.parametrize("to", ["0", "-5", "1e9", "nan", "much"])
def test_a_capitation_out_of_bounds_is_one_line(to, capsys):
    line = refused(capsys, "frontier", f"--capitation-to={to}")
    assert "--capitation-to" in line


def test_a_seed_below_0_is_one_line(capsys):
    assert "--seed" in refused(capsys, "market", "--seed=-1")


# ------------------------------------------------------------------------------- plan check

SETTINGS = {
    "movers above 1": (f"{S}.movers=1.2", f"{S}.movers", "from 0 to 1", "1.2"),
    "movers below 0": (f"{S}.movers=-0.01", f"{S}.movers", "from 0 to 1", "-0.01"),
    "movers that are no number": (f"{S}.movers=nan", f"{S}.movers", "from 0 to 1", "nan"),
    "movers as text": (f"{S}.movers=some", f"{S}.movers", "from 0 to 1", "some"),
    "a joining share of 0": (f"{S}.joining_share=0", f"{S}.joining_share", "0.001 to 1", "0"),
    "a joining share above 1": (f"{S}.joining_share=1.5", f"{S}.joining_share", "to 1", "1.5"),
    "initiation above 1": (f"{S}.mover_initiation=2", f"{S}.mover_initiation", "0 to 1", "2"),
    "capture below 0": (f"{S}.capture=-1", f"{S}.capture", "from 0", "-1"),
    "a switch that is no switch": ("selection.include=often", "selection.include", "", "often"),
    "an unknown field": (f"{S}.mover=0.1", f"{S}.mover", "", f"{S}.mover"),
}


@pytest.mark.parametrize("command", ["selection", "decide"])
@pytest.mark.parametrize("case", SETTINGS)
def test_a_bad_setting_is_one_line(case, command, capsys):
    setting, field, allowed, given = SETTINGS[case]
    line = refused(capsys, command, "pdp_regional", "--set", setting)
    assert field in line
    assert allowed in line
    assert given in line
    assert "allowed" in line


def test_a_state_has_no_selection(capsys):
    says(refused(capsys, "selection", "state_covering"), "scenario", "a Part D plan", "medicaid")


def test_an_unknown_scenario_and_resolution_are_one_line(capsys):
    assert "pdp_nowhere" in refused(capsys, "selection", "pdp_nowhere")
    line = refused(capsys, "selection", "pdp_regional", "--resolution", "fine")
    says(line, "resolution", "workbook", "fine")


@pytest.mark.parametrize("option", [("--plan", "A"), ("--benchmark", "40")])
def test_a_plan_or_benchmark_without_a_table_is_one_line(option, capsys):
    says(refused(capsys, "selection", "pdp_regional", *option), "--plans", "a table", "nothing")


# What is in the table of plans, and the answer.
TABLES = {
    "shares that exceed 1": (
        f"{PLANS}\nA,0.7,10,yes\nB,0.6,10,no\n", "share", "1", "1.3",
    ),
    "low-income shares that exceed 1": (
        f"{PLANS},lis_share\nA,0.4,10,yes,0.8\nB,0.6,10,no,0.7\n", "lis_share", "1", "1.5",
    ),
    "a share above 1": (f"{PLANS}\nA,1.5,10,yes\n", "row 2, share", "from 0 to 1", "1.5"),
    "a negative share": (f"{PLANS}\nA,-0.5,10,yes\n", "row 2, share", "from 0 to 1", "-0.5"),
    "a share left out": (f"{PLANS}\nA,,10,yes\n", "row 2, share", "from 0 to 1", "nothing"),
    "nobody in any plan": (
        f"{PLANS}\nA,0,10,yes\nB,0,10,no\n", "plans", "with members", "",
    ),
    "no plan that covers": (f"{PLANS}\nA,0.5,10,no\nB,0.5,10,no\n", "covers", "yes", "no"),
    "a plan twice": (f"{PLANS}\nA,0.5,10,yes\nA,0.5,10,no\n", "plans", "once", "A"),
    "a premium as text": (f"{PLANS}\nA,0.5,cheap,yes\n", "premium", "a number", "cheap"),
    "cover by half": (f"{PLANS}\nA,0.5,10,half\n", "covers", "yes or no", "half"),
    "no plans": (f"{PLANS}\n", "plans", "at least one row", "none"),
    "an unknown column": (f"{PLANS},stars\nA,0.5,10,yes,4\n", "plans", "only", "stars"),
    "a missing column": ("name,share,premium\nA,0.5,10\n", "plans", "columns", "covers"),
    "a row too short": (f"{PLANS}\nA,0.5,10\n", "plans", "4 cells", "3 in row 2"),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLES)
def test_a_bad_table_of_plans_is_one_line(case, tmp_path, capsys):
    text, field, allowed, given = TABLES[case]
    table = written(tmp_path, text)
    line = refused(capsys, "selection", "pdp_regional", "--plans", table)
    assert field in line
    assert allowed in line
    assert given in line
    assert "allowed" in line
    # "given was" is followed by what was given, not by a sentence of its own.
    assert not re.search(r"given was (they|there|these|given)\b", line), line


@pytest.mark.parametrize("amount", ["nan", "inf", "much"])
def test_a_benchmark_that_is_no_amount_is_one_line(amount, tmp_path, capsys):
    table = written(tmp_path, REGION)
    line = refused(capsys, "selection", "pdp_regional", "--plans", table, f"--benchmark={amount}")
    assert "benchmark" in line


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_a_market_without_low_income_members_is_an_answer_or_one_line(tmp_path, capsys):
    table = written(tmp_path, f"{PLANS},lis_share\nA,0.5,10,yes,0\nB,0.5,10,no,0\n")
    code, out, err = ended(
        capsys,
        *["selection", "pdp_regional", "--plans", table, "--benchmark", "40", "--json",
         "--resolution", "workbook"],
    )  # fmt: skip
    assert code in (0, 2), err
    if code == 2:
        (line,) = err.splitlines()
        assert "lis_share" in line
    else:
        assert json.loads(out)["choice"]["joining_share"] == pytest.approx(0.5)


REGION = f"{PLANS}\nMine,0.3,10,yes\nTheirs,0.5,12,no\nThird,0.2,9,yes\n"


def test_a_plan_that_is_not_in_the_table_is_one_line(tmp_path, capsys):
    table = written(tmp_path, REGION)
    line = refused(capsys, "selection", "pdp_regional", "--plans", table, "--plan", "Nobody")
    says(line, "--plan", "Mine", "Nobody")
    line = refused(capsys, "selection", "pdp_regional", "--plans", table, "--plan", "Theirs")
    says(line, "--plan", "a plan that covers the drug", "Theirs")


def test_a_good_table_of_plans_sets_who_moves(tmp_path, capsys):
    table = written(tmp_path, REGION)
    sheet = workbook(
        tmp_path,
        [
            PLANS.split(","),
            ["Mine", 0.3, 10, "yes"], ["Theirs", 0.5, 12, "no"], ["Third", 0.2, 9, "yes"],
        ],
    )  # fmt: skip
    said = []
    for path in (table, sheet):
        code, out, err = ended(
            capsys,
            *["selection", "pdp_regional", "--plans", path, "--plan", "Mine", "--json",
             "--resolution", "workbook"],
        )  # fmt: skip
        assert (code, err) == (0, "")
        said.append(json.loads(out))
    assert said[0] == said[1]
    check, choice = said[0]["selection"], said[0]["choice"]
    assert check["joining_share"] == pytest.approx(0.5)
    assert check["movers"] == pytest.approx(choice["movers"][0])
    assert 0.0 < check["movers"] < 1.0


def test_what_was_asked_is_answered_for_an_employers_plan_too(capsys):
    code, out, err = ended(capsys, "selection", "egwp", "--json", "--resolution", "workbook")
    assert (code, err) == (0, "")
    said = json.loads(out)
    assert said["selection"]["verdict"] == "not_applicable"
    assert said["curves"] is None
