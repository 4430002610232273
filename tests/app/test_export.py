"""The page that hands a scenario over: files, link, comparison, and back from a file."""

import base64
import io
import json
import urllib.parse
import zipfile
import zlib

import openpyxl
import pytest
import yaml

from calculator import decide, load_scenario
from calculator.errors import InputError
from calculator.exports import csv_text
from calculator.report import compare as report
from calculator.report.memo import memo_html
from calculator.report.words import file_stem
from calculator.report.workbook import write_workbook
from calculator.ui import compare, downloads, export, packed
from calculator.ui import saved as saving
from calculator.ui.saved import HERE, MOST_SAVED, Saved, packed_list, unpacked
from calculator.ui.widgets import plain

PLAN = load_scenario("pdp_regional")
STATE = load_scenario("state_not_covering")
RICH = PLAN.with_settings({"terms.obesity_capitation.amount": 125})
CHANGED = {"scenario": "pdp_regional", "plan.members": "50000"}
EVIL = "<b>evil</b> $1 $2"


def folded(data):
    """Letters of an address that `pack_data` refuses to make."""
    small = zlib.compress(json.dumps(data).encode())
    return base64.urlsafe_b64encode(small).decode().rstrip("=")


@pytest.fixture
def page(opened):
    return lambda address=None: opened("export", address)


def kept(page):
    """What is saved, as the address has it."""
    saved, wrong = unpacked(fields(page).get("saved", ""))
    assert not wrong
    return saved


def save(page, name):
    page.at.text_input(key=compare.NAME).set_value(name)
    page.at.button(key="compare.save").click().run()
    return page


def fingerprint(page):
    (said,) = [text for text in page.texts if text.startswith("balance-calculator")]
    return said.split()[-1]


def upload(page, name, content):
    page.at.file_uploader[0].set_value((name, content, "application/octet-stream")).run()
    return page


def use(page):
    page.at.button(key="export.use").click().run()
    return page


def fields(page):
    found = page.at.query_params
    return {key: one if isinstance(one, str) else one[-1] for key, one in found.items()}


# ------------------------------------------------------------------------------------------- opens


@pytest.mark.parametrize("scenario", [PLAN, STATE])
def test_it_opens_with_the_answer_four_figures_and_a_picture(page, scenario):
    seen = page({"scenario": scenario.name})
    assert seen.calm
    assert "Joining from January" in seen.said
    assert len(seen.at.metric) == 4
    assert fingerprint(seen) == decide(scenario).fingerprint
    assert seen.sections[0] == "Take it along"
    assert any(one.startswith("Joining pays in") for one in seen.sections)
    labels = {one.label for one in seen.at.get("download_button")}
    assert labels == {
        "Memo to print", "Workbook of live formulas", "Scenario file", "Ledger as CSV",
    }  # fmt: skip


def test_a_wrong_field_keeps_the_last_result_and_the_link_is_of_that(page):
    seen = page(CHANGED).change("plan.members", "-5")
    assert "allowed is a number from 1" in seen.complaint
    assert "This result belongs to" in seen.aside
    (code,) = seen.at.code
    asked = dict(urllib.parse.parse_qsl(code.value.partition("?")[2]))
    assert asked["scenario"] == "file"
    assert packed.unpacked(asked["file"]).plan.members == 50_000


def test_a_state_with_a_gap_can_be_left_by_a_file(page):
    seen = page({"scenario": "state_not_covering", "state.abbr": "NC"})
    assert "needs a number that is not published" in seen.said
    seen = use(upload(seen, "ours.yaml", STATE.to_yaml().encode()))
    assert "costs Georgia" in seen.said


# ------------------------------------------------------------------------------------------- files


@pytest.mark.parametrize("scenario", [PLAN, STATE])
def test_the_files_are_those_of_the_run(scenario):
    decision = decide(scenario, resolution="workbook")
    assert yaml.safe_load(scenario.to_yaml())["name"] == scenario.name
    assert downloads.memo_text(decision.fingerprint, decision) == memo_html(decision)
    book = openpyxl.load_workbook(
        io.BytesIO(downloads.workbook_bytes(decision.fingerprint, decision))
    )
    assert "Summary" in book.sheetnames
    assert csv_text(decision.ledger()).startswith("branch,period,line,payer,amount\n")
    assert file_stem(decision) == f"{scenario.name}_{decision.fingerprint[:8]}"


