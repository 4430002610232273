"""The first page: what joining is worth, who pays each dollar, and what the answer rests on."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from calculator import __version__, decide
from calculator.analysis.sensitivity import value_pmpm
from calculator.errors import InputError
from calculator.part_d_decision import PlanDecision
from calculator.report import figures, table
from calculator.report.verdict import Verdict, opening, rests_on, verdict
from calculator.report.words import MINUS, dollars, either, people, share
from calculator.scenario import PlanScenario
from calculator.ui.form import Form
from calculator.ui.sidebar import offset_names, sidebar
from calculator.ui.widgets import badges, calm, plain, shown, theme

PRICED, INCLUDES = "assumptions.payment.priced_share", "terms.net_includes_discount"
LAST_GOOD = "_last_good"
ALL_YEARS = "All years"
WORD_JOINER = "\N{WORD JOINER}"
NOT_IN_TIME = "not within the horizon"


@dataclass(frozen=True)
class Answer:
    """Everything the page says about one scenario."""

    decision: PlanDecision
    verdict: Verdict
    rests_on: list[tuple[str, str]]
    priced: list[tuple[float, float]]  # share of the cost in the bid, value PMPM
    includes: dict[bool, float]  # net price includes the discount: value PMPM
    payers: figures.DrugPayers


@st.cache_resource(max_entries=64, show_spinner=False)
def answer(content: str, _scenario: PlanScenario) -> Answer:
    """Both branches and what stands beside them, once for each content of a scenario."""
    decision = decide(_scenario)
    assert isinstance(decision, PlanDecision)
    chosen = float(decision.register.number(PRICED)[0])
    shares = np.array(sorted({0.0, chosen, 1.0}))
    at = value_pmpm(_scenario, PRICED, shares) + np.zeros_like(shares)  # alike without a bid
    now = decision.register.flag(INCLUDES)
    other = decide(_scenario.with_settings({INCLUDES: not now}))
    return Answer(
        decision=decision,
        verdict=verdict(decision),
        rests_on=rests_on(_scenario, decision),
        priced=[(float(s), float(v)) for s, v in zip(shares, at, strict=True)],
        includes={now: decision.value.pmpm, not now: other.value.pmpm},
        payers=figures.drug_payers(decision),
    )


@calm
def render() -> None:
    """Draw the page."""
    form = sidebar()
    said = _answered(form)
    notes = said.rests_on if form.wrong else [*said.rests_on, *_own_changes(form, said)]
    if form.wrong is not None:
        whose = (
            "the last valid inputs" if LAST_GOOD in st.session_state else "the example as shipped"
        )
        st.warning(
            f"This result belongs to {whose}. {plain(form.wrong)}", icon=":material/history:"
        )
    _headline(said, notes)
    _figures(said.decision)
    _who_pays(said.payers)
    _tables(said.decision)
    _both_ways(said)
    _outcomes(said.decision)
    _basis(said.decision, notes)


def _answered(form: Form) -> Answer:
    """The answer to what is typed, or to the last inputs that were valid."""
    scenario = form.scenario()
    if scenario is not None:
        try:
            said = answer(scenario.model_dump_json(), scenario)
        except InputError as error:
            form.refuse(error)
        else:
            st.session_state[LAST_GOOD] = scenario
            return said
    last: PlanScenario = st.session_state.get(LAST_GOOD, form.ground.scenario)
    return answer(last.model_dump_json(), last)


def _own_changes(form: Form, said: Answer) -> list[tuple[str, str]]:
    """The fields of the example that were changed; levers and assumptions are noted already."""
    register = said.decision.register
    own = [path for path in form.settings if path not in register.changed]
    labels = {path: entry.label for path, entry in register.entries.items() if path in own}
    return [("changed", f"{labels.get(path, path)} ({path})") for path in own]


def _headline(said: Answer, notes: list[tuple[str, str]]) -> None:
    first = opening(said.decision)
    st.subheader(plain(first), anchor=False)
    st.markdown(plain(said.verdict.sentence.removeprefix(first).strip()))
    badges(notes)


def _signed(amount: float, decimals: int | None = None) -> str:
    """A change in dollars: a plus, a true minus, or neither where nothing shows."""
    text = dollars(amount) if decimals is None else table.cents(amount, decimals)
    shows = any(digit in text for digit in "123456789")
    return f"+{text}" if shows and amount > 0 else text


def _figures(decision: PlanDecision) -> None:
    years, value = decision.years, decision.value
    first, last = str(years[0]), str(years[-1])
    branches, outcomes = decision.branches(), decision.outcomes
    yearly = {year: pmpm for year, *_, pmpm in table.by_year(decision)}
    rate = float(decision.register.number("assumptions.payment.discount_rate")[0])
    treated = outcomes["join"]["on_therapy"][last]
    without = outcomes["stay_out"]["on_therapy"][last]
    cards = [
        (
            "Value of joining, PMPM",
            _signed(value.pmpm, 2),
            f"{_signed(yearly[first], 2)} in {first}, {_signed(yearly[last], 2)} in {last}",
        ),
        (
            f"Value to December {last}",
            _signed(value.total),
            f"present value {_signed(value.present_value)} at {share(rate)}",
        ),
        (
            f"People on therapy, end of {last}",
            f"{treated:,.0f}",
            f"{without:,.0f} if staying out",
        ),
        _fourth(decision, branches, last),
    ]
    for column, (label, figure, beside) in zip(st.columns(len(cards)), cards, strict=True):
        column.metric(
            label,
            plain(figure),
            plain(beside),
            delta_color="off",
            delta_arrow="off",
            border=True,
            height="stretch",
        )


def _fourth(decision: PlanDecision, branches: dict[str, Any], last: str) -> tuple[str, str, str]:
    """The premium where the plan has one; an employer plan has none, so its net drug cost."""
    if decision.evaluation.inputs.has_bid:
        out, into = (branches[name]["premium"][last] for name in ("stay_out", "join"))
        own = decision.scenario.plan.rebate_funded_share > 0
        return (
            f"{'Premium before rebate' if own else 'Basic premium'}, {last}",
            _signed(into - out, 2),
            f"{dollars(out, 2)} to {dollars(into, 2)} a month",
        )
    months = float(decision.evaluation.result.member_months[0].sum())
    out, into = (
        sum(branches[name]["lines"].get("model_drugs", {}).get("plan", {}).values()) / months
        for name in ("stay_out", "join")
    )
    return (
        "Plan's model-drug cost, PMPM",
        dollars(into, 2),
        f"{dollars(out, 2)} if staying out",
    )


def _who_pays(payers: figures.DrugPayers) -> None:
    title = figures.payers_title(payers)
    st.markdown(f"#### {plain(title)}")
    if not payers.join:
        return
    st.plotly_chart(
        figures.payers_figure(payers, theme()),
        theme=None,
        config={"displayModeBar": False},
        alt=f"{title} {figures.payers_alt(payers)}",
        key="who_pays",
    )
    st.caption(plain(figures.payers_note(payers)))


# -------------------------------------------------------------------------------------- tables


def _money(rows: list[tuple[Any, ...]], head: list[str], decimals: list[int]) -> None:
    """A table of dollars, the last row in bold."""
    frame = pd.DataFrame(rows, columns=head)
    styles: dict[Any, Any] = {
        name: lambda usd, d=places: plain(_cell(usd, d))
        for name, places in zip(head[1:], decimals, strict=True)
    }
    st.table(_last_in_bold(frame).format(styles), border="horizontal", hide_index=True)


def _cell(usd: float, decimals: int) -> str:
    """Dollars in a table; no line ends with the sign."""
    return table.cents(usd, decimals).replace(MINUS, MINUS + WORD_JOINER)


def _last_in_bold(frame: pd.DataFrame) -> Any:
    def bold(row: pd.Series[Any]) -> list[str]:
        return ["font-weight: 600" if row.name == len(frame) - 1 else ""] * len(row)

    return frame.style.apply(bold, axis=1)


def _tables(decision: PlanDecision) -> None:
    left, right = st.columns([5, 4], gap="large")
    with left:
        st.markdown("#### Both branches by line, USD PMPM")
        years = [ALL_YEARS, *(str(year) for year in decision.years)]
        picked = st.segmented_control(
            "Year",
            years,
            default=ALL_YEARS,
            required=True,
            key="decide.year",
            label_visibility="collapsed",
        )
        year = int(picked) if picked in years[1:] and picked is not None else None
        _money(list(table.by_line(decision, year)), ["Line", *table.COLUMNS], [2, 2, 2])
    with right:
        st.markdown("#### The plan's result by year, USD")
        _money(list(table.by_year(decision)), ["Year", *table.COLUMNS, "PMPM"], [0, 0, 0, 2])


def _both_ways(said: Answer) -> None:
    left, right = st.columns(2, gap="large")
    register = said.decision.register
    with left:
        st.markdown("#### If none, half or all of the cost is in the bid")
        if said.decision.evaluation.inputs.has_bid:
            chosen = float(register.number(PRICED)[0])
            words = {0.0: "none", 0.5: "half", 1.0: "all"}
            _values(
                "Expected cost in the bid",
                [(words.get(s, share(s)), s == chosen, usd) for s, usd in said.priced],
            )
        else:
            st.markdown("An employer plan files no bid, so nothing is priced.")
    with right:
        st.markdown("#### If the net price includes the manufacturer's discount")
        now = register.flag(INCLUDES)
        _values(
            "The discount counts towards it",
            [(shown(flag), flag == now, said.includes[flag]) for flag in (True, False)],
        )


def _values(head: str, rows: list[tuple[str, bool, float]]) -> None:
    """The value of joining under each of a few choices, the chosen one marked."""
    value = "Value of joining, PMPM"
    frame = pd.DataFrame(
        [(word + (" (as chosen)" if chosen else ""), usd) for word, chosen, usd in rows],
        columns=[head, value],
    )
    formats: dict[Any, Any] = {value: lambda usd: plain(_signed(usd, 2))}
    st.table(frame.style.format(formats), border="horizontal", hide_index=True)


def _outcomes(decision: PlanDecision) -> None:
    st.markdown("#### What members get")
    join = decision.outcomes["join"]
    last = str(decision.years[-1])
    starters, responders = (sum(join[key].values()) for key in ("starters", "responders_10"))
    cost = sum(join["net_drug_cost"].values())
    parts = [
        f"{people(starters)} start by December {last}",
        f"{share(join['persistence_12_months'])} of starters are on therapy at 12 months",
    ]
    if responders > 0.0:
        parts.append(
            f"{people(responders)} have lost a tenth of their weight by then, at a net drug cost "
            f"of {dollars(cost / responders)} for each of them"
        )
    st.markdown(plain("; ".join(parts) + "."))
    st.markdown(plain(thesis(decision)))


def thesis(decision: PlanDecision) -> str:
    """When medical savings overtake the drug's cost, under each medical cost effect."""
    found = decision.outcomes["thesis"]
    names = offset_names(decision.register, list(found))
    never = [names[key] for key, when in found.items() if when == NOT_IN_TIME]
    parts = [f"in {when} under {names[key]}" for key, when in found.items() if when != NOT_IN_TIME]
    if never:
        parts.insert(0, f"{NOT_IN_TIME} under " + either(never))
    return "Medical savings overtake the drug's cost: " + "; ".join(parts) + "."


