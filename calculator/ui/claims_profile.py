"""What claims put in place of the shipped figures, and what joining is worth with it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from calculator import decide
from calculator.errors import InputError
from calculator.part_d_decision import PlanDecision
from calculator.report import claims as report
from calculator.report.persisting import curve
from calculator.report.verdict import opening
from calculator.scenario import PlanScenario, file_text, load_scenario
from calculator.ui import parts
from calculator.ui.claims_read import LAID, PAGE, WRONG, Kept
from calculator.ui.parts import section, signed
from calculator.ui.saved import file_address
from calculator.ui.sidebar import go
from calculator.ui.widgets import plain, say

if TYPE_CHECKING:
    from calculator.claims.profile_scenario import Written

STANDS_FOR = f"{PAGE}:persistence"
DRUGS, BENEFIT = "assumptions.drugs", "assumptions.benefit"
MOST_MONTHS = 60  # of a measured curve
USD = "USD per member-year"
OTHER = "Spending of {} members without GLP-1 drugs of covered uses"
# What claims give, its path, and the columns it takes.
GIVES = (
    ("Average members", "plan.members", "an enrollment file, or typed"),
    ("Members with low-income subsidy", "plan.lis_share", "lis"),
    (OTHER.format("low-income"), "spending.lis.points", "gross_cost over a whole year"),
    (OTHER.format("other"), "spending.non_lis.points", "gross_cost over a whole year"),
    ("Members who use Ozempic today", f"{DRUGS}.ozempic_users_share", "product"),
    ("Members who use Mounjaro today", f"{DRUGS}.mounjaro_users_share", "product"),
    (
        "Monthly supplies that such a user fills a month",
        f"{DRUGS}.existing_fills_per_month",
        "product, days_supply",
    ),
    ("Still on therapy at 6 months", report.point(6), "product, days_supply"),
    ("Price of a claim", f"{BENEFIT}.gross_per_claim", "gross_cost"),
    ("Claims that are brands", f"{BENEFIT}.brand_share_of_claims", "brand"),
)


Worth = tuple[float, float, float]  # of joining, USD: PMPM, total, present value


def worth(decision: PlanDecision) -> Worth:
    """What joining is worth."""
    return decision.value.pmpm, decision.value.total, decision.value.present_value


@dataclass(frozen=True)
class Laid:
    """The claims' values as a scenario: over the shipped one, and over the one in sight."""

    written: Written
    lines: list[dict[str, Any]]
    scenario: PlanScenario
    opening: str  # the verdict on it
    worth: Worth
    shipped: Worth
    now: dict[str, float | None]


def laid(kept: Kept, scenario: PlanScenario, *, stands_for: bool) -> Laid:
    """The claims' values laid over a scenario, once for each content of both.

    Kept in the session, not on the server: they are the claims of one user.
    """
    content = scenario.model_dump_json()
    mark = (kept.found.sha256, kept.found.year, kept.found.profile.members, stands_for, content)
    last = st.session_state.get(LAID)
    if last is None or last[0] != mark:
        last = st.session_state[LAID] = mark, _laid(kept, scenario, stands_for=stands_for)
    found: Laid = last[1]
    return found


@st.cache_resource(max_entries=16, show_spinner=False)
def _shipped(name: str) -> Worth:
    """What joining is worth in a shipped scenario."""
    scenario = load_scenario(name)
    assert isinstance(scenario, PlanScenario)
    return worth(decide(scenario))


def _laid(kept: Kept, scenario: PlanScenario, *, stands_for: bool) -> Laid:
    from calculator.claims.measure import base_of, laid_over, written
    from calculator.claims.profile_scenario import report as lines_of

    profiled = written(kept.found, scenario, persistence=stands_for)
    own = laid_over(profiled, scenario)
    decision = decide(own)
    return Laid(
        written=profiled,
        lines=lines_of(profiled),
        scenario=own,
        opening=opening(decision),
        worth=worth(decision),
        shipped=_shipped(base_of(scenario)),
        now=_comparable(kept, _now(scenario.model_dump_json(), kept.found.profile.year, scenario)),
    )


def _comparable(kept: Kept, now: dict[str, float | None]) -> dict[str, float | None]:
    """Without spending where the claims' has GLP-1 drugs in it and the scenario's has not."""
    if kept.found.profile.known_products:
        return now
    return {path: value for path, value in now.items() if not path.startswith("spending.")}


