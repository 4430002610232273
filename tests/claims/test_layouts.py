"""Files in other layouts than the project's own adjudicate like the same claims in its columns."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from tests.claims.claims_adjudicator import Row
from tests.claims.command import Ran, adjudicated, balance, read_members, write_claims

# CMS's research file of prescription drug events, a day and a month's name in its dates.
PDE = """\
DML_IND|PDE_ID|BENE_ID|SRVC_DT|PROD_SRVC_ID|DAYS_SUPLY_NUM|CTSTRPHC_CVRG_CD|GDC_BLW_OOPT_AMT|\
GDC_ABV_OOPT_AMT|PTNT_PAY_AMT|LICS_AMT|TOT_RX_CST_AMT|BRND_GNRC_CD
INSERT|1001|-SECRET-1|01-Mar-2026|00002143380|30||700.00|0.00|636.25|0.00|700.00|B
INSERT|1002|-SECRET-1|15-Apr-2026|00093505698|90||40.00|0.00|10.00|0.00|40.00|G
INSERT|1003|-SECRET-1|02-May-2026|00002143380|30|A|5815.00|3000.00|1453.75|0.00|8815.00|B
INSERT|1004|-SECRET-1|31-Dec-2026|00002143380|30|C|0.00|1000.00|0.00|0.00|1000.00|B
INSERT|1005|-SECRET-2|28-Feb-2026|00002143380|30||100.00|0.00|12.65|87.35|100.00|B
INSERT|1006|-SECRET-2|01-Mar-2026|00093505698|30||800.00|0.00|5.10|572.40|800.00|G
INSERT|1007|-SECRET-3|10-Jan-2026|00002143380|30||111.11|0.00|111.11|0.00|111.11|B
"""
SAME_AS_PDE = [
    ("-SECRET-1", date(2026, 3, 1), "applicable", "700.00", "none"),
    ("-SECRET-1", date(2026, 4, 15), "non_applicable", "40.00", "none"),
    ("-SECRET-1", date(2026, 5, 2), "applicable", "8815.00", "none"),
    ("-SECRET-1", date(2026, 12, 31), "applicable", "1000.00", "none"),
    ("-SECRET-2", date(2026, 2, 28), "applicable", "100.00", "full_other"),
    ("-SECRET-2", date(2026, 3, 1), "non_applicable", "800.00", "full_other"),
    ("-SECRET-3", date(2026, 1, 10), "applicable", "111.11", "none"),
]
# Tuva's input layer, pharmacy_claim; it names no class of drug.
TUVA = """\
claim_id,claim_line_number,person_id,member_id,payer,plan,prescribing_provider_npi,\
dispensing_provider_npi,dispensing_date,ndc_code,quantity,days_supply,refills,paid_date,\
paid_amount,allowed_amount,charge_amount,coinsurance_amount,copayment_amount,deductible_amount,\
in_network_flag,data_source
C1,1,p1,SECRET-1,medicare,pdp,1,2,2026-01-05,00002143380,4,28,0,2026-01-09,0,600.00,900.00,0,0,600.00,1,x
C2,1,p1,SECRET-1,medicare,pdp,1,2,2026-03-05,00002143380,4,28,0,2026-03-09,0,900.50,900.50,0,0,0,1,x
C3,1,p2,SECRET-2,medicare,pdp,1,2,2026-02-01,00002143380,4,28,0,2026-02-03,0,9000,9000,0,0,0,1,x
"""
SAME_AS_TUVA = [
    ("SECRET-1", date(2026, 1, 5), "applicable", "600.00", "none"),
    ("SECRET-1", date(2026, 3, 5), "applicable", "900.50", "none"),
    ("SECRET-2", date(2026, 2, 1), "applicable", "9000", "none"),
]


def own(folder, claims, year=2026):
    """What comes out of the same claims in the project's columns."""
    rows = [
        Row(member, day, drug_class, Decimal(cost), lis=lis, brand=drug_class != "non_applicable")
        for member, day, drug_class, cost, lis in claims
    ]
    return adjudicated(write_claims(folder / "own.csv", rows), year)


def test_prescription_drug_events_adjudicate_like_the_same_claims(tmp_path):
    (tmp_path / "pde.csv").write_text(PDE)
    assert adjudicated(tmp_path / "pde.csv", 2026) == own(tmp_path, SAME_AS_PDE)