def test_files_are_written_only_when_they_are_taken(opened, monkeypatch):
    def written(*given):
        raise AssertionError

    for name in ("csv_text", "file_text", "workbook_bytes", "memo_text"):
        monkeypatch.setattr(downloads, name, written)
    assert opened("export").calm
    assert opened("state").calm


@pytest.mark.parametrize("scenario", [PLAN, RICH, STATE, load_scenario("egwp")])
def test_a_file_taken_along_and_brought_back_is_the_same_run(page, scenario):
    seen = upload(page(), "taken.yaml", scenario.to_yaml().encode())
    assert seen.calm
    (read,) = [one.value for one in seen.at.success]
    assert plain(scenario.name) in read
    seen = use(seen)
    assert seen.calm
    assert fields(seen)["scenario"] == "file"
    assert fingerprint(seen) == decide(scenario).fingerprint
    assert not seen.at.success
    again = page(fields(seen))
    assert fingerprint(again) == decide(scenario).fingerprint


def test_json_and_a_workbook_may_be_brought_back(page, tmp_path):
    text = json.dumps(RICH.plain())
    assert fingerprint(use(upload(page(), "a.json", text.encode()))) == decide(RICH).fingerprint
    book = tmp_path / "book.xlsx"
    write_workbook(decide(RICH, resolution="workbook"), book)
    seen = use(upload(page(), "book.xlsx", book.read_bytes()))
    assert seen.calm
    assert fingerprint(seen) == decide(RICH).fingerprint


def test_a_file_of_the_other_program_changes_the_program(page):
    seen = use(upload(page(), "state.yaml", STATE.to_yaml().encode()))
    assert seen.calm
    assert "costs Georgia" in seen.said
    assert seen.at.session_state["program"] == "medicaid"


def test_what_a_file_changes_from_its_example_is_listed(page):
    seen = upload(page(), "a.yaml", b"extends: pdp_regional\nname: a\nplan: {members: 9}\n")
    assert any("Members (plan.members)" in text for text in seen.texts)


def bomb():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", b" " * 101_000_000)
    return stream.getvalue()


BAD = {
    "empty": ("a.yaml", b"", "which is empty"),
    "no yaml": ("a.yaml", b"plan: [1, 2", "a file of valid YAML"),
    "no json": ("a.json", b"{", "a file of valid JSON"),
    "other text": ("a.yaml", b"\xff\xfe\x00", "a file of valid YAML"),
    "a list": ("a.yaml", b"- 1\n- 2\n", "a file with named fields"),
    "no program": ("a.yaml", b"name: a\n", "program: allowed is one of part_d, medicaid"),
    "wrong field": (
        "a.yaml", b"extends: pdp_regional\nname: a\nplan: {membrs: 5}\n", "plan.membrs",
    ),
    "wrong value": (
        "a.yaml", b"extends: pdp_regional\nname: a\nplan: {members: -5}\n", "plan.members",
    ),
    "wrong lever": (
        "a.yaml", b"extends: pdp_regional\nname: a\nterms: {copai: 5}\n", "terms.copay",
    ),
    "twice": ("a.json", b'{"name": "a", "name": "b"}', "name twice"),
    "a path": ("a.yaml", b"extends: /etc/passwd\nname: a\n", "extends: allowed is one of"),
    "a relative path": ("a.yaml", b"extends: ../mapd.yaml\n", "extends: allowed is one of"),
    "python": ("a.yaml", b"!!python/object/apply:os.system ['true']\n", "valid YAML"),
    "too deep": ("a.yaml", b"[" * 20_000, "without end"),
    "too deep json": ("a.json", b'{"a":' * 20_000, "a file of valid JSON"),
    "too big": ("a.yaml", b"name: a\n#" + b" " * 200_001, "200,000 bytes, or the same as JSON"),
    "too big json": ("a.json", b" " * 1_000_001, "up to 1,000,000 bytes"),
    "no workbook": ("a.xlsx", b"not a workbook", "a readable xlsx file"),
    "other workbook": ("a.xlsx", None, "one that balance decide or balance template wrote"),
    "a bomb": ("a.xlsx", bomb(), "unpacked"),
    "a name with folders": ("../../a.yaml", b"- 1\n", "a.yaml"),
}  # fmt: skip


