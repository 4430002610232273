"""What a drug plan's page asks for."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable
from typing import Any

import streamlit as st

from calculator.errors import InputError
from calculator.scenario import PlanScenario
from calculator.schema import Assumption, Dated, Scalar
from calculator.ui.form import Form, offered
from calculator.ui.inputs_shared import (
    adherence,
    by_year,
    medical_effect,
    products_mix,
    terms_package,
)
from calculator.ui.sidebar import END, START, Frame, inputs
from calculator.ui.widgets import bare

FIRST_OFFERED = "pdp_regional"
FORM = "part_d"
MOVING = (
    "assumptions.selection.movers",
    "assumptions.selection.mover_initiation",
    "assumptions.selection.bridge_movers_ratio",
    "assumptions.selection.joining_share",
    "assumptions.selection.capture",
)


def sidebar() -> Form:
    """Draw the inputs; the form says what they come to."""
    names = offered("part_d")
    ordered = {FIRST_OFFERED: names[FIRST_OFFERED], **names}
    with inputs(Frame(FORM, "", ordered)) as form:
        scenario = form.ground.scenario
        assert isinstance(scenario, PlanScenario)
        _enrollment(form)
        _drug_price(form, scenario)
        with st.expander("Adherence"):
            adherence(form)
            by_year(form, "assumptions.uptake.initiation")
            form.number("assumptions.uptake.bridge_conversion")
        _terms(form)
        _pricing(form, scenario)
        with st.expander("Medical costs"):
            medical_effect(form)
            form.number("plan.retained_share")
            form.number("plan.part_c_coding")
        if scenario.plan.type != "egwp":
            with st.expander("Members who come"):
                for path in MOVING:
                    form.number(path)
                form.word("selection.include")
    return form


def _enrollment(form: Form) -> None:
    with st.expander("Enrollment"):
        for path in (
            "plan.members",
            "plan.member_trend",
            "plan.lis_share",
            "plan.risk_score",
            "plan.spend_ratio",
            "assumptions.uptake.eligible_share",
            "plan.bid",
        ):
            form.number(path)


def _drug_price(form: Form, scenario: PlanScenario) -> None:
    register = form.ground.register
    with st.expander("Drug price"):
        form.number("terms.guaranteed_net_price")
        form.word("terms.net_includes_discount")
        products = products_mix(form)
        st.markdown("**What a fill costs before rebates**")
        for product in products:
            price = f"assumptions.drugs.{product}"
            selected = register.word(f"{price}_class", form.ground.first) == "selected"
            form.number(f"{price}_{'maximum_fair_price' if selected else 'list_price'}")
        st.markdown("**Your own prices today**")
        for path in register.entries:
            if path.startswith("assumptions.drugs.") and path.endswith("_net_price"):
                form.number(path)
        if scenario.own_coverage is not None:
            for path in register.entries:
                if path.startswith("own_coverage."):
                    form.number(path)


def _terms(form: Form) -> None:
    register = form.ground.register
    with st.expander("Terms"):
        terms_package(form)
        form.number("terms.copay")
        form.word("terms.lis_rule")
        form.word("terms.existing_users")
        # Levers with parts of their own are the incentives.
        parts = [path for path in register.entries if path[:6] == "terms." and path.count(".") > 1]
        for lever, of_lever in itertools.groupby(parts, key=lambda path: path.split(".")[1]):
            st.markdown(f"**{lever.replace('_', ' ').capitalize()}**")
            for path in of_lever:
                if register.entries[path].kind == "number":
                    form.number(path)
                else:
                    form.word(path)


def _pricing(form: Form, scenario: PlanScenario) -> None:
    with st.expander("Pricing"):
        if scenario.plan.type != "egwp":
            form.number("assumptions.payment.priced_share")
        form.number("assumptions.payment.administration_and_margin")
        form.number("assumptions.payment.discount_rate")
        first, last = form.ground.first, form.ground.last
        for path, label, day in ((START, "First plan year", first), (END, "Last plan year", last)):
            form.number(
                path,
                label,
                _plan_year(path, day.year),
                day.year,
                Assumption(
                    label=label,
                    unit="year",
                    note="Plan years are calendar years.",
                    values={dt.date.min: Dated(value=day.year, status="user", source="user")},
                ),
            )
        for path in (
            "plan.national_weight",
            "plan.auto_assigned_share",
            "plan.benchmark_headroom",
            "plan.low_income_benchmark",
            "plan.rebate_funded_share",
        ):
            form.number(path)


def _plan_year(path: str, example: int) -> Callable[[Scalar], tuple[str, Any]]:
    """A plan year as the scenario's date: its first day for the start, its last for the end."""
    day = "01-01" if path == START else "12-31"

    def sets(value: Scalar) -> tuple[str, Any]:
        number = value if isinstance(value, float) else 0.0
        if not (number.is_integer() and dt.MINYEAR <= number <= dt.MAXYEAR):
            raise InputError(path, f"a plan year, such as {example}", bare(value))
        return path, f"{int(number):04d}-{day}"

    return sets
