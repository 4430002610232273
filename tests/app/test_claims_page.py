"""The page of claims: what they come to, what they replace, what is wrong; and nothing stays."""

from __future__ import annotations

import contextlib
import io
import json
import math
import pickle
import re
import tempfile
import threading
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pytest
import yaml
from pyarrow import parquet
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner_utils.exceptions import StopException

from calculator import decide, load_scenario
from calculator.claims import measure as measuring
from calculator.claims.engine import duckdb
from calculator.claims.synthetic import makeup
from calculator.claims.synthetic_files import synthesize
from calculator.errors import InputError
from calculator.report import claims as report
from calculator.report.verdict import opening
from calculator.ui import claims_profile, claims_read, claims_upload, packed
from calculator.ui.widgets import plain
from tests.claims.claims_adjudicator import COLUMNS, Row
from tests.claims.command import balance, benefit_of, write_table
from tests.claims.random_members import members as random_members
from tests.claims.test_back_test import PAID, lines_with_amounts

MEMBERS = 400
OURS = b"member_id,service_date,drug_class,gross_cost\n"
SECRET = "SECRET-7"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("claims")
    claims, enrollment = made / "ours.csv", made / "members.csv"
    synthesize(makeup(2026), MEMBERS, 3, claims, enrollment)
    return made


@pytest.fixture(scope="module")
def ours(folder):
    return (folder / "ours.csv").read_bytes()


@pytest.fixture(autouse=True)
def scratch(tmp_path, monkeypatch):
    """The folder in which temporary ones are made."""
    made = tmp_path / "scratch"
    made.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(made))
    return made


def upload(page, name, content, which=0):
    page.at.file_uploader[which].set_value((name, content, "text/csv")).run()
    return page


def given(page, name, content):
    """A file is given and read."""
    upload(page, name, content)
    page.at.button(key="claims.read").click().run()
    return page


def everything(page):
    """All text of the page and all that the session holds."""
    at = page.at
    groups = (at.title, at.header, at.markdown, at.caption, at.error, at.warning, at.metric)
    texts = [str(one.value) for group in groups for one in group]
    texts += [one.value.to_csv() for one in [*at.table, *at.dataframe]]
    texts += [str(one.proto) for one in at.get("plotly_chart")]
    kept = pickle.dumps(at.session_state._state.filtered_state)
    return "\n".join(texts), kept


def same_but_hidden(page, terminal):
    """How many figures of the terminal the page does not show; the others are the same."""
    if page is None:
        return 1
    if isinstance(page, dict):
        own = ("all_claims", "few_differ")
        return sum(same_but_hidden(page[key], terminal[key]) for key in page if key not in own)
    assert page == terminal
    return 0


def test_the_page_opens_with_what_claims_would_replace(opened):
    page = opened("claims")
    assert page.calm
    assert page.said.startswith("Your own claims can replace")
    assert page.at.button(key="claims.read").disabled
    assert "What claims would replace" in page.sections
    table = page.at.table[0].value
    assert list(table["In use now"])[:2] == ["40,000", "15%"]
    assert "claims.use" not in [one.key for one in page.at.button]
    assert any("then they are deleted" in text for text in page.texts)


def test_a_state_is_told_what_it_has_instead_and_can_switch(opened):
    page = opened("claims", {"scenario": "state_not_covering"})
    assert page.calm
    assert page.said == "A state's Medicaid claims are not profiled yet."
    assert not page.at.file_uploader
    page.at.button(key="claims.switch").click().run()
    assert page.calm
    assert page.said.startswith("Your own claims can replace")
    assert page.at.query_params["scenario"] == "pdp_regional"


# --------------------------------------------------------------------------- claims that are read