@pytest.mark.parametrize("case", list(BAD))
def test_a_bad_file_is_said_beside_the_upload_and_the_page_keeps_its_result(page, case):
    name, content, sentence = BAD[case]
    if content is None:
        stream = io.BytesIO()
        openpyxl.Workbook().save(stream)
        content = stream.getvalue()
    seen = page(CHANGED)
    before, address = fingerprint(seen), fields(seen)
    seen = upload(seen, name, content)
    assert sentence in seen.complaint
    assert "/tmp" not in seen.complaint
    assert "Traceback" not in seen.complaint
    assert fingerprint(seen) == before
    assert fields(seen) == address
    assert not [one for one in seen.at.button if one.key == "export.use"]
    # A good one after it is another matter.
    seen = upload(seen, "good.yaml", RICH.to_yaml().encode())
    assert seen.calm
    assert seen.at.button(key="export.use")


def test_references_in_a_file_do_not_grow_without_limit():
    lines = ["a0: &a0 [1, 1]"]
    lines += [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 40)]
    found = export._read("x", "a.yaml", "\n".join(lines).encode())
    assert "a reference (& and *)" in str(found.error)
    # A file may hold both signs and no reference.
    text = PLAN.to_yaml().replace("label: ", "label: R&D *at cost*, ")
    found = export._read("x", "a.yaml", text.encode())
    assert found.error is None
    assert found.scenario.label.startswith("R&D *at cost*")


@pytest.mark.parametrize(
    "name", ["\N{OWL}" * 80 + ".yaml", "\ud800.yaml", ".yaml", "a\0b.yaml", "x" * 400 + ".json"]
)
def test_a_name_that_no_file_can_have_is_no_trouble(name):
    found = export._read("x", name, b"{}")
    assert found.error is not None
    assert "/tmp" not in str(found.error)
    str(found.error).encode()


def test_text_of_a_file_is_text(page):
    data = PLAN.plain() | {"name": EVIL, "label": EVIL, "extends": "pdp_regional"}
    seen = use(upload(page(), "<b>.json", json.dumps(data).encode()))
    assert seen.calm
    assert decide(load_scenario("pdp_regional")).value.total
    assert all("<b>" not in text for text in [*seen.sections, seen.said])


def test_a_file_is_read_once(page, monkeypatch):
    read = []
    true = export._loaded
    monkeypatch.setattr(export, "_loaded", lambda *a: read.append(1) or true(*a))
    seen = upload(page(), "a.yaml", RICH.to_yaml().encode())
    count = len(read)
    seen.at.run()
    assert len(read) == count == 1


def test_a_file_too_long_for_an_address_says_so(page, monkeypatch):
    seen = upload(page(), "a.yaml", RICH.to_yaml().encode())
    monkeypatch.setattr(packed, "MOST_TEXT", 300)
    seen = use(seen)
    assert "in an address" in seen.complaint
    assert fingerprint(seen) == decide(PLAN).fingerprint


# -------------------------------------------------------------------------------------------- link


def test_the_link_reopens_the_same_run(page):
    seen = page(CHANGED)
    (code,) = seen.at.code
    asked = dict(urllib.parse.parse_qsl(code.value.partition("?")[2]))
    assert asked == CHANGED
    assert fingerprint(page(asked)) == fingerprint(seen)


