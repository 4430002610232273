"""A plan's own figures out of its claims: the generator's parameters come back."""

import json
import re

import numpy as np
import pyarrow as pa
import pytest
import yaml
from pyarrow import parquet

from calculator import load_scenario
from calculator.claims import engine, reading
from calculator.claims.estimate import share
from calculator.claims.profile import profile
from calculator.claims.profile_scenario import own_scenario, text
from calculator.claims.synthetic import _glp1_claims, makeup, survival_months
from tests.claims.command import balance

MEMBERS = 40_000


def profiled(capfd_or_none, *arguments):
    ran = balance("profile", *arguments, "--json", capfd=capfd_or_none)
    assert ran.code == 0, ran.err
    return json.loads(ran.out)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Claims and members of a made-up plan."""
    folder = tmp_path_factory.mktemp("claims")
    claims, members = folder / "claims.parquet", folder / "members.csv"
    ran = balance(
        "synthesize", "--members", MEMBERS, "--year", 2026, "--seed", 11, "--out", claims,
        "--enrollment", members,
    )  # fmt: skip
    assert ran.code == 0
    return claims, members, folder


def by_what(said):
    return {line["what"]: line for line in said["lines"]}


def inside(line, truth, room=0.0):
    """Whether the truth lies in a line's band, widened by `room` of the truth."""
    return line["low"] - room * truth <= truth <= line["high"] + room * truth


def test_profile_recovers_the_generator(files, capfd):
    claims, members, folder = files
    made = makeup(2026)
    said = profiled(capfd, claims, "--enrollment", members, "--out", folder / "own.yaml")
    lines = by_what(said)
    assert said["claims"]["rejected"] == 0
    assert lines["Members"]["value"] == MEMBERS
    assert lines["Members with low-income subsidy"]["value"] == pytest.approx(0.25, abs=0.01)
    for product, truth in zip(made.covered.products, made.covered.shares, strict=True):
        line = lines[f"Members who use {product.capitalize()} today"]
        assert inside(line, truth, room=0.03)
        assert line["n"] == MEMBERS
    assert lines["Monthly supplies an existing user fills"]["value"] == pytest.approx(
        0.55, rel=0.05
    )
    ratio = lines["Baseline spending of GLP-1 users against all members"]
    assert inside(ratio, 1.2, room=0.05)
    assert lines["Average negotiated price of a Part D claim"]["value"] == pytest.approx(
        153, rel=0.1
    )
    assert lines["Ozempic, gross price"]["value"] == pytest.approx(made.covered.gross[0])
    scenario = load_scenario(folder / "own.yaml")
    for group, mean in zip(
        (scenario.spending.non_lis, scenario.spending.lis), made.mean, strict=True
    ):
        assert len(group.points) == 60
        assert group.zero_share == pytest.approx(0.08, abs=0.01)
        assert np.mean(group.points) == pytest.approx(mean, rel=0.12)
        floor, rise, half = made.brand
        middle = group.points[40]
        brand = floor + rise * middle / (middle + half)
        assert group.applicable[40] == pytest.approx(brand, abs=0.02)
    curve = {
        int(match[1]): line
        for what, line in lines.items()
        if (match := re.fullmatch(r"Still on therapy at (\d+) months", what))
    }
    assert max(curve) >= 6
    for month, line in curve.items():
        truth = float(survival_months(made.covered, np.array([month]))[0])
        # A 95% band misses one time in twenty, and months move together; 1.7 of it is 99.9%.
        assert abs(line["value"] - truth) <= 1.7 * (line["high"] - line["low"]) / 2, month
        assert line["use"] == "in the report only"
        assert line["n"] >= 11


def test_the_curve_has_no_bias(tmp_path):
    """Many users' fills, written as claims, give back the curve they were drawn from."""
    made = makeup(2026)
    count = 60_000
    fills = _glp1_claims(made, made.covered, np.random.default_rng(4), np.arange(count), 0)
    begin = np.datetime64("2026-01-01")
    table = pa.table(
        {
            "member_id": [f"P{member}" for member in fills["member"]],
            "service_date": pa.array(begin + fills["day"]),
            "drug_class": ["applicable"] * len(fills["day"]),
            "gross_cost": fills["cents"] / 100,
            "days_supply": fills["days_supply"],
            "product": ["ozempic"] * len(fills["day"]),
            "sequence": np.arange(len(fills["day"])),
        }
    )
    parquet.write_table(table, tmp_path / "fills.parquet")
    with engine.duckdb() as running:
        found = profile(reading.read(running, tmp_path / "fills.parquet")).persistence
    for month, point in found.share.items():
        truth = float(survival_months(made.covered, np.array([month]))[0])
        # Four standard errors, and a day's worth of rounding.
        room = 4 * (point.high - point.low) / 3.92 + 0.003
        assert abs(point.value - truth) <= room, month
    assert max(found.share) >= 6
    assert found.starters > 10_000