def test_claims_come_to_what_the_terminal_says(opened, ours, folder, tmp_path, capfd):
    page = given(opened("claims"), "ours.csv", ours)
    assert page.calm
    found = page.at.session_state[claims_read.KEPT].found
    ran = balance("adjudicate", folder / "ours.csv", "--year", 2026, "--json", capfd=capfd)
    terminal = json.loads(ran.out)
    # A page is passed on: it shows less than the terminal, and nothing else.
    hidden = same_but_hidden(json.loads(json.dumps(found.summary)), terminal)
    assert hidden < 40
    assert terminal["sha256"] == found.sha256
    assert page.said == plain(report.sentence(found.summary, 2026))
    figures = {metric.label: metric.value for metric in page.at.metric}
    assert figures["Claims settled"] == f"{terminal['accepted']:,}"
    assert figures["Members with claims"] == f"{terminal['members']:,}"
    assert figures["Rejected rows"] == "0"

    ran = balance("profile", folder / "ours.csv", "--out", tmp_path / "own.yaml", capfd=capfd)
    assert ran.code == 0, ran.said
    terminal = yaml.safe_load((tmp_path / "own.yaml").read_text())
    plan = load_scenario("pdp_regional")
    own = measuring.written(found, plan, persistence=False).data
    assert {**own, "name": ""} == {**terminal, "name": ""}


def test_parquet_gives_the_same(opened, ours, tmp_path):
    by_text = given(opened("claims"), "ours.csv", ours)
    synthesize(makeup(2026), MEMBERS, 3, tmp_path / "ours.parquet")
    page = given(opened("claims"), "ours.parquet", (tmp_path / "ours.parquet").read_bytes())
    assert page.calm
    assert page.said == by_text.said


def test_amounts_on_the_claims_are_held_against_ours(opened, tmp_path):
    benefit = benefit_of(2026)
    rows = [one for one in random_members(31, 60, benefit) if one.fill_kind != "bridge"]
    lines = list(lines_with_amounts(rows, benefit))
    path = write_table(
        tmp_path / "paid.csv", (*COLUMNS, *PAID), ([*row.texts(), *paid] for row, paid in lines)
    )
    page = given(opened("claims"), "paid.csv", path.read_bytes())
    assert page.calm
    assert page.said.endswith("they agree with the amounts on the claims to the cent.")
    assert "Held against the amounts on the claims, USD" in page.sections
    table = next(one.value for one in page.at.table if "Adjudicated" in one.value)
    assert set(table["Within a cent"]) == {"100.00%"}
    wrong = [(row, [str(Decimal(paid[0]) + 5), *paid[1:]]) for row, paid in lines]
    path = write_table(
        tmp_path / "off.csv", (*COLUMNS, *PAID), ([*row.texts(), *paid] for row, paid in wrong)
    )
    page = given(page, "off.csv", path.read_bytes())
    assert "to the cent" not in page.said
    table = next(one.value for one in page.at.table if "Adjudicated" in one.value)
    assert table["Within a cent"][0] == "0.00%"


def test_rejected_rows_are_listed_by_reason_and_line(opened, ours):
    lines = ours.decode().splitlines()
    lines[3] = lines[3].replace("2026-", "2019-")
    lines[7] = lines[7].replace("applicable", "unheard").replace("selected", "unheard")
    page = given(opened("claims"), "some.csv", "\n".join(lines).encode())
    assert page.calm
    assert "Rows that were not used" in page.sections
    table = next(one.value for one in page.at.table if "First lines" in one.value)
    found = dict(zip(table.Reason, table["First lines"], strict=True))
    assert found == {plain("service_date outside 2026"): "4", plain("unknown drug_class"): "8"}
    assert page.at.metric[2].value == "2"
    kept = page.at.session_state[claims_read.KEPT].found
    assert kept.rejects.splitlines()[1:] == [
        "4,service_date outside 2026",
        "8,unknown drug_class",
    ]


def test_made_up_claims_can_be_tried_and_forgotten(opened, monkeypatch):
    monkeypatch.setattr(claims_read, "TRIED", 8_000)
    page = opened("claims")
    page.at.button(key="claims.try").click().run()
    assert page.calm
    assert "members in 2026 come to" in page.said
    assert any("illustrative" in text for text in page.texts)
    page.at.button_group(key="claims.view").set_value("Persistence").run()
    assert page.calm
    assert any("are still on therapy; the scenario has" in text for text in page.sections)
    page.at.button(key="claims.forget").click().run()
    assert page.said.startswith("Your own claims can replace")
    assert claims_read.KEPT not in page.at.session_state


