"""What a cell means, and where each row of a file goes."""

from __future__ import annotations

import hashlib

import pytest

from calculator.claims import engine, reading
from calculator.claims.layouts import shipped_layouts
from calculator.errors import InputError

HEADER = "member_id,service_date,drug_class,gross_cost,sequence,copay"


@pytest.fixture(scope="module")
def duck():
    with engine.duckdb(threads=1) as running:
        yield running


def read(duck, folder, text, name="claims.csv", **options):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return reading.read(duck, path, **options)


def table(claims):
    return claims.table.order_by("line").to_pandas()


def test_money_is_a_whole_number_of_ten_thousandths(duck, tmp_path):
    lines = [f"A,2027-01-0{day},applicable,{cost}" for day, cost in enumerate(AMOUNTS, 1)]
    claims = read(duck, tmp_path, "\n".join([HEADER[:45], *lines]))
    assert table(claims).gross.tolist() == list(AMOUNTS.values())


AMOUNTS = {"0.01": 100, "1234.5678": 12_345_678, "9999999.99": 99_999_999_900, "0": 0, "7": 70_000}


def test_every_row_is_accepted_rejected_or_set_aside(duck, tmp_path):
    text = f"""{HEADER}
A,2027-01-05,applicable,500.00,1,
A,2027-01-05,applicable,500.00,1,

A,2027-01-06,applicable,-500.00,2,
C,2027-02-04,applicable,100.00,1,
C,2027-02-04,applicable,-100.00,2,
D,2026-02-04,applicable,100.00,1,
"""
    claims = read(duck, tmp_path, text, year=2027)
    assert claims.count == 1
    assert claims.rejects.counts == {
        "duplicate": 1,
        "reversal without its original": 1,
        "service_date outside 2027": 1,
    }
    assert claims.set_aside == {"reversals with their originals": 2}
    assert claims.rows == 6
    assert table(claims)["member_id"].tolist() == ["A"]


def test_the_hash_is_the_files_own(duck, tmp_path):
    claims = read(duck, tmp_path, f"{HEADER}\nA,2027-01-05,applicable,500.00,1,\n")
    content = (tmp_path / "claims.csv").read_bytes()
    assert claims.sha256 == hashlib.sha256(content).hexdigest()


def test_what_a_missing_optional_column_means(duck, tmp_path):
    text = "member_id,service_date,drug_class,gross_cost\nA,2027-01-05,selected,274\n"
    row = table(read(duck, tmp_path, text)).iloc[0]
    assert (row.lis, row.fill_kind, row.manufacturer) == ("none", "standard", "standard")
    assert row[["sequence", "copay", "brand", "days_supply", "product"]].isna().all()
    assert tuple(table(read(duck, tmp_path, text)).columns) == reading.COLUMNS


@pytest.mark.parametrize(
    ("form", "text", "day"),
    [
        ("iso", "2027-03-01", "2027-03-01"),
        ("iso", "2027-03-01 00:00:00", "2027-03-01"),
        ("day_month_name", "01-Mar-2027", "2027-03-01"),
        ("day_month_name", "01-MAR-2027", "2027-03-01"),
        ("compact", "20270301", "2027-03-01"),
        ("us", "03/01/2027", "2027-03-01"),
        ("us", "2027-03-01", None),
        ("iso", "2027-3-1", None),
        ("iso", "2027-02-29", None),
        ("day_month_name", "01-Mrz-2027", None),
    ],
)
def test_a_date_is_read_in_the_layouts_form_only(duck, tmp_path, form, text, day):
    layout = shipped_layouts()["own"].model_copy(update={"dates": (form,)})
    cells = f"member_id,service_date,drug_class,gross_cost\nA,{text},selected,274\n"
    claims = read(duck, tmp_path, cells, layout=layout)
    days = table(claims).service_date.astype(str).tolist()
    assert days == ([day] if day else [])
    assert claims.rejects.total == (0 if day else 1)


def test_an_update_alone_is_the_claim_and_a_deletion_alone_a_reject(duck, tmp_path):
    text = """PDE_ID|BENE_ID|SRVC_DT|TOT_RX_CST_AMT|BRND_GNRC_CD|DML_IND
1|A|01-Mar-2027|100|B|UPDATE
2|A|02-Mar-2027|100|B|DELETE
3|A|03-Mar-2027|100|B|INSERT
3|A|03-Mar-2027|100|B|INSERT
4|A|04-Mar-2027|100|B|INSERT
4|A|04-Mar-2027|110|B|UPDATE
4|A|04-Mar-2027|120|B|UPDATE
"""
    claims = read(duck, tmp_path, text)
    assert table(claims).gross.tolist() == [1_000_000, 1_000_000, 1_200_000]
    assert claims.rejects.counts == {"deletion without its original": 1, "duplicate": 1}
    assert claims.set_aside == {"replaced or deleted by a later row": 2}


def test_drugs_outside_part_d_are_rejected(duck, tmp_path):
    text = """BENE_ID|SRVC_DT|TOT_RX_CST_AMT|BRND_GNRC_CD|DRUG_CVRG_STUS_CD
A|01-Mar-2027|100|B|C
A|02-Mar-2027|100|B|E
A|03-Mar-2027|100|B|
"""
    claims = read(duck, tmp_path, text)
    assert claims.count == 2
    assert claims.rejects.counts == {"not covered under Part D": 1}


def test_a_table_of_codes_gives_class_and_product(duck, tmp_path):
    (tmp_path / "codes.csv").write_text("code,drug_class,product\n111,selected,ozempic\n")
    (tmp_path / "mine.yaml").write_text(
        "label: mine\ncolumns: {member_id: m, service_date: d, gross_cost: g}\n"
        "codes: {column: ndc, file: codes.csv}\n"
    )
    text = "m,d,g,ndc\nA,2027-01-05,274,111\nA,2027-01-06,5,999\n"
    claims = read(duck, tmp_path, text, layout=str(tmp_path / "mine.yaml"))
    row = table(claims).iloc[0]
    assert (row.drug_class, row["product"]) == ("selected", "ozempic")
    assert claims.rejects.counts == {"no drug_class": 1}


def test_a_code_twice_would_double_claims_and_is_refused(duck, tmp_path):
    (tmp_path / "codes.csv").write_text("code,drug_class\n111,selected\n111,applicable\n")
    (tmp_path / "mine.yaml").write_text(
        "label: mine\ncolumns: {member_id: m, service_date: d, gross_cost: g}\n"
        "codes: {column: ndc, file: codes.csv}\n"
    )
    with pytest.raises(InputError, match=r"codes\.file: allowed is every code once"):
        read(
            duck, tmp_path, "m,d,g,ndc\nA,2027-01-05,274,111\n", layout=str(tmp_path / "mine.yaml")
        )


def test_nothing_is_left_in_the_temporary_folder(tmp_path):
    with engine.duckdb(temp=tmp_path) as running:
        assert len(list(tmp_path.iterdir())) == 1
        claims = tmp_path / "claims.csv"
        claims.write_text(f"{HEADER}\nA,2027-01-05,applicable,500.00,1,\n")
        assert reading.read(running, claims).count == 1
    assert list(tmp_path.iterdir()) == [claims]