def test_a_second_link_brings_the_saved_ones_too(page):
    seen = save(page(CHANGED), "mine")
    bare, whole = (one.value for one in seen.at.code)
    assert "saved=" not in bare
    asked = dict(urllib.parse.parse_qsl(whole.partition("?")[2]))
    again = page(asked)
    assert [one.name for one in kept(again)] == ["mine"]
    assert "/export?" in whole


# ----------------------------------------------------------------------------------------- compare


def test_a_scenario_is_saved_and_compared_with_what_is_changed_since(page):
    seen = save(page(), "Base")
    assert seen.calm
    assert [one.name for one in kept(seen)] == ["Base"]
    assert "have the same inputs" in seen.sections[-2]
    seen = seen.change("plan.members", "50000")
    assert seen.calm
    assert kept(seen)[0].scenario == PLAN
    assert "all of it by one input: Members." in seen.sections[-2]
    steps = seen.at.table[1].value
    assert next(iter(steps.Input)) == "Members"
    (row,) = [row for row in steps.itertuples() if row.Input == "Members"]
    assert row.Base == "40,000 people"
    found = report.bridge(PLAN, PLAN.with_settings({"plan.members": 50_000}))
    assert seen.sections[-2] == report.bridge_sentence(found, "Base", HERE)


def test_up_to_six_are_kept_and_the_seventh_says_which_to_drop(page):
    six = [Saved(f"s{n}", PLAN) for n in range(MOST_SAVED)]
    seen = save(page({"scenario": "pdp_regional", "saved": packed_list(six)}), "seventh")
    assert "drop one of s0, s1, s2, s3, s4, s5 first" in seen.complaint
    assert [one.name for one in kept(seen)] == [one.name for one in six]
    seen.at.selectbox(key=compare.PICK).select("s3").run()
    seen.at.button(key="compare.drop").click().run()
    assert [one.name for one in kept(seen)] == ["s0", "s1", "s2", "s4", "s5"]
    seen = save(seen, "seventh")
    assert seen.calm
    assert kept(seen)[-1].name == "seventh"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("base", "no other saved scenario has"), (HERE, "no other saved scenario has")],
)
def test_a_name_must_be_its_own(page, name, sentence):
    seen = save(save(page(), "Base"), name)
    assert sentence in seen.complaint
    assert len(kept(seen)) == 1


@pytest.mark.parametrize("name", ["", "  ", "x" * 61, "a\x00b", "a\u202eb", None, 7, ["a"]])
def test_a_name_is_a_line_of_letters(name):
    with pytest.raises(InputError, match="1 to 60 letters"):
        saving.checked_name(name, [])


@pytest.mark.parametrize("name", ["", "   "])
def test_an_emptied_name_is_refused_beside_the_field(page, name):
    seen = page()
    seen.at.text_input(key=compare.NAME).set_value(name).run()
    assert seen.at.text_input(key=compare.NAME).value == name
    assert "name: allowed is 1 to 60 letters; given was nothing" in seen.complaint
    seen.at.button(key="compare.save").click().run()
    assert kept(seen) == ()
    assert "given was nothing" in seen.complaint
    assert save(seen, "Base").calm


def test_the_link_is_of_what_is_in_sight_where_the_browser_is_late(page):
    seen = page().change("plan.members", "50000")
    seen.at.query_params.clear()
    seen.at.query_params["scenario"] = "pdp_regional"
    seen.at.text_input(key=compare.NAME).set_value("x").run()
    (code,) = seen.at.code
    assert dict(urllib.parse.parse_qsl(code.value.partition("?")[2])) == CHANGED


def test_a_saved_one_is_renamed_opened_again_and_dropped(page):
    saved = packed_list([Saved("Base", PLAN), Saved("Rich", RICH)])
    seen = page({"scenario": "pdp_regional", "saved": saved})
    seen.at.selectbox(key=compare.PICK).select("Rich").run()
    seen.at.text_input(key=compare.NEW_NAME).set_value("Richer")
    seen.at.button(key="compare.rename").click().run()
    assert seen.calm
    assert [one.name for one in kept(seen)] == ["Base", "Richer"]
    seen.at.button(key="compare.open").click().run()
    assert seen.calm
    assert fingerprint(seen) == decide(RICH).fingerprint
    assert [one.name for one in kept(seen)] == ["Base", "Richer"]
    for _ in range(2):
        seen.at.button(key="compare.drop").click().run()
    assert seen.calm
    assert "saved" not in fields(seen)
    assert fingerprint(seen) == decide(RICH).fingerprint