def test_made_up_claims_can_be_looked_at_and_given_back(opened):
    content = claims_read.made_up_csv()
    assert content.startswith(b"member_id,service_date")
    page = given(opened("claims"), "made_up_claims.csv", content)
    assert page.calm
    assert "claims of" in page.said


def test_the_figures_in_use_are_beside_those_of_the_claims(opened, ours):
    page = given(opened("claims"), "ours.csv", ours)
    table = next(one.value for one in page.at.table if "These claims" in one.value)
    before = dict(zip(table.Figure, table["In use now"], strict=True))
    assert before["Members"] == "40,000"
    page.at.button(key="claims.use").click().run()
    table = next(one.value for one in page.at.table if "These claims" in one.value)
    # With the claims' own values in use the two columns are one.
    assert list(table["In use now"]) == list(table["These claims"])


@pytest.mark.parametrize("start", ["pdp_regional", "mapd", "dsnp", "egwp"])
def test_the_values_are_used_on_every_page_and_what_was_typed_stays(opened, ours, start):
    page = opened("claims", {"scenario": start, "plan.risk_score": "1.08"})
    page = given(page, "ours.csv", ours)
    typed = load_scenario(start).with_settings({"plan.risk_score": 1.08})
    found = page.at.session_state[claims_read.KEPT].found
    own = measuring.laid_over(measuring.written(found, typed, persistence=False), typed)
    assert own.plan.risk_score == 1.08
    assert own.plan.members == found.profile.members
    worth = decide(own)
    assert f"With the values of these claims: {claims_profile._lower(opening(worth))}" in (
        page.sections
    )
    page.at.button(key="claims.use").click().run()
    assert page.calm
    assert page.at.button(key="claims.use").disabled
    address = dict(page.at.query_params)
    assert address["scenario"] == "file"
    assert packed.unpacked(address["file"]) == own
    decision = opened("decide", address)
    assert decision.calm
    assert decision.said == plain(opening(worth))
    assert decision.said != opened("decide", {"scenario": start}).said


def test_persistence_of_covered_uses_is_taken_where_it_is_asked_for(opened, ours, monkeypatch):
    monkeypatch.setattr(claims_read, "TRIED", 3_000)
    page = opened("claims")
    page.at.button(key="claims.try").click().run()
    title = page.sections[-1]
    page.at.toggle(key=claims_profile.STANDS_FOR).set_value(True).run()
    assert page.calm
    assert page.sections[-1] != title
    page.at.button(key="claims.use").click().run()
    address = dict(page.at.query_params)
    assert packed.unpacked(address["file"]).therapy.persistence_points
    page.at.toggle(key=claims_profile.STANDS_FOR).set_value(False).run()
    assert page.calm


def test_members_as_typed_and_an_enrollment_file(opened, ours, folder):
    page = opened("claims")
    page.at.text_input(key="claims:members").set_value("1,000").run()
    page = given(page, "ours.csv", ours)
    assert page.calm
    assert page.at.session_state[claims_read.KEPT].found.profile.members == 1000
    page.at.text_input(key="claims:members").set_value("").run()
    upload(page, "members.csv", (folder / "members.csv").read_bytes(), which=1)
    page = given(page, "ours.csv", ours)
    assert page.calm
    assert page.at.session_state[claims_read.KEPT].found.profile.members == MEMBERS


def test_a_wrong_number_of_members_is_said_and_the_file_waits(opened, ours):
    page = opened("claims")
    for text in ("many", "-3", "0", "9" * 400, "1.5", "٣"):
        page.at.text_input(key="claims:members").set_value(text).run()
        page = given(page, "ours.csv", ours)
        assert "Average members: allowed is a whole number" in page.complaint
    page.at.text_input(key="claims:members").set_value("").run()
    page.at.button(key="claims.read").click().run()
    assert page.calm
    assert "claims of" in page.said


