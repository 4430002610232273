"""The memo: whole, safe, the same bytes again, and its tables foot."""

import ast
import datetime as dt
import html
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest

from calculator import __version__, decide, load_scenario
from calculator.analysis import feeds
from calculator.analysis.sensitivity import Breakeven, tornado
from calculator.analysis.states import breakeven_net_price
from calculator.cli import decide as decide_cli
from calculator.report.dates import shelved
from calculator.report.memo import closing, common, facts, memo_html
from calculator.report.memo import plan as plan_memo
from calculator.report.memo.charts import Span, Step, by_period, spans, walk
from calculator.report.memo.plan import WITHOUT_BID
from calculator.report.verdict import NET_PRICE
from calculator.report.words import file_stem
from calculator.scenario import scenario_of
from tests.commands import done, refused

FAST = "workbook"
EVIL = '<script>alert("1")</script>&<img src=x onerror=y>'
VOID = {"meta", "col", "br", "wbr"}
MINUS = "\N{MINUS SIGN}"
SECTIONS = (
    "1. Purpose and intended user",
    "2. The question and the answer",
    "3. Terms",
    "4. Data relied on",
    "5. Method in brief",
    "6. Results",
    "7. Sensitivity",
    "8. Adverse selection",
    "9. What is not known",
    "10. Limitations",
    "11. Reliance and responsibility",
    "12. To repeat this run",
    "Appendix A: every assumption this run read",
    "Appendix B: the scenario as a file",
)