def test_the_mean_of_spending_is_kept_and_persistence_is_written_when_asked_for(files, capfd):
    claims, members, folder = files
    profiled(capfd, claims, "--enrollment", members, "--out", folder / "mean.json", "--persistence")
    import duckdb

    spent, lis_spent = duckdb.sql(
        "select sum(gross_cost) filter (lis = 'none'), sum(gross_cost) filter (lis <> 'none') "
        f"from '{claims}' where product is null"
    ).fetchall()[0]
    scenario = load_scenario(folder / "mean.json")
    lis = scenario.plan.lis_share
    for group, part, total in (
        (scenario.spending.non_lis, 1 - lis, spent),
        (scenario.spending.lis, lis, lis_spent),
    ):
        own = np.mean(group.points) * (1 - group.zero_share) * part * MEMBERS
        # Rounded to cents, to six digits of a share and to whole members.
        assert own == pytest.approx(float(total), rel=1e-3)
    assert list(scenario.therapy.persistence_points)[:3] == [1, 2, 3]
    assert "therapy.persistence_points" in scenario.observed.paths


def test_synthesize_profile_decide(files, capfd):
    claims, members, folder = files
    out = folder / "decided.yaml"
    ran = balance("profile", claims, "--enrollment", members, "--out", out, capfd=capfd)
    assert ran.code == 0
    assert "In the scenario" in ran.out
    assert not re.search(r"S\d{9}", ran.out + out.read_text())
    ran = balance("decide", out, "--json", capfd=capfd)
    assert ran.code == 0, ran.err
    decision = json.loads(ran.out)
    assert decision["value"]["total"] != 0
    kinds = {note["sentence"]: note["kind"] for note in decision["rests_on"]}
    assert kinds["Members (plan.members)"] == "observed"
    assert kinds["Own spending of members (spending)"] == "observed"
    own = "Members who use Ozempic today (assumptions.drugs.ozempic_users_share)"
    assert kinds[own] == "observed"
    assert "changed" not in kinds.values()
    assert not re.search(r"S\d{9}", ran.out)
    source = yaml.safe_load(out.read_text())["observed"]["source"]
    assert re.fullmatch(r"claims sha256:[0-9a-f]{64}", source)
    entry = load_scenario(out).register().entries["plan.members"]
    assert {(dated.status, dated.source) for dated in entry.values.values()} == {
        ("observed", source)
    }


def test_fills_of_the_model_are_evidence_for_it(tmp_path, capfd):
    claims = tmp_path / "claims.parquet"
    balance(
        "synthesize", "--members", 30_000, "--year", 2026, "--seed", 5, "--out", claims,
        "--model-fills",
    )  # fmt: skip
    out = tmp_path / "own.yaml"
    said = profiled(capfd, claims, "--members", 30_000, "--out", out)
    line = by_what(said)["Still on therapy at 3 months"]
    truth = float(survival_months(makeup(2026).covered, np.array([3.0]))[0])
    assert line["use"] == "in the scenario"
    assert inside(line, truth, room=0.02)
    assert load_scenario(out).therapy.persistence_points[3] == pytest.approx(
        line["value"], abs=1e-4
    )


HEADER = "member_id,service_date,drug_class,gross_cost,lis,product,days_supply\n"


def written(path, people, lis=0, glp1=0, product=True):
    """A file of people with a claim in January and one in December each, some 3,000 USD in all."""
    rows = [HEADER if product else HEADER.replace(",product", "")]
    for person in range(people):
        level = "full_low" if person < lis else "none"
        name = ("ozempic" if person < glp1 else "") + "," if product else ""
        for day, usd in (("2026-01-05", 1000 + person), ("2026-12-05", 2000)):
            rows.append(f"P{person},{day},applicable,{usd},{level},{name}30\n")
    path.write_text("".join(rows), encoding="utf-8")
    return path