PDE = "PDE_ID|BENE_ID|SRVC_DT|TOT_RX_CST_AMT|BRND_GNRC_CD|LICS_AMT|PTNT_PAY_AMT|DAYS_SUPLY_NUM\n"


def pde():
    rows = (
        f"{1000 + n}|{SECRET}-{n % 20}|{1 + n % 28:02d}-{month}-2026|100.50|B|0.00|100.50|30"
        for n, month in enumerate(["Jan", "Mar", "Jun", "Dec"] * 20)
    )
    return (PDE + "\n".join(rows)).encode()


TUVA = "claim_id,person_id,dispensing_date,ndc_code,allowed_amount,days_supply,paid_amount\n"


def tuva():
    rows = (
        f"C{n},{SECRET}-{n % 20},2026-{1 + n % 12:02d}-03,000021433,80.00,30,0" for n in range(60)
    )
    return (TUVA + "\n".join(rows)).encode()


@pytest.mark.parametrize("chosen", ["columns", "named"])
@pytest.mark.parametrize(
    ("layout", "content"), [("pde", pde()), ("tuva", tuva())], ids=["pde", "tuva"]
)
def test_other_layouts(opened, layout, content, chosen):
    page = opened("claims")
    if chosen == "named":
        page.at.selectbox(key="claims:layout").select(layout).run()
    page = given(page, "theirs.csv", content)
    assert page.calm
    assert "of 20 members in 2026" in page.said
    assert SECRET not in everything(page)[0]
    # Spending with GLP-1 drugs in it is not held against spending without them.
    table = next(one.value for one in page.at.table if "These claims" in one.value)
    spending = table[table.Figure.str.contains("spending, all drugs")]
    assert set(spending["In use now"]) <= {""}


def test_an_own_mapping_file(opened):
    mapping = (
        b"label: Ours\ndelimiter: ';'\ncolumns:\n  member_id: who\n  service_date: day\n"
        b"  gross_cost: usd\n  drug_class: {constant: applicable}\n"
    )
    rows = "\n".join(f"{SECRET}-{n % 15};2026-{1 + n % 12:02d}-05;50.25" for n in range(60))
    page = opened("claims")
    page.at.selectbox(key="claims:layout").select("mapping").run()
    upload(page, "ours.yaml", mapping, which=1)
    page = given(page, "theirs.csv", f"who;day;usd\n{rows}".encode())
    assert page.calm
    assert "60 claims of 15 members" in page.said
    page = given(page, "theirs.csv", f"who;day;usd\n{rows}".encode())
    assert "Layout: allowed is a mapping file" in page.complaint
    for wrong, said in (
        (b"label: [", "Mapping file"),
        (mapping + b"codes: {column: who, file: /etc/passwd}\n", "no table of codes here"),
        (b"label: x\ncolumns: {nobody: y}\n", "nobody is not one of"),
    ):
        upload(page, "ours.yaml", wrong, which=1)
        page = given(page, "theirs.csv", f"who;day;usd\n{rows}".encode())
        assert said in page.complaint
        assert "scratch" not in page.complaint
        assert "60 claims of 15 members" in page.said


# ------------------------------------------------------------------------------- nothing is kept


def test_no_member_is_on_the_page_or_in_the_session_and_no_file_stays(
    opened, ours, scratch, monkeypatch
):
    gone = []
    true_remove = MemoryUploadedFileManager.remove_file

    def removed(manager, session_id, file_id):
        gone.append(file_id)
        true_remove(manager, session_id, file_id)

    monkeypatch.setattr(MemoryUploadedFileManager, "remove_file", removed)
    marked = ours.replace(b"S00000", SECRET.encode())
    page = given(opened("claims"), f"{'x' * 300}.csv", marked)
    assert page.calm
    texts, kept = everything(page)
    assert "claims of" in texts
    assert SECRET not in texts
    assert SECRET.encode() not in kept
    assert len(kept) < 200_000
    assert page.at.file_uploader[0].value is None
    assert len(set(gone)) == 1
    assert list(scratch.iterdir()) == []