class Parsed(HTMLParser):
    """A memo taken apart: tags in balance, tables as rows of cells, texts and links."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.links, self.texts = [], Counter(), [], []
        self.tables, self.heads, self.attributes = [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags[tag] += 1
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)
        if tag == "a":
            self.links.append(dict(attrs)["href"])
        if tag == "table":
            self.tables.append({"caption": "", "rows": []})
        if tag == "tr":
            self.tables[-1]["rows"].append([])
        if tag in ("td", "th"):
            self.tables[-1]["rows"][-1].append("")
        if tag == "h2":
            self.heads.append("")

    def handle_startendtag(self, tag, attrs):
        self.tags[tag] += 1

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        data = data.replace("\N{WORD JOINER}", "")
        self.texts.append(data)
        if "caption" in self.open:
            self.tables[-1]["caption"] += data
        elif "td" in self.open or "th" in self.open:
            self.tables[-1]["rows"][-1][-1] += data
        if "h2" in self.open:
            self.heads[-1] += data

    @property
    def said(self):
        return re.sub(r"\s+", " ", "".join(self.texts))

    def table(self, caption):
        (found,) = [one for one in self.tables if one["caption"].startswith(caption)]
        return found["rows"]


def usd(cell):
    return float(cell.replace(MINUS, "-").replace("$", "").replace(",", ""))


@pytest.fixture(scope="module")
def plan():
    decision = decide(load_scenario("mapd"), 64, FAST)
    return decision, memo_html(decision)


@pytest.fixture(scope="module")
def state():
    decision = decide(load_scenario("state_covering"))
    return decision, memo_html(decision)


@pytest.fixture(params=["plan", "state"])
def memo(request):
    decision, text = request.getfixturevalue(request.param)
    return decision, text, Parsed(text)


def test_the_sections_stand_in_the_order_of_an_actuarial_communication(memo):
    _, _, parsed = memo
    assert tuple(parsed.heads) == SECTIONS


def test_nothing_is_loaded_and_nothing_runs(memo):
    _, text, parsed = memo
    assert not {"script", "img", "link", "iframe", "object", "base", "form"} & set(parsed.tags)
    assert "default-src 'none'" in text
    assert "@import" not in text
    assert all(target.startswith("#") for target in re.findall(r"url\((.*?)\)", text))
    assert all(link.startswith(("https://", "http://")) for link in parsed.links)
    assert not [name for _, name, _ in parsed.attributes if name in ("src", "srcset")]
    assert not [name for _, name, _ in parsed.attributes if name.startswith("on")]


def test_the_answer_and_what_identifies_the_run_are_in_it(memo):
    decision, text, parsed = memo
    from calculator.report import state as of_state
    from calculator.report.verdict import verdict

    sentence = (
        verdict(decision).sentence
        if decision.scenario.program == "part_d"
        else of_state.verdict(decision)
    )
    assert sentence in parsed.said
    assert decision.fingerprint in parsed.said
    assert f"balance-calculator {__version__}" in parsed.said
    assert closing.command(decision) in parsed.said
    assert f'fingerprint {decision.fingerprint[:8]}"' in text
    assert "Prepared by" in parsed.said


def test_every_value_that_was_read_stands_with_its_status_and_source(memo):
    decision, _, parsed = memo
    (rows,) = [
        one["rows"]
        for one in parsed.tables
        if one["rows"][0][:3] == ["Assumption", "Value", "Status"]
    ]
    by_path = {row[0]: row for row in rows[1:]}
    fresh = decide(decision.scenario, resolution=decision.resolution).evaluation.register
    assert len(fresh.read) > 40
    for path in fresh.read & set(fresh.entries):
        (row,) = [row for name, row in by_path.items() if name.endswith(path)]
        assert row[1], path
        assert row[2], path
        assert row[3], path
        assert fresh.entries[path].label in row[0]


def test_every_lever_has_a_value_and_a_status_and_what_is_not_published_says_so(memo):
    decision, _, parsed = memo
    (rows,) = [one["rows"] for one in parsed.tables if one["rows"][0][0] == "Lever" and
               one["rows"][0][2] == "Status"]  # fmt: skip
    labels = {row[0].removesuffix(" (not used here)") for row in rows[1:]}
    for path, entry in decision.register.entries.items():
        if path.startswith("terms."):
            assert entry.label in labels
    assert all(row[1] and row[2] for row in rows[1:])
    unpublished = [row for row in rows[1:] if row[2] == "not published"]
    if decision.scenario.program == "part_d":
        assert len(unpublished) == 2
    assert all(row[1].startswith("not published; ") for row in unpublished)


def test_what_is_not_known_is_listed(plan):
    said = Parsed(plan[1]).said
    for kind in ("Not published", "Assumed", "Projected"):
        assert re.search(rf"{kind}: [^()]+\(\d+\)", said)
    assert "Changed from what is shipped (0)Nothing." in said


def test_the_tables_foot(plan, state):
    decision, text = plan
    parsed = Parsed(text)
    years = parsed.table("The plan's result by year")[1:]
    for column in (1, 2, 3):
        parts = [usd(row[column]) for row in years[:-1]]
        assert sum(parts) == pytest.approx(usd(years[-1][column]), abs=len(parts))
    assert usd(years[-1][3]) == pytest.approx(decision.value.total, abs=1)
    for caption in ("The plan's result by line", "Who pays for the model drugs"):
        rows = parsed.table(caption)[1:]
        for column in (1, 2, 3):
            parts = [usd(row[column]) for row in rows[:-1]]
            assert sum(parts) == pytest.approx(usd(rows[-1][column]), abs=0.005 * len(rows))

    decision, text = state
    parsed = Parsed(text)
    rows = parsed.table("Minnesota's own money")[1:]
    for column in (1, 2, 3, 4):
        parts = [usd(row[column]) for row in rows[:-1]]
        assert sum(parts) == pytest.approx(usd(rows[-1][column]), abs=len(rows))
    assert usd(rows[-1][4]) == pytest.approx(decision.value.total, abs=1)
    rows = parsed.table("Who pays what joining adds")[1:]
    assert usd(rows[-1][1]) + usd(rows[-1][2]) == pytest.approx(usd(rows[-1][3]), abs=2)


def test_pictures_have_a_title_and_their_figures_in_words(memo):
    _, _, parsed = memo
    assert parsed.tags["svg"] >= 2
    assert parsed.tags["title"] == parsed.tags["svg"] + 1
    assert parsed.tags["desc"] == parsed.tags["svg"]
    ids = [value for _, name, value in parsed.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    for _, name, value in parsed.attributes:
        if name == "aria-labelledby":
            assert set(value.split()) <= set(ids)


def test_the_same_run_gives_the_same_bytes_whatever_was_looked_up_since(plan):
    decision, text = plan
    again = decide(load_scenario("mapd"), 64, FAST)
    for path, entry in again.register.entries.items():
        again.register.dated(path, max(entry.values))
    assert memo_html(again) == text
    given = memo_html(decision, sensitivity=tornado(decision.scenario, FAST))
    assert given == text


def test_no_date_is_made_up_and_a_given_one_is_printed(plan):
    decision, text = plan
    assert text.count('<dd class="blank">') == 6
    dated = memo_html(decision, prepared="2027-02-01 & later")
    assert "<dd>2027-02-01 &amp; later</dd>" in dated
    assert dated.count('<dd class="blank">') == 5


def test_draws_are_in_it_only_where_they_were_made(plan, state):
    assert "64 draws of seed 1" in Parsed(plan[1]).said
    assert "--draws 64 --seed 1" in plan[1]
    assert "No draws were made" in Parsed(state[1]).said


@pytest.fixture(scope="module")
def evil():
    source = f"claims sha256:{'0f' * 32}"
    data = load_scenario("pdp_regional").plain()
    data |= {"name": EVIL, "label": EVIL, "extends": "pdp_regional"}
    data["plan"]["members"] = 50_000
    data["observed"] = {"source": source, "title": EVIL, "paths": ["plan.lis_share"]}
    return decide(scenario_of(data), resolution=FAST)


def test_text_of_users_is_text(evil):
    text = memo_html(evil)
    parsed = Parsed(text)
    assert "script" not in parsed.tags
    assert "img" not in parsed.tags
    assert EVIL in parsed.said
    assert "<script" not in text
    assert re.fullmatch(r"[a-z0-9_]+_[0-9a-f]{8}", file_stem(evil))


def test_inputs_say_whose_they_are(evil):
    rows = Parsed(memo_html(evil)).tables
    (inputs,) = [one["rows"] for one in rows if one["rows"][0] == ["Input", "Value", "Whose"]]
    whose = {row[0]: row[2] for row in inputs[1:]}
    assert whose["Members"] == "given by the user"
    assert whose["Members with low-income subsidy"] == "observed in own data"
    assert whose["Average risk score"] == "example"
    assert "Members (plan.members)" in Parsed(memo_html(evil)).said


def test_a_scenario_of_nobodys_example_is_the_users(evil):
    data = load_scenario("state_not_covering").plain() | {"name": "ours"}
    scenario = scenario_of(data)
    assert facts.example(scenario) is None
    rows = {row[0]: row[2] for row in facts.input_rows(scenario, scenario.register())}
    assert rows["State"] == "given by the user"
    assert rows["Total enrollment"].startswith("preset, ") if "Total enrollment" in rows else True


def test_the_file_in_it_makes_the_same_run(tmp_path, memo):
    decision, text, _ = memo
    (file,) = re.findall(r"<h2>Appendix B.*?<pre>\n(.*?)</pre>", text, re.DOTALL)
    path = tmp_path / f"{file_stem(decision)}.yaml"
    path.write_text(html.unescape(file), encoding="utf-8")
    again = decide(load_scenario(path), resolution=decision.resolution)
    assert again.fingerprint == decision.fingerprint


def test_charts_put_figures_where_they_belong():
    text = walk(
        "w", "t", [Step("a", 2.0, total=True), Step("<b>", -0.5), Step("c", 1.5, total=True)]
    )
    assert "&lt;b&gt;" in text
    assert text.count("url(#w-cost)") == 1
    same = walk("w", "t", [Step("a", 0.0, total=True), Step("b", 0.0, total=True)])
    assert "nan" not in same
    bars = by_period("y", "t", ["2028", "2029"], [0.0, -3.0])
    assert f"{MINUS}\N{WORD JOINER}$3.00" in bars
    flat = spans("s", "t", 1.0, [Span("long " * 30, 1.0, 1.0, "0", "1")])
    assert "nan" not in flat
    assert "inf" not in flat


# ------------------------------------------------------------------------------------- the command


def test_the_command_writes_it(capsys, tmp_path):
    out = tmp_path / "memo.html"
    said = done(capsys, "decide", "egwp", "--resolution", FAST, "--memo", out)
    assert f"Written: {out}" in said
    text = out.read_text(encoding="utf-8")
    assert text == memo_html(decide(load_scenario("egwp"), resolution=FAST))
    assert "An employer plan files no bid" in Parsed(text).said
    assert [one.name for one in tmp_path.iterdir()] == ["memo.html"]


def test_a_file_that_cannot_be_written_is_refused_before_any_work(capsys, tmp_path):
    nowhere = tmp_path / "none" / "memo.html"
    assert "--memo: allowed is a file in a folder that exists" in refused(
        capsys, "decide", "egwp", "--memo", nowhere
    )
    assert "--memo: allowed is a file ending in .html" in refused(
        capsys, "decide", "egwp", "--memo", tmp_path / "memo.docx"
    )
    assert "which is a folder" in refused(capsys, "decide", "egwp", "--memo", tmp_path)


@pytest.mark.parametrize(
    "name", ["pdp_national", "dsnp", "egwp", "state_not_covering", "state_ending_coverage"]
)
def test_every_shipped_scenario_has_a_memo(name):
    text = memo_html(decide(load_scenario(name), resolution=FAST))
    assert Parsed(text).heads
    assert "nan" not in re.sub(r"[a-z]nan|nan[a-z]", "", text)


def test_a_states_break_even_is_one_number_in_the_whole_memo():
    decision = decide(load_scenario("state_covering"))
    root = breakeven_net_price(decision.evaluation.inputs)
    assert root is not None
    # In the sentence and in the table of break-evens.
    assert memo_html(decision).count(f"${root:,.0f}") >= 2


def test_a_states_condition_is_the_break_even_where_it_binds():
    path = "assumptions.coverage.conditional_net_price"
    decision = decide(load_scenario("state_not_covering").with_settings({path: 120.0}))
    parsed = Parsed(memo_html(decision))
    (row,) = parsed.table("Break-evens")[1:]
    assert row[4:] == ["$120", "below it"]
    assert "Up to $120.00 a fill, the condition of Georgia" in parsed.said


def test_the_appendix_holds_what_the_selection_check_reads():
    parsed = Parsed(memo_html(decide(load_scenario("pdp_regional"), resolution=FAST)))
    assert "assumptions.selection.movers" in parsed.said


def test_an_employers_memo_leaves_out_what_does_not_apply_and_says_so():
    decision = decide(load_scenario("egwp"), resolution=FAST)
    parsed = Parsed(memo_html(decision))
    assert "do not apply to an employer plan" in parsed.said
    labels = {row[0] for rows in (one["rows"] for one in parsed.tables) for row in rows}
    for path in ("terms.corridor.first_share", "plan.bid", "assumptions.payment.priced_share"):
        label = decision.register.entries[path].label
        assert not any(label in one for one in labels), label
    assert "risk corridor, members who leave" not in parsed.said


def test_what_an_employers_memo_leaves_out_moves_nothing_there():
    scenario = load_scenario("egwp")
    entries = scenario.register().entries
    left_out = [path for path in entries if facts.apart(path, WITHOUT_BID)]
    numbers = [path for path in left_out if entries[path].kind == "number"]
    assert len(numbers) > 10
    found = feeds.feeds(scenario, numbers)
    assert {path for path, feed in found.items() if feed is not None and feed.results} == set()


def test_the_day_on_which_the_model_was_shelved_is_that_of_the_timeline():
    scenario = load_scenario("pdp_regional")
    (day,) = shelved(scenario.register())
    limits = plan_memo.told(decide(scenario, resolution=FAST)).limits
    assert f"on {day.isoformat()} and has set no new start" in limits[0]


def test_a_second_crossing_is_said():
    decision = decide(load_scenario("pdp_regional"), resolution=FAST)
    one = Breakeven(NET_PRICE, 0.0, 500.0, 200.0, 1.0, 1.0, crossings=2, pays_below=True,
                    by_date={dt.date(2028, 1, 1): 245.0})  # fmt: skip
    assert "below it, and it turns again" in common.breakevens(decision, [one])


def test_the_command_line_asks_for_the_memo_only_where_one_is_written():
    """Its pictures and searches are a part of a second that `balance --help` need not wait for."""
    tree = ast.parse(Path(decide_cli.__file__).read_text())
    named = [node.module for node in tree.body if isinstance(node, ast.ImportFrom)]
    assert not any(name.startswith("calculator.report.memo") for name in named)