def _basis(decision: PlanDecision, notes: list[tuple[str, str]]) -> None:
    with st.expander("What this rests on"):
        for kind, sentence in notes:
            st.markdown(f"**{plain(kind)}**: {plain(sentence)}")
        st.table(_assumptions(decision), border="horizontal", hide_index=True)
    st.caption(
        f"balance-calculator {__version__}, {decision.resolution} resolution, "
        f"fingerprint {decision.fingerprint}"
    )


def _assumptions(decision: PlanDecision) -> pd.DataFrame:
    """Every value the run read: label, value, unit, status, source."""
    register = decision.register
    rows = []
    for path in sorted(register.read):
        entry = register.entries[path]
        days = [dt.date(year, 1, 1) for year in decision.years]
        known = [max(day, min(entry.values)) for day in days]
        dated = [register.dated(path, day)[1] for day in known]
        values = [
            float(f"{register.number(path, day)[0]:.4g}") if one.grow else one.value
            for day, one in zip(known, dated, strict=True)
        ]
        texts = [shown(value) for value in values]
        text = texts[0] if texts[0] == texts[-1] else f"{texts[0]} to {texts[-1]}"
        statuses = list(dict.fromkeys(one.status.replace("_", " ") for one in dated))
        source = register.tree.sources.get(dated[0].source)
        title = plain(source.title) if source else "typed, or from the example"
        rows.append(
            {
                "Assumption": plain(entry.label),
                "Value": plain(text),
                "Unit": "" if entry.unit == "word" else plain(entry.unit),
                "Status": plain(", ".join(statuses)),
                "Source": f"[{title}]({source.url})" if source and source.url else title,
            }
        )
    return pd.DataFrame(rows)