def test_few_members_of_a_phase_are_not_told_apart(opened):
    rows = [f"{SECRET}-{n},2026-{1 + n % 12:02d}-03,applicable,90.00" for n in range(60)]
    rows.append(f"{SECRET}-0,2026-12-30,applicable,40000.00")
    # Whoever meets the threshold in one claim begins the next one above it.
    rows.append(f"{SECRET}-0,2026-12-31,applicable,50.00")
    page = given(opened("claims"), "few.csv", OURS + "\n".join(rows).encode())
    assert page.calm
    assert any("a figure of fewer than 11 people, or one from" in text for text in page.texts)
    table = next(one.value for one in page.at.table if "TrOOP" in one.value)
    (late,) = [row for row in table.itertuples() if row.Phase == "Catastrophic"]
    # What is hidden is no number: only the word for it is drawn.
    assert all(math.isnan(usd) or usd == 0.0 for usd in late[2:])
    assert math.isnan(late.Gross)
    whole = {name: list(table[name])[-1] for name in table.columns[1:]}
    # One member has all that the plan and the manufacturer owe; gross less member would be theirs.
    assert math.isnan(whole["Plan"])
    assert math.isnan(whole["Manufacturer"])
    assert math.isnan(whole["Member"]) or math.isnan(whole["Gross"])