def test_nothing_rests_on_fewer_than_eleven_people(tmp_path, capfd):
    claims = written(tmp_path / "small.csv", people=40, lis=5, glp1=5)
    out = tmp_path / "own.yaml"
    lines = by_what(profiled(capfd, claims, "--members", 45, "--out", out))
    scenario = load_scenario(out)
    # 35 spenders besides GLP-1 make three slices; five low-income members are too few for any.
    assert len(scenario.spending.non_lis.points) == 3
    assert scenario.plan.lis_share == 0
    assert "all members' slices" in lines[
        "Low-income members: spending, without GLP-1 drugs of covered uses"
    ]["note"]  # fmt: skip
    assert lines["Members who use Ozempic today"]["value"] == 0
    # All but ten of 45 spend: ten is too few to be told.
    assert scenario.spending.non_lis.zero_share == 0
    assert balance("decide", out).code == 0


def test_a_share_hides_small_counts_on_either_side():
    assert share(10, 1000).value == 0
    assert share(11, 1000).value == 0.01
    assert share(995, 1000).value == 1
    assert share(0, 1000).value == 0
    assert share(11, 1000).low < 0.011 < share(11, 1000).high


def test_a_share_and_its_base_give_no_exact_count():
    """22 of 36 would be the only share of 0.611111 with a base from 30 to 39."""
    for count, total in ((22, 36), (25, 103), (40, 105), (117, 240)):
        told = share(count, total)
        assert told.n == total // 10 * 10
        fits = {
            (part, whole)
            for whole in range(max(told.n, 11), told.n + 10)
            for part in range(11, whole - 10)
            if share(part, whole) == told
        }
        assert len({part for part, _ in fits}) > 4
        assert len({whole for _, whole in fits}) > 4