def what_claims_give(decision: PlanDecision) -> None:
    """Before any claims: what they would replace."""
    year = decision.years[0]
    now = _now(decision.scenario.model_dump_json(), year, decision.scenario)
    section("What claims would replace")
    rows = []
    for what, path, columns in GIVES:
        unit = decision.register.entries[path].unit if path in decision.register.entries else ""
        unit = unit or (USD if path.startswith("spending.") else "share")
        beside = f" a year, in {year}" if unit == USD else ""
        known = now[path] is not None
        figure = f"{report.figure(now[path], unit)}{beside}" if known else "nobody"
        rows.append((what, figure, columns))
    parts.texts(rows, ["Figure", "In use now", "Columns it takes"])
    st.caption(
        "Not in claims, and left as they are: risk score, bid, net prices and rebates, and who"
        " qualifies. No figure of a scenario rests on fewer than 11"
        " people."
    )


@st.cache_resource(max_entries=32, show_spinner=False)
def _now(content: str, year: int, _scenario: PlanScenario) -> dict[str, float | None]:
    """What a scenario says of the things that claims tell, once for each content."""
    return report.today(_scenario, year, curve(_scenario, MOST_MONTHS))


def draw(kept: Kept, decision: PlanDecision) -> None:
    """The profile beside the scenario's own figures, and the way to use it."""
    section("What these claims put in place of the figures in use")
    persistence_ = kept.found.profile.persistence
    stands_for = False
    if persistence_ is not None and not persistence_.of_model:
        stands_for = st.toggle(
            "Let persistence of uses covered today stand for the model's",
            key=STANDS_FOR,
            help="People treated for diabetes may stay on therapy longer than for obesity.",
            persist_state="session",
        )
    try:
        found = laid(kept, decision.scenario, stands_for=stands_for)
    except InputError as error:
        say(st, error)
        return
    head = ["Figure", "These claims", "95% band", "People", "In use now"]
    used, told, left = _uses()
    parts.texts(report.profile_rows(found.lines, used, found.now), head)
    st.caption(
        plain(
            f"Status: observed. Source: {found.written.data['observed']['source'][:24]}..., the"
            " file's own mark."
        )
    )
    _worth(found, decision)
    with st.expander("What else the claims say, and what they do not know"):
        rows = report.profile_rows(found.lines, told, found.now)
        if rows:
            parts.texts(rows, head)
        parts.texts(
            [(line["what"], line["note"]) for line in found.lines if line["use"] == left],
            ["Left as it was", "Why"],
        )


def _uses() -> tuple[str, str, str]:
    from calculator.claims.profile_scenario import LEFT, OBSERVED, REPORT

    return OBSERVED, REPORT, LEFT


def _worth(found: Laid, decision: PlanDecision) -> None:
    """What joining is worth with the claims' values, as it stands, and as shipped."""
    section(f"With the values of these claims: {_lower(found.opening)}")
    rows = [
        ("With these claims", *found.worth),
        ("As on the left now", *worth(decision)),
        ("Example as shipped", *found.shipped),
    ]
    parts.written(
        rows,
        ["Value of joining", "PMPM", "Total", "Present value"],
        columns=[lambda usd: signed(usd, 2), signed, signed],
    )
    same = found.scenario.observed == decision.scenario.observed and (
        found.scenario.spending == decision.scenario.spending
    )
    with st.container(horizontal=True):
        st.button(
            "In use on every page" if same else "Use these values",
            disabled=same,
            key=f"{PAGE}.use",
            on_click=_use,
            args=(found.scenario,),
        )
        st.download_button(
            "Scenario of these claims (YAML)",
            partial(file_text, found.written.data),
            file_name=f"{found.written.data['name']}.yaml",
            mime="application/yaml",
            key=f"{PAGE}.yaml",
            on_click="ignore",
            icon=":material/download:",
            help="What balance profile writes: balance decide reads it.",
        )


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def _use(scenario: PlanScenario) -> None:
    """Every page from now on with the claims' values; the address holds them."""
    try:
        go(file_address(scenario))
    except InputError as error:
        st.session_state[WRONG] = error