def test_what_few_have_is_in_no_sum_bridge_or_back_test(opened):
    """Five low-income members, three Bridge fills, and two amounts that differ from the claims."""
    head = b"member_id,service_date,drug_class,gross_cost,lis,fill_kind,paid_member,paid_lics\n"
    rows = [
        f"{SECRET}-{n},2026-{1 + 11 * (n % 2):02d}-05,applicable,90.00,none,standard,90.00,0.00"
        for n in range(58)
    ]
    rows += [
        f"{SECRET}-{n},2026-03-01,applicable,90.00,full_other,standard,12.65,77.35"
        for n in range(60, 65)
    ]
    rows += [f"{SECRET}-{n},2026-04-01,applicable,245.00,none,bridge,50.00,0.00" for n in range(3)]
    rows += [f"{SECRET}-{n},2026-05-01,applicable,90.00,none,standard,80.00,0.00" for n in (70, 71)]
    page = given(opened("claims"), "few.csv", head + "\n".join(rows).encode())
    assert not page.at.exception
    found = page.at.session_state[claims_read.KEPT].found.summary
    assert found["bridge"] == {"claims": None, "gross": None}
    assert any("Bridge fills of fewer than 11 members" in text for text in page.texts)
    assert found["payers"]["lics"] is None
    assert None in (found["payers"]["member"], found["payers"]["gross"])
    assert found["backtest"]["paid_lics"]["adjudicated"] is None
    profile = page.at.session_state[claims_read.KEPT].found.profile
    assert profile.lis_share.value == 0.0
    # All with spending in both groups: the one less the other would be the five.
    assert {group.n for group in profile.groups} == {(58 + 5 + 2) // 10 * 10}
    everywhere, _ = everything(page)
    assert "386.75" not in everywhere  # what the five have of the subsidy
    assert "20.00" not in everywhere


def test_where_gross_is_not_shown_there_is_a_note_and_no_picture(opened, ours):
    page = given(opened("claims"), "ours.csv", ours)
    assert page.at.get("plotly_chart")
    kept = page.at.session_state[claims_read.KEPT]
    payers = {**kept.found.summary["payers"], "gross": None}
    found = replace(kept.found, summary={**kept.found.summary, "payers": payers})
    page.at.session_state[claims_read.KEPT] = replace(kept, found=found)
    page.at.run()
    assert page.calm
    assert not page.at.get("plotly_chart")
    assert "Who owes what" in page.sections
    assert report.HIDDEN_NOTE in page.texts


def test_an_amount_that_differs_for_a_few_does_not_say_by_how_much(opened):
    head = b"member_id,service_date,drug_class,gross_cost,paid_member\n"
    rows = [f"{SECRET}-{n},2026-02-01,applicable,90.00,90.00" for n in range(58)]
    rows += [f"{SECRET}-{n},2026-05-01,applicable,90.00,83.00" for n in (70, 71)]
    page = given(opened("claims"), "few.csv", head + "\n".join(rows).encode())
    assert page.calm
    assert page.said.endswith("on the claims, but for those of fewer than 11 members.")
    table = next(one.value for one in page.at.table if "Adjudicated" in one.value)
    assert next(iter(table["Difference"])) == report.FEW
    assert next(iter(table["On the claims"])) == report.NOT_SHOWN


def test_work_that_is_stopped_leaves_nothing_and_the_last_result_stays(
    opened, ours, scratch, monkeypatch
):
    page = given(opened("claims"), "ours.csv", ours)
    before = page.said
    ended = []

    def stopped(engine, given, folder, step):
        claims, *_ = claims_read._written(given, folder)
        ended.append(claims.exists())
        raise StopException

    monkeypatch.setattr(claims_read, "_watched", stopped)
    page = given(page, "others.csv", ours)
    assert ended == [True]
    assert list(scratch.iterdir()) == []
    page.at.run()
    assert page.calm
    assert page.said == before
    assert any("Stopped, and the file was deleted." in text for text in page.texts)
    assert any("The results are those of ours.csv." in text for text in page.texts)
    assert page.at.file_uploader[0].value is None
    monkeypatch.undo()
    tempfile.tempdir = str(scratch)
    page = given(page, "others.csv", ours)
    assert page.calm
    assert not any("Stopped" in text for text in page.texts)


def test_whoever_stops_the_page_stops_the_engine(ours, tmp_path):
    """The engine's query ends at once, and its thread with it."""
    scenario = load_scenario("pdp_regional")
    upload_ = io.BytesIO(ours)
    upload_.name, upload_.size = "ours.csv", len(ours)
    asked = claims_read.Given(upload_, None, None, None, None, None, scenario)
    steps = []

    def step(done, total):
        steps.append((done, total))
        raise StopException

    with duckdb("1GB", temp=tmp_path) as running, pytest.raises(StopException):
        claims_read._watched(running, asked, tmp_path, step)
    assert len(steps) == 1
    assert 0 <= steps[0][0] < 100


def test_the_run_after_a_stopped_one_waits_until_its_file_is_gone(opened, ours):
    """Streamlit begins it while the stopped one is still ending."""
    page = upload(opened("claims"), "ours.csv", ours)
    gone, taken = threading.Event(), page.at.file_uploader[0].value.file_id
    page.at.session_state[claims_read.RUNNING] = gone, [taken]
    threading.Timer(0.3, gone.set).start()
    page.at.run()
    assert gone.is_set()
    assert page.at.file_uploader[0].value is None
    assert claims_read.RUNNING not in page.at.session_state
    assert "Stopped, and the file was deleted." in page.texts


# ------------------------------------------------------------------------------------- bad input


def one(text):
    return OURS + f"{SECRET},{text}\n".encode()


def broken_parquet():
    return b"PAR1" + b"\x00" * 40 + b"PAR1"


def bomb():
    """A small Parquet file of very many rows."""
    stream = io.BytesIO()
    column = pa.DictionaryArray.from_arrays(pa.array([0] * 2_000_000, pa.int8()), pa.array(["a"]))
    names = ["member_id", "service_date", "drug_class", "gross_cost"]
    table = pa.table([column] * 4, names=names)
    with parquet.ParquetWriter(stream, table.schema) as writer:
        for _ in range(11):
            writer.write_table(table)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("empty.csv", b"", "Claims: allowed is a CSV or Parquet file of claims; given was empty"),
        ("head.csv", OURS, "a file with rows below its first line; given was none"),
        ("few.csv", one("2026-01-02,applicable,5.00"), "at least 11 members with claims"),
        ("junk.csv", b"\x00\x01\xff" * 5000, "junk.csv, which is binary"),
        ("latin.csv", OURS + "Jos\xe9,2026-01-02,applicable,5\n".encode("latin-1"), "UTF-8"),
        ("cut.parquet", b"PAR1" + b"x" * 100, "a Parquet file that is cut off"),
        ("bad.parquet", broken_parquet(), "damaged or not what its name says"),
        ("text.parquet", OURS, "which is not Parquet inside"),
        ("inside.csv", b"PAR1" + b"x" * 100 + b"PAR1", "name it .parquet"),
        ("no_head.csv", f"{SECRET},2026-01-02,applicable,5\n".encode() * 20, "Claims, line 1"),
        ("twice.csv", f"{SECRET},{SECRET},applicable,5\n".encode() * 20, "none of these names"),
        ("wide.csv", b"member_id" + b"," * 100_000, "at most 500 in 64,000 bytes"),
        ("commas.csv", b"member_id" + b"," * 600, "given was 601 columns"),
        ("line.csv", OURS + b"a" * 2_000_000, "damaged or not what its name says"),
        ("columns.csv", b"member_id,drug_class\nx,applicable\n", "a file with the column service"),
        ("=1+1.csv", b"", "=1+1.csv, which is empty"),
        ("../../etc/passwd.csv", b"", "given was passwd.csv"),
    ],
    ids=lambda value: value if isinstance(value, str) and value.count(".") == 1 else "",
)
def test_a_wrong_file_is_said_beside_the_upload(opened, scratch, name, content, sentence):
    page = given(opened("claims"), name, content)
    assert sentence in page.complaint
    assert SECRET not in page.complaint.upper()
    assert "scratch" not in page.complaint
    assert page.said.startswith("Your own claims can replace")
    assert list(scratch.iterdir()) == []