def test_saved_ones_stand_side_by_side_and_a_state_stands_apart(page):
    saved = packed_list([Saved("Base", PLAN), Saved(EVIL, RICH), Saved("Georgia", STATE)])
    seen = page({"scenario": "pdp_regional", "saved": saved})
    assert seen.calm
    own, other = (one.value for one in list(seen.at.table)[:2])
    assert list(own.columns) == ["USD", plain(HERE), "Base", plain(EVIL)]
    assert list(other.columns) == ["USD", "Georgia"]
    assert any("dollars of different payers" in text for text in seen.texts)
    assert f"Joining pays in 1 of 3; it is worth most in “{EVIL}”" in seen.sections[2]
    seen.at.selectbox(key=compare.TO).select("Georgia").run()
    assert not seen.at.exception
    assert any("Pick two of one program" in one.value for one in seen.at.info)


def test_a_saved_one_without_an_answer_is_left_out_with_a_sentence(page):
    gap = STATE.with_settings({"state.abbr": "NC"})
    saved = packed_list([Saved("Base", PLAN), Saved("Gap", gap)])
    seen = page({"scenario": "pdp_regional", "saved": saved})
    assert not seen.at.exception
    assert not seen.at.error
    assert any("A saved scenario is left out" in one.value for one in seen.at.warning)
    assert "Base" in seen.at.table[0].value.columns


@pytest.mark.parametrize(
    "text",
    [
        "%%%",
        "A" * 20_001,
        packed.pack_data({"name": "x"}),
        packed.pack_data([{"name": "x", "scenario": PLAN.plain()}] * 7),
        folded("x" * 1_000_001),
        packed.pack_data([1, None, {"name": 1, "scenario": {}}, {"name": "y", "scenario": []}]),
        packed.pack_data([{"name": "x", "scenario": {"extends": "/etc/passwd"}}]),
        packed.pack_data([{"name": "x", "scenario": PLAN.plain() | {"terms": {"package": "no"}}}]),
        packed.pack_data([{"name": "x", "scenario": PLAN.plain() | {"program": "none"}}]),
    ],
)
def test_broken_or_hostile_letters_are_said_and_the_page_carries_on(page, text):
    seen = page({"scenario": "pdp_regional", "saved": text})
    assert not seen.at.exception
    assert not seen.at.error
    assert seen.at.warning
    assert all("A saved scenario is left out" in one.value for one in seen.at.warning)
    assert fingerprint(seen) == decide(PLAN).fingerprint
    seen = save(seen, "fresh")
    assert [one.name for one in kept(seen)] == ["fresh"]


def test_one_that_cannot_be_read_does_not_take_the_others_along(page):
    data = [{"name": "good", "scenario": RICH.plain()}, {"name": "bad", "scenario": {}}]
    seen = page({"scenario": "pdp_regional", "saved": packed.pack_data(data)})
    assert any("bad: program" in one.value.replace("\\", "") for one in seen.at.warning)
    assert "good" in seen.at.table[0].value.columns


def test_more_than_a_link_holds_is_refused_with_the_way_out(page, monkeypatch):
    monkeypatch.setattr(packed, "MOST_TEXT", 300)
    seen = save(page(), "Base")
    assert "take their scenario files instead" in seen.complaint
    assert kept(seen) == ()


def test_saved_ones_stay_through_reset_and_the_other_program(page):
    seen = save(page(CHANGED), "Mine").reset()
    assert [one.name for one in kept(seen)] == ["Mine"]
    seen.at.button_group(key="program").set_value("medicaid").run()
    assert seen.calm
    assert [one.name for one in kept(seen)] == ["Mine"]
    assert "different payers" in " ".join([*seen.texts, *(i.value for i in seen.at.info)])
