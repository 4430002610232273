"""What a state's page asks for."""

from __future__ import annotations

import datetime as dt

import streamlit as st

from calculator.analysis.states import state_scenario
from calculator.assumptions import load_tree
from calculator.presets import GROUPS, gaps
from calculator.report.state import COVERS
from calculator.scenario import StateScenario
from calculator.schema import Dated
from calculator.ui.form import PACKAGE, STATE, Form, key_of, offered
from calculator.ui.inputs_shared import (
    adherence,
    by_year,
    medical_effect,
    products_mix,
    terms_package,
)
from calculator.ui.sidebar import (
    END,
    LAID,
    START,
    START_FROM,
    TERMS_CHOICE,
    Choice,
    Frame,
    inputs,
    labelled_choice,
)
from calculator.ui.widgets import NO, plain, sourced

PAGE, FIRST_OFFERED = "medicaid", "state_not_covering"
STANCES = {
    "not_covering": "does not cover it",
    "covering": "covers it",
    "ending": "covers it until a date",
}
FORMS = {
    "share_of_eligibles": "share of eligibles who start",
    "fills_per_1000": "fills per 1,000 enrollees",
    "monthly_fills": "own fills by month",
}
GROUP_NAMES = {
    "children": "Children",
    "base_adults": "Base adults",
    "expansion_adults": "Expansion adults",
    "disabled": "Aged or disabled without Medicare",
    "duals": "Dually eligible",
    "medicaid_chip": "CHIP in Medicaid",
    "separate_chip": "Separate CHIP",
}
# Confidential: what stands here is an inference that a state's own figures replace.
CONFIDENTIAL = (
    "assumptions.rebates.amp_share_of_list",
    "assumptions.rebates.best_price_share_of_amp",
    "assumptions.rebates.base_amp_ratio",
    "assumptions.rebates.own_supplemental_share",
)
GAP = "gap: enter a number"

STATE_CHOICE = Choice(
    options=lambda register: list(register.tree.states),
    own=lambda scenario: scenario.state.abbr if isinstance(scenario, StateScenario) else "",
    lays=("state.", "groups."),
)


def sidebar() -> Form:
    """Draw the inputs; the form says what they come to."""
    names = offered("medicaid")
    ordered = {FIRST_OFFERED: names[FIRST_OFFERED], **names}
    choices = {PACKAGE: TERMS_CHOICE, STATE: STATE_CHOICE}
    frame = Frame(PAGE, "", ordered, choices)
    with inputs(frame) as form:
        scenario = form.ground.scenario
        assert isinstance(scenario, StateScenario)
        _state(form)
        _coverage(form, scenario)
        _enrollment(form, scenario)
        _drug_price(form)
        _uptake(form)
        with st.expander("Terms"):
            terms_package(form)
            form.word("terms.lifestyle_support")
            for key in ("conditional_net_price", "duration_cap_months", "bmi_threshold"):
                form.number(f"assumptions.coverage.{key}")
        _budget(form)
    return form


def _state(form: Form) -> None:
    tree = load_tree()
    labels = {
        abbr: row["state"] for abbr, row in sorted(tree.states.items(), key=lambda x: x[1]["state"])
    }
    row = tree.states[str(st.session_state[form.key(STATE)])]
    found = Dated(status="published", source=row["coverage_source"])
    help_ = f"{plain(row['coverage_note'])} {sourced(found, tree)}"
    labelled_choice(form, STATE, "State", labels, help_, _as_it_covers)
    st.caption(
        f"At the end of 2026: {plain(COVERS[row['covers']])} ({plain(row['coverage_status'])}, "
        f"{plain(row['coverage_confidence'])} confidence)."
    )


def _as_it_covers() -> None:
    """Start from the scenario that fits what is known of the chosen state's coverage today."""
    abbr = st.session_state[key_of(PAGE, STATE)]
    name = state_scenario(abbr).name
    st.session_state[key_of(PAGE, START_FROM)] = name
    # The state's own fields are laid anew; prices, uptake and budget rules stay as typed.
    laid = st.session_state.get(key_of(PAGE, LAID))
    if laid:
        laid[START_FROM] = name


def _coverage(form: Form, scenario: StateScenario) -> None:
    with st.expander("Coverage today"):
        stance = form.word("state.stance", STANCES)
        if stance == "ending":
            form.month(
                "state.coverage_ends",
                "Last month covered when staying out",
                scenario.state.coverage_ends,
                "Covered to its last day.",
                last=True,
            )
        if stance != "not_covering":
            form.number("state.months_covered")
            form.number("state.own_net_price")
            form.number("state.own_uptake_ratio")