def test_an_event_that_was_updated_counts_as_updated_and_a_deleted_one_does_not(tmp_path):
    changes = (
        "UPDATE|1002|-SECRET-1|15-Apr-2026|00093505698|90||60.00|0.00|15.00|0.00|60.00|G\n"
        "DELETE|1004|-SECRET-1|31-Dec-2026|00002143380|30|C|0.00|1000.00|0.00|0.00|1000.00|B\n"
        "DELETE|1007|-SECRET-3|10-Jan-2026|00002143380|30||111.11|0.00|111.11|0.00|111.11|B\n"
    )
    (tmp_path / "pde.csv").write_text(PDE + changes)
    out = tmp_path / "members.csv"
    ran = balance("adjudicate", tmp_path / "pde.csv", "--year", 2026, "--out", out)
    assert ran == Ran(0)
    kept = [
        (*claim[:3], "60.00", claim[4]) if claim[3] == "40.00" else claim
        for claim in SAME_AS_PDE
        if claim[3] not in ("1000.00", "111.11")
    ]
    assert read_members(out) == own(tmp_path, kept)


def test_a_pharmacy_claim_table_of_tuva_adjudicates_like_the_same_claims(tmp_path):
    (tmp_path / "tuva.csv").write_text(TUVA)
    assert adjudicated(tmp_path / "tuva.csv", 2026) == own(tmp_path, SAME_AS_TUVA)


# A third layout: a state's own, with its words, its dates and a table of drug codes.
MAPPING = """\
label: A state's own pharmacy claims
delimiter: ";"
dates: [us]
columns:
  member_id: recipient
  service_date: filled
  gross_cost: {sum: [ingredient, dispensing]}
  drug_class: {column: kind, values: {BR: applicable, SEL: selected, GEN: non_applicable}}
  lis: {column: subsidy, values: {Y: full_low}, otherwise: none}
  brand: {column: kind, values: {BR: "true", SEL: "true", GEN: "false"}}
"""
MAPPED = """\
recipient;filled;ingredient;dispensing;kind;subsidy
SECRET-1;03/01/2026;695.00;5.00;BR;
SECRET-1;12/31/2026;38.50;1.50;GEN;
SECRET-2;02/28/2026;99.00;1.00;SEL;Y
SECRET-2;03/04/2026;5000.00;0;GEN;Y
"""
SAME_AS_MAPPED = [
    ("SECRET-1", date(2026, 3, 1), "applicable", "700.00", "none"),
    ("SECRET-1", date(2026, 12, 31), "non_applicable", "40.00", "none"),
    ("SECRET-2", date(2026, 2, 28), "selected", "100.00", "full_low"),
    ("SECRET-2", date(2026, 3, 4), "non_applicable", "5000.00", "full_low"),
]


def test_a_mapping_file_adds_a_layout(tmp_path):
    (tmp_path / "state.yaml").write_text(MAPPING)
    (tmp_path / "state.csv").write_text(MAPPED)
    got = adjudicated(tmp_path / "state.csv", 2026, "--layout", tmp_path / "state.yaml")
    assert got == own(tmp_path, SAME_AS_MAPPED)


@pytest.mark.parametrize(
    ("right", "wrong", "named"),
    [
        ("member_id: recipient", "member_id: nobody", "nobody"),
        ("service_date: filled", "service_day: filled", "service_day"),
        ("gross_cost: {sum: [ingredient, dispensing]}", "gross_cost: {add: [ingredient]}", "add"),
        ("dates: [us]", "dates: [mayan]", "dates"),
        ("columns:", "columns", "state.yaml"),
        ("label: A state's own pharmacy claims", "label: [", "state.yaml"),
    ],
)
def test_a_mapping_file_with_a_slip_is_refused_in_one_line(tmp_path, capfd, right, wrong, named):
    assert right in MAPPING
    (tmp_path / "state.yaml").write_text(MAPPING.replace(right, wrong))
    (tmp_path / "state.csv").write_text(MAPPED)
    command = ("adjudicate", tmp_path / "state.csv", "--year", 2026)
    ran = balance(*command, "--layout", tmp_path / "state.yaml", capfd=capfd)
    assert ran.code == 2, ran.said
    assert len(ran.err.splitlines()) == 1, ran.err
    assert named in ran.err
    assert "a bug" not in ran.err


@pytest.mark.parametrize("layout", ["nowhere.yaml", "oracle", ""])
def test_a_layout_nobody_knows_is_refused_in_one_line(tmp_path, capfd, layout):
    (tmp_path / "state.csv").write_text(MAPPED)
    command = ("adjudicate", tmp_path / "state.csv", "--year", 2026, "--layout", layout)
    ran = balance(*command, capfd=capfd)
    assert ran.code == 2, ran.said
    assert len(ran.err.splitlines()) == 1