def test_the_last_good_result_stays_beside_an_error(opened, ours):
    page = given(opened("claims"), "ours.csv", ours)
    good = page.said
    page = given(page, "junk.csv", b"\x00" * 500)
    assert "junk.csv, which is binary" in page.complaint
    assert page.said == good
    assert any("The results are those of ours.csv." in text for text in page.texts)
    # Another file is another matter.
    page = given(page, "ours.csv", ours)
    assert page.calm


def test_cells_that_a_spreadsheet_would_run_are_only_text(opened):
    rows = "\n".join(
        f"=cmd|'/c calc'!A{n},2026-05-01,applicable,=1+1\n@{n},2026-05-01,applicable,=2"
        for n in range(20)
    )
    page = given(opened("claims"), "formula.csv", OURS + rows.encode())
    assert "40 rows, none of which can be used: unreadable gross_cost, first in line 2" in (
        page.complaint
    )
    assert "cmd" not in everything(page)[0]


def test_too_many_rows(opened):
    page = given(opened("claims"), "bomb.parquet", bomb())
    assert "a file of up to 20,000,000 rows; given was 22,000,000" in page.complaint


def test_what_the_field_let_through_is_held_to_its_size(tmp_path, monkeypatch):
    monkeypatch.setattr(claims_read, "MEGABYTES", 1)
    large = io.BytesIO(b"x" * 2_000_000)
    large.name, large.size = "big.csv", 2_000_000
    scenario = load_scenario("pdp_regional")
    asked = claims_read.Given(large, None, None, None, None, None, scenario)
    with pytest.raises(InputError, match="up to 1 MB; balance profile takes larger ones"):
        claims_read._written(asked, tmp_path)
    assert list(tmp_path.glob("*.csv")) == []


def test_a_year_without_claims_and_a_year_that_cannot_be_settled(opened, ours):
    page = opened("claims")
    page.at.selectbox(key="claims:year").select("2029").run()
    page = given(page, "ours.csv", ours)
    assert "Plan year: allowed is a year of these claims; given was 2029, and" in page.complaint
    page.at.selectbox(key="claims:year").select(claims_upload.ANY_YEAR).run()
    page = given(page, "old.csv", ours.replace(b",2026-", b",2024-"))
    assert "Plan year: allowed is a year from 2025 to 2031; given was 2024" in page.complaint
    page.at.selectbox(key="claims:year").select("2026").run()
    page = given(page, "ours.csv", ours)
    assert page.calm