def profile_of(tmp_path, rows, columns, **more):
    """The profile of rows of a made-up file."""
    path = tmp_path / "claims.csv"
    lines = [
        ",".join(columns),
        *(",".join(str(row.get(name, "")) for name in columns) for row in rows),
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with engine.duckdb("1GB", temp=tmp_path) as running:
        return profile(reading.read(running, path), **more)


COLUMNS = (
    "member_id", "service_date", "drug_class", "gross_cost", "lis", "product", "days_supply",
    "brand", "fill_kind", "sequence",
)  # fmt: skip


def claim(member, day="2026-01-05", usd=100, **more):
    return {
        "member_id": f"P{member}", "service_date": day, "drug_class": "applicable",
        "gross_cost": usd, "lis": "none", "days_supply": 30, "fill_kind": "standard", **more,
    }  # fmt: skip


def year_of(members, lis=()):
    return [
        claim(member, day, 100 + member, lis="full_low" if member in lis else "none")
        for member in members
        for day in ("2026-01-05", "2026-12-05")
    ]


def test_no_exact_count_stands_beside_a_figure(tmp_path):
    """25 use Ozempic and 20 Mounjaro, 42 either: 3 use both. 60 of 63 spenders have no subsidy."""
    rows = year_of(range(63), lis=range(60, 63))
    rows += [claim(n, "2026-06-01", 900, product="ozempic") for n in range(25)]
    rows += [claim(n, "2026-06-02", 1000, product="mounjaro") for n in range(22, 42)]
    found = profile_of(tmp_path, rows, COLUMNS, members=103)
    shown = own_scenario(found, "ab" * 32, "own", "pdp_regional")
    counts = {line.n for line in shown.lines if line.n is not None}
    assert counts <= {11, 20, 40, 60, 100}
    # The users are told to the next ten, of a base to the next ten.
    assert found.users["ozempic"].value == pytest.approx(0.3)
    assert found.users["mounjaro"].value == pytest.approx(0.2)
    assert found.covered_days.n == 40
    said = text(shown)
    assert "n at least 40" in said
    assert not re.search(r"n = |\b(42|63|45)\b", said)


def test_slices_of_the_others_do_not_give_away_a_few(tmp_path):
    """15 with the subsidy, 4 of them spend besides their GLP-1 drug: all less the others."""
    rows = year_of(range(50), lis=range(4))
    rows += [
        claim(n, "2026-06-01", 900, product="ozempic", lis="full_low")
        for n in (*range(4), *range(60, 71))
    ]
    found = profile_of(tmp_path, rows, COLUMNS)
    others, lis = found.groups
    assert others.pooled
    assert lis.pooled
    assert list(others.points) == list(lis.points)


def test_claims_figures_rest_on_who_has_claims(tmp_path):
    """15 have Bridge fills only, 5 have claims of Part D."""
    rows = [claim(n, "2026-03-01", 245, fill_kind="bridge") for n in range(15)]
    rows += [claim(n, "2026-03-01", 200, brand="false") for n in range(20, 25)]
    found = profile_of(tmp_path, rows, COLUMNS)
    assert found.gross_per_claim is None
    assert found.brand_claims is None


@pytest.mark.parametrize(("bridge", "told"), [(0, True), (3, False), (12, True)])
def test_the_price_of_a_claim_does_not_count_bridge_fills_of_a_few(tmp_path, bridge, told):
    rows = year_of(range(40)) + [
        claim(n, "2026-03-01", 245, fill_kind="bridge") for n in range(bridge)
    ]
    found = profile_of(tmp_path, rows, COLUMNS)
    assert (found.gross_per_claim is not None) is told


def test_days_covered_are_those_of_who_fills(tmp_path, recwarn):
    """97 of 100 fill: they count as all, and the three have no days to be covered."""
    rows = year_of(range(100))
    rows += [claim(n, "2026-06-01", 900, product="ozempic") for n in range(97)]
    found = profile_of(tmp_path, rows, COLUMNS)
    assert found.users["ozempic"].value == 1.0
    assert found.covered_days.value == pytest.approx(30 / 214)
    assert found.covered_days.n == 90
    assert not [one for one in recwarn if issubclass(one.category, RuntimeWarning)]


def test_member_years_do_not_tell_of_a_few_without_claims(tmp_path):
    stays = tmp_path / "members.csv"
    stays.write_text(
        "member_id,start,end\n" + "".join(f"P{n},2026-01-01,\n" for n in range(105)),
        encoding="utf-8",
    )
    found = profile_of(tmp_path, year_of(range(103)), COLUMNS, enrollment=stays)
    assert found.members == 110


def test_without_products_glp1_drugs_stay_in_spending(tmp_path, capfd):
    claims = written(tmp_path / "plain.csv", people=60, product=False)
    out = tmp_path / "own.yaml"
    said = profiled(capfd, claims, "--out", out, "--extends", "mapd")
    scenario = load_scenario(out)
    assert scenario.spending.glp1 == "included"
    assert scenario.plan.spend_ratio == 1
    assert by_what(said)["GLP-1 users today"]["use"] == "left as it was"
    assert "drugs" not in scenario.assumptions


def test_without_enrollment_members_are_those_with_claims_and_it_says_so(tmp_path, capfd):
    claims = written(tmp_path / "bare.csv", people=60, glp1=20)
    said = profiled(capfd, claims, "--out", tmp_path / "own.yaml")
    line = by_what(said)["Members"]
    assert "nobody said how many" in line["note"]
    assert line["value"] == 60
    # Twenty of them have GLP-1 claims only.
    assert load_scenario(tmp_path / "own.yaml").spending.non_lis.zero_share == pytest.approx(1 / 3)


def test_part_of_a_year_leaves_spending_as_it_was(tmp_path, capfd):
    claims = written(tmp_path / "half.csv", people=30)
    claims.write_text(claims.read_text().replace("2026-12-05", "2026-06-05"))
    out = tmp_path / "own.yaml"
    said = profiled(capfd, claims, "--out", out)
    assert load_scenario(out).spending is None
    assert "not a whole year" in by_what(said)["Spending strata"]["note"]


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        (["--out", "own.txt"], "--out"),
        (["--out", "own.yaml", "--extends", "nobody"], "scenario"),
        (["--out", "own.yaml", "--extends", "state_covering"], "--extends"),
        (["--out", "own.yaml", "--members", 20], "--members"),
        (["--out", "own.yaml", "--layout", "nobody"], "--layout"),
        (["--out", "no/such/own.yaml"], "a folder that exists"),
    ],
)
def test_wrong_input_gives_one_line(tmp_path, monkeypatch, capfd, extra, said):
    monkeypatch.chdir(tmp_path)
    claims = written(tmp_path / "claims.csv", people=40)
    ran = balance("profile", claims, *extra, capfd=capfd)
    assert ran.code == 2
    assert said in ran.err
    assert len(ran.err.strip().splitlines()) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["claims.csv"]


def test_too_few_members_are_refused(tmp_path, capfd):
    claims = written(tmp_path / "claims.csv", people=10)
    ran = balance("profile", claims, "--out", tmp_path / "own.yaml", capfd=capfd)
    assert ran.code == 2
    assert "at least 11 members" in ran.err