def _enrollment(form: Form, scenario: StateScenario) -> None:
    register = form.ground.register
    row = register.tree.states[scenario.state.abbr]
    missing = gaps(scenario, register)
    with st.expander("Enrollment", expanded=bool(missing)):
        counted, divided = (
            f"[{plain(source.publisher)}]({source.url})" if source.url else plain(source.publisher)
            for source in (register.tree.sources[row[f"{kind}_source"]]
                           for kind in ("enrollment", "groups"))
        )  # fmt: skip
        period = dt.date.fromisoformat(f"{row['enrollment_period']}-01")
        st.caption(
            f"Preset: {period:%B %Y}, {plain(row['enrollment_status'])} ({counted}); adults divided"
            f" as in 2022 ({divided}). An empty field takes the preset back."
        )
        for name in GROUPS:
            _group(form, name, missing=f"groups.{name}.enrollment" in missing)
        form.group("groups")
        st.markdown("**All groups**")
        form.number("state.obesity_share", hint=GAP)
        for key in (
            "prevalence_ratio",
            "newly_eligible_share_of_obese",
            "managed_care_share",
            "enrollment_trend",
            "work_requirement_expansion_loss",
        ):
            form.number(f"assumptions.coverage.{key}")
        form.word("state.accept_gaps")


def _group(form: Form, name: str, *, missing: bool) -> None:
    """A group's fields, folded behind its name and number."""
    path = f"groups.{name}"
    value = form.entry(f"{path}.enrollment")[2]
    usual = "" if value is None else f"{value:,.0f}"
    text = form.text(f"{path}.enrollment", usual).strip()
    if text.isdigit():
        text = f"{int(text):,}"
    included = form.text(f"{path}.included", form.usual(f"{path}.included")) != NO
    says = plain(text or usual) if included else "left out"
    if included and not (text or usual):
        says = ":orange-badge[gap]"
    with st.expander(
        f"**{GROUP_NAMES[name]}**: {says}", type="compact", key=form.key(path), expanded=missing
    ):
        form.number(f"{path}.enrollment", "Enrollment (people)", hint=GAP)
        form.word(f"{path}.included")
        form.number(f"{path}.eligible_share", hint="as computed from obesity")
        form.number(f"{path}.managed_share", hint="as for all groups")
        form.number(f"{path}.trend", hint="as for all groups")
        form.word(f"{path}.supplemental_eligible")


def _drug_price(form: Form) -> None:
    with st.expander("Drug price"):
        form.number("terms.guaranteed_net_price")
        st.markdown("**Rebates today**")
        rebates = "assumptions.rebates"
        form.number(f"{rebates}.amp_share_of_list")
        form.number(f"{rebates}.best_price_share_of_amp")
        form.word(f"{rebates}.mfp_sets_best_price")
        form.number(f"{rebates}.base_amp_ratio")
        form.number(f"{rebates}.own_supplemental_share")
        form.number("state.rebate_share_of_gross")
        form.number(f"{rebates}.share_340b")
        st.markdown("**What a fill costs before rebates**")
        form.number(f"{rebates}.ingredient_share_of_list")
        form.number(f"{rebates}.dispensing_fee")
        products = products_mix(form)
        st.markdown("**List prices**")
        for product in products:
            form.number(f"assumptions.drugs.{product}_list_price")


def _uptake(form: Form) -> None:
    with st.expander("Uptake and adherence"):
        chosen = form.word("uptake.form", FORMS)
        if chosen == "share_of_eligibles":
            by_year(form, "assumptions.coverage.initiation")
        elif chosen == "fills_per_1000":
            form.numbers(
                "uptake.quarterly_fills_per_1000",
                "Own fills per 1,000 enrollees, by quarter since coverage began",
                "Paste one number a line; the last one holds. Empty: what other states saw.",
                "empty: as observed in other states",
            )
        else:
            form.numbers(
                "uptake.monthly_fills",
                "Own fills by month from the first month",
                "Paste one number a line, all enrollees together; the last one holds.",
                "one number a line",
            )
        adherence(form)
        form.number("assumptions.coverage.churn_monthly")


def _budget(form: Form) -> None:
    with st.expander("Budget"):
        form.number("state.fmap", hint=GAP)
        form.number("state.fiscal_year_start_month", hint=GAP)
        for path in (
            "coverage.capitation_load",
            "coverage.premium_tax",
            "coverage.months_until_rebased",
            "coverage.priced_fills_share",
            "rebates.rebate_lag_quarters",
            "coverage.administration_fixed",
            "coverage.administration_match",
            "coverage.prior_authorization_cost",
            "coverage.prior_authorization_match",
        ):
            form.number(f"assumptions.{path}")
        medical_effect(form)
        form.number("assumptions.coverage.capture_lag_months")
        form.number("assumptions.payment.discount_rate")
        first, last = form.ground.first, form.ground.last
        form.month(START, "First month", first, "From the model's start on.", last=False)
        form.month(END, "Last month", last, f"Up to {last:%B %Y}.", last=True)