def test_a_layout_that_does_not_fit(opened, ours):
    page = opened("claims")
    page.at.selectbox(key="claims:layout").select("pde").run()
    page = given(page, "ours.csv", ours)
    assert "Claims, line 1: allowed is column names, such as" in page.complaint
    assert "bene" in page.complaint
    page.at.selectbox(key="claims:layout").select("own").run()
    page = given(page, "theirs.csv", pde().replace(b"|", b","))
    assert "Claims, line 1" in page.complaint
    assert SECRET not in page.complaint


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"S1,2026-01-01,2026-12-31\n", "Claims, line 1"),
        (b"member_id,start,end\nS000000001,soon,\n", "line 2"),
        (b"member_id,end\nx,2026-01-01\n", "the columns member_id, start"),
        (b"", "members.csv, which is empty"),
    ],
)
def test_a_wrong_enrollment_file(opened, ours, content, sentence):
    page = opened("claims")
    upload(page, "members.csv", content, which=1)
    page = given(page, "ours.csv", ours)
    assert sentence in page.complaint
    assert "S1" not in page.complaint
    assert "S000000001" not in page.complaint


def test_a_wrong_field_of_the_sidebar_leaves_the_claims_in_sight(opened, ours):
    page = given(opened("claims"), "ours.csv", ours)
    good = page.said
    page.change("plan.members", "many")
    assert page.said == good
    assert "plan.members" in page.complaint
    assert "last valid inputs" in page.aside


# -------------------------------------------------------------------------------------- measuring


@contextlib.contextmanager
def quiet(_):
    yield


def measured(path, tmp_path, **more):
    register = load_scenario("pdp_regional").register()
    with duckdb("1GB", temp=tmp_path) as running:
        return measuring.measure(running, path, register, stage=quiet, **more)


def test_claims_of_two_years_are_settled_for_the_one_with_the_most(tmp_path):
    rows = [f"M{n},2026-{1 + n % 12:02d}-03,applicable,90.00" for n in range(60)]
    rows += [f"M{n},2025-06-03,applicable,70.00" for n in range(30)]
    path = tmp_path / "two.csv"
    path.write_bytes(OURS + "\n".join(rows).encode())
    found = measured(path, tmp_path)
    assert found.year == 2026
    assert found.summary["payers"]["gross"] == pytest.approx(5400.0)
    assert found.summary["reasons"] == {"service_date outside 2026": 30}
    assert measured(path, tmp_path, year=2025).summary["payers"]["gross"] == pytest.approx(2100.0)


def test_claims_laid_over_others_leave_nothing_of_the_first(folder, tmp_path):
    """A scenario cites one file of claims."""
    plan = load_scenario("pdp_regional")
    synthesize(makeup(2026), 700, 9, tmp_path / "second.csv")
    first = measured(folder / "ours.csv", tmp_path)
    (folder / "rejects.csv").unlink()
    second = measured(tmp_path / "second.csv", tmp_path)
    once = measuring.laid_over(measuring.written(first, plan, persistence=True), plan)
    no_products = replace(second, profile=replace(second.profile, users={}, persistence=None))
    twice = measuring.laid_over(measuring.written(no_products, once, persistence=False), once)
    assert twice.observed is not None
    assert second.sha256 in twice.observed.source
    assert first.sha256 not in json.dumps(twice.plain()["assumptions"])
    assert packed.unpacked(packed.packed(twice)) == twice
    decide(twice)


def test_an_unknown_head_is_refused_without_its_cells(tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes(f"{SECRET};2026-01-01\n".encode())
    with pytest.raises(InputError, match="line 1: allowed is column names") as caught:
        measured(path, tmp_path)
    assert SECRET not in str(caught.value)
    assert re.search("2 cells and none", str(caught.value))


def test_a_row_of_the_second_opinion_is_one_of_ours():
    # The fixture of amounts rests on these names.
    assert set(COLUMNS) >= {"member_id", "gross_cost"}
    assert Row("a", date(2026, 1, 1), "applicable", Decimal(5)).texts()[0] == "a"
