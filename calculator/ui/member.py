"""One member of a plan, or one fill of a state: fields on the page, and who pays each dollar."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace

import streamlit as st

from calculator.errors import InputError
from calculator.medicaid_decision import StateDecision
from calculator.model.arrays import MONTHS, Array
from calculator.part_d_decision import PlanDecision
from calculator.report import fill as fills
from calculator.report import member as report
from calculator.report import table
from calculator.report.figures_member import member_figure
from calculator.report.fill import Chosen
from calculator.report.marks import Marks
from calculator.report.member import HELP, KINDS, MONTH_NAMES, Case
from calculator.report.payers import BRANCHES
from calculator.scenario import PlanScenario
from calculator.schema import Assumption, Dated
from calculator.ui import parts
from calculator.ui.inputs_medicaid import CONFIDENTIAL, GROUP_NAMES
from calculator.ui.parts import cents, section
from calculator.ui.widgets import (
    choice_field,
    number_field,
    plain,
    say,
    shown,
    theme,
    typed,
)

Copays = Mapping[str, tuple[Array, Array]]
PAGE = "who_pays"
BRANCH_WORDS = {"join": "joins", "stay_out": "stays out"}
MOST_SPEND = 1_000_000.0  # USD a year: above any member's
WHOLE = "a whole number of months from 0 to"


def _key(name: str) -> str:
    return f"{PAGE}:{name}"


# ----------------------------------------------------------------------------------------- fields


def _number(name: str, label: str, usual: float, limits: tuple[float, float], note: str) -> float:
    """A number with its limits; a wrong one says so beside it, and the last right one holds.

    What was not typed follows what is usual under the inputs.
    """
    key, last, before = _key(name), _key(f"{name}.last"), _key(f"{name}.usual")
    text = shown(usual)
    if st.session_state.get(key, "") in ("", st.session_state.get(before)) and not (
        key in st.session_state and st.session_state.get(before) == text
    ):
        st.session_state[key] = text
    st.session_state[before] = text
    entry = Assumption(
        label=label,
        unit=label.partition("(")[2].removesuffix(")"),
        bounds=limits,
        values={dt.date.min: Dated(status="user", source="user")},
    )
    wrong = None
    try:
        number = typed(name, entry, str(st.session_state[key]))
        assert isinstance(number, int | float)
        st.session_state[last] = float(number)
        st.session_state[key] = shown(number)
    except InputError as error:
        wrong = InputError(label.partition(" (")[0], error.allowed, error.given)
    number_field(label, key, plain(note))
    if wrong is not None:
        say(st, wrong)
    return float(st.session_state.get(last, usual))


def _choice(
    name: str, label: str, names: Mapping[str, str], note: str | None, first: str | None = None
) -> str:
    """One of a few words; one that is no longer offered gives way to the first."""
    key, options = _key(name), list(names)
    if st.session_state.get(key) not in options:
        st.session_state[key] = first or options[0]
    return choice_field(label, key, options, note, names)


# ----------------------------------------------------------------------------------------- a member


@st.cache_resource(max_entries=64, show_spinner=False)
def _copays(content: str, _scenario: PlanScenario) -> Copays:
    """Statutory copays of low-income members, once for each content of a scenario."""
    return report.statutory_copays(_scenario)


def explorer(decision: PlanDecision, marks: Marks) -> None:
    """One member walked through a plan year."""
    place = st.container()
    case, scenario = _case(decision), decision.scenario
    copays = {} if case.help == "none" else _copays(scenario.model_dump_json(), scenario)
    other = "stay_out" if case.branch == "join" else "join"
    found = report.member_year(decision, copays, case)
    without = report.member_year(decision, copays, replace(case, branch=other))
    title = report.sentence(found)
    with place:
        section(title)
        st.markdown(plain(report.on_model(found, without)))
    left, right = st.columns([5, 4], gap="large")
    with left:
        figure = member_figure(found, theme())
        parts.picture(figure, report.alt(found), report.note(found), f"{PAGE}.member")
    with right:
        head, rows = report.by_phase(found)
        parts.written(rows, head, columns=[_whole] * (len(head) - 1), bold_last=True)
        _rules(decision, found, marks)
    with st.expander("Month by month"):
        head, rows = report.by_month(found)
        parts.written(rows, head, columns=[_whole] * (len(head) - 1), bold_last=True)


def _whole(amount: float) -> str:
    return table.cents(amount, 0)


def _rules(decision: PlanDecision, found: report.MemberYear, marks: Marks) -> None:
    """The limits of the year, each with what is not final about it."""
    days = [dt.date(found.case.year, 1, 1)]
    texts = [
        f"{parts.marked(label, marks.of(*paths, days=days))} {plain(cents(usd))}"
        for label, usd, paths in report.limits(decision, found)
    ]
    # Not a caption: a badge in one is too faint to read.
    st.markdown("; ".join(texts))


def _case(decision: PlanDecision) -> Case:
    first = st.columns(4)
    with first[0]:
        spend = _number(
            "member.spend",
            "Other drugs (USD a year)",
            round(report.usual_spend(decision), -2),
            (0.0, MOST_SPEND),
            f"Allowed: from 0 to {shown(MOST_SPEND)} USD. What the member's other drugs cost before"
            " rebates. At first: the mean of the plan's members who use a GLP-1 drug.",
        )
    with first[1]:
        begun = _choice(
            "member.first", "First month of therapy", {name: name for name in MONTH_NAMES}, None
        )
    start = MONTH_NAMES.index(begun)
    with first[2]:
        months = _months(MONTHS - start)
    with first[3]:
        level = _choice("member.help", "Low-income subsidy", HELP, None)
    second = st.columns(4)
    register = decision.register
    with second[0]:
        labels = {
            name: register.entries[f"assumptions.clinical.{name}_trial_loss"].label.split(",")[0]
            for name in decision.scenario.therapy.mix
        }
        product = _choice("member.product", "Product", labels, None)
    with second[1]:
        kind = _choice("member.kind", "Kind of other drugs", KINDS, None)
    with second[2]:
        years = {str(year): str(year) for year in decision.years}
        year = int(_choice("member.year", "Plan year", years, None))
    with second[3]:
        branch = _choice("member.branch", "The plan", BRANCH_WORDS, None)
    return Case(spend, kind, start, months, level, product, year, branch)


def _months(most: int) -> int:
    """Months on therapy: whole, and no more than the year has left."""
    number = _number(
        "member.months",
        "Months on therapy (months)",
        float(most),
        (0.0, float(MONTHS)),
        f"Allowed: {WHOLE} {MONTHS}; the year ends in December.",
    )
    wrong = number != int(number) or number > most
    kept = _key("member.months.kept")
    if wrong:
        given = shown(number)
        say(st, InputError("Months on therapy", f"{WHOLE} {most}, to December", given))
        return min(int(st.session_state.get(kept, most)), most)
    st.session_state[kept] = int(number)
    return int(number)


# ------------------------------------------------------------------------------------------ a fill


def one_fill(decision: StateDecision, marks: Marks) -> None:
    """One fill of a state: gross, rebates, and who has paid, in both branches."""
    place = st.container()
    chosen = _chosen(decision)
    found = {branch: fills.one_fill(decision, chosen, branch) for branch in BRANCHES}
    with place:
        section(fills.title(decision, chosen, found))
    confidential = _confidential(decision)
    known = {
        "Statutory rebate": confidential,
        "Supplemental rebate": confidential,
        "Gross, paid to the pharmacy": marks.of(f"assumptions.drugs.{chosen.product}_list_price"),
    }
    rows: list[tuple[str, ...]] = []
    for label, out, into in fills.rows(found):
        texts = [fills.NOT_COVERED if usd is None else cents(usd) for usd in (out, into)]
        change = "" if out is None or into is None else parts.signed(into - out, 2)
        rows.append((label, *texts, change))
    _texts(rows, ("USD a fill", "stay out", "join", "difference"), known)
    st.caption(plain(fills.note(decision, chosen, found)))


def _confidential(decision: StateDecision) -> tuple[str, ...]:
    """The mark of rebates that rest on prices nobody outside knows and nobody has entered."""
    register = decision.register
    inferred = any(register.status(path) not in ("user", "observed") for path in CONFIDENTIAL)
    return ("assumed",) if inferred else ()


def _texts(
    rows: Sequence[tuple[str, ...]], head: Sequence[str], known: Mapping[str, Sequence[str]]
) -> None:
    """A table of words whose first column may be marked."""
    import pandas as pd

    safe = [
        (parts.marked(first, known.get(first, ())), *(plain(parts.unbroken(one)) for one in rest))
        for first, *rest in rows
    ]
    st.table(pd.DataFrame(safe, columns=list(head)), border="horizontal", hide_index=True)


def _chosen(decision: StateDecision) -> Chosen:
    groups = decision.evaluation.inputs.groups.names
    columns = st.columns(4)
    with columns[0]:
        use = _choice("fill.use", "Use", fills.USES, None)
    with columns[1]:
        product = _choice(f"fill.product.{use}", "Product", fills.products(decision, use), None)
    with columns[2]:
        names = {name: GROUP_NAMES[name] for name in groups}
        usual = "base_adults" if "base_adults" in names else None
        group = _choice("fill.group", "Eligibility group", names, None, usual)
    with columns[3]:
        years = {period: period for period in decision.periods}
        period = _choice("fill.year", "State fiscal year", years, None)
    return Chosen(use, product, group, fills.last_month(decision, period))
