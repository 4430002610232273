"""The inputs every page shares, in the sidebar; what differs from the default is in the address."""

from __future__ import annotations

import datetime as dt
import itertools
import json
from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from calculator.assumptions import Assumption, Dated, Register, Scalar
from calculator.errors import InputError
from calculator.ui.form import PACKAGE, Form, bare, ground, offered
from calculator.ui.widgets import NO, NONE, YES, choice_field, plain

START_FROM, FIRST_OFFERED = "scenario", "pdp_regional"
LAID, KEPT = "_laid", "_kept"
PROGRAMS = {"part_d": "Medicare Part D"}
POINTS, POINT_MONTH = "therapy.persistence_points", 12
START, END = "horizon.start", "horizon.end"


def sidebar() -> Form:
    """Draw the inputs; the form says what they come to."""
    with st.sidebar:
        st.selectbox("Program", list(PROGRAMS), format_func=PROGRAMS.__getitem__, key="program")
        form = _start()
        _enrollment(form)
        _drug_price(form)
        _adherence(form)
        _terms(form)
        _pricing(form)
        _medical(form)
        _kept(form)
        _changed(form)
    return form


def _start() -> Form:
    """The scenario to start from, and whether its fields are laid anew.

    An address that says something else than the last one drawn comes from a link, or from going
    back, and is followed; one that says nothing belongs to another page.
    """
    address = {key: st.query_params[key] for key in st.query_params}
    laid: dict[str, Any] = st.session_state.get(LAID) or {}
    linked = bool(address) and address != laid.get("address")
    fresh = linked or not laid
    unknown = None
    if fresh:
        wanted = address.get(START_FROM, st.session_state.get(START_FROM, FIRST_OFFERED))
        unknown = wanted if wanted not in offered() else None
        st.session_state[START_FROM] = FIRST_OFFERED if unknown else wanted
    name = choice_field("Start from", START_FROM, list(offered()), None, offered())
    st.caption(plain(offered()[name]))
    place = st.empty()

    fresh = fresh or name != laid.get("scenario")
    packages = ground(name, None).register.tree.terms
    own = str(ground(name, None).scenario.terms["package"])
    package = st.session_state.get(PACKAGE, own)
    if fresh:
        package = address.get(PACKAGE, own) if linked else own
    strange = package if package not in packages else None
    if strange:
        package = own
    if fresh:
        st.session_state[PACKAGE] = package
        st.session_state[KEPT] = {}
    form = Form(
        ground=ground(name, package),
        fresh=fresh,
        fresh_terms=fresh or package != laid.get("package"),
        address=address if linked else {},
    )
    form.address = {k: v for k, v in form.address.items() if k not in (START_FROM, PACKAGE)}
    form.places[START_FROM] = place
    if unknown:
        form.refuse(InputError(START_FROM, "one of " + ", ".join(offered()), unknown))
    if package != own:
        form.changed[PACKAGE] = package
    if strange:
        form.address[PACKAGE] = strange
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


def _drug_price(form: Form) -> None:
    register = form.ground.register
    with st.expander("Drug price"):
        form.number("terms.guaranteed_net_price")
        form.word("terms.net_includes_discount")
        products = [
            path.split(".")[-1].removesuffix("_trial_loss")
            for path in register.entries
            if path.endswith("_trial_loss")
        ]
        st.markdown("**Products, share of starters**")
        mix = form.ground.scenario.therapy.mix
        some = register.entries[f"therapy.mix.{next(iter(mix))}"]
        for product in products:
            path = f"therapy.mix.{product}"
            label = register.entries[f"assumptions.clinical.{product}_trial_loss"].label
            entry = register.entries.get(path, some)
            form.number(path, plain(label.split(",")[0]), None, mix.get(product, 0.0), entry)
        form.group("therapy.mix")
        st.markdown("**What a fill costs before rebates**")
        for product in products:
            price = f"assumptions.drugs.{product}"
            selected = register.word(f"{price}_class", form.ground.first) == "selected"
            form.number(f"{price}_{'maximum_fair_price' if selected else 'list_price'}")
        st.markdown("**Your own prices today**")
        for path in register.entries:
            if path.startswith("assumptions.drugs.") and path.endswith("_net_price"):
                form.number(path)
        if form.ground.scenario.own_coverage is not None:
            for path in register.entries:
                if path.startswith("own_coverage."):
                    form.number(path)


def _adherence(form: Form) -> None:
    register = form.ground.register
    with st.expander("Adherence"):
        entry, _, _ = form.entry("therapy.curve")
        labels = {
            curve: register.entries[f"assumptions.persistence.{curve}_kappa"].label
            for curve in entry.choices or ()
        }
        form.word("therapy.curve", {key: text.rpartition(",")[0] for key, text in labels.items()})
        points = form.ground.scenario.therapy.persistence_points or {}
        form.number(
            f"{POINTS}.{POINT_MONTH}",
            f"Own share still on therapy at {POINT_MONTH} months (share; none: the curve above)",
            lambda value: (POINTS, None if value is None else {POINT_MONTH: value}),
            points.get(POINT_MONTH),
            Assumption(
                label=f"Still on therapy at {POINT_MONTH} months",
                unit="share",
                bounds=(0.0, 1.0),
                optional=True,
                note="Before the effects of age and dual eligibility below.",
                values={dt.date.min: Dated(status="user", source="user")},
            ),
        )
        form.word("therapy.age_65_effect")
        form.word("therapy.dual_effect")
        form.number("assumptions.persistence.fills_per_month")
        starts = register.entries["assumptions.uptake.initiation"]
        st.markdown(f"**{plain(starts.label)}**")
        for day in starts.values:
            path = f"assumptions.uptake.initiation.{day.isoformat().replace('-', '_')}"
            form.number(path, f"{day.year} (share)")
        form.group("assumptions.uptake.initiation")
        form.number("assumptions.uptake.bridge_conversion")


def _terms(form: Form) -> None:
    register = form.ground.register
    with st.expander("Terms"):
        labels = {name: terms.label for name, terms in register.tree.terms.items()}
        note = register.tree.terms[str(form.ground.scenario.terms["package"])].note
        choice_field("Terms package", PACKAGE, list(labels), plain(note), labels)
        form.group(PACKAGE)
        form.number("terms.copay")
        form.word("terms.lis_rule")
        form.word("terms.existing_users")
        # Levers with parts of their own are the incentives.
        parts = [path for path in register.entries if path[:6] == "terms." and path.count(".") > 1]
        for lever, of_lever in itertools.groupby(parts, key=lambda path: path.split(".")[1]):
            st.markdown(f"**{lever.replace('_', ' ').capitalize()}**")
            for path in of_lever:
                number = register.entries[path].kind == "number"
                (form.number if number else form.word)(path)


def _pricing(form: Form) -> None:
    with st.expander("Pricing"):
        if form.ground.scenario.plan.type != "egwp":
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


def _medical(form: Form) -> None:
    register = form.ground.register
    with st.expander("Medical costs"):
        entry, _, _ = form.entry("therapy.offsets")
        form.word("therapy.offsets", offset_names(register, entry.choices or ()))
        form.number("plan.retained_share")
        form.number("plan.part_c_coding")


def offset_names(register: Register, scenarios: Sequence[str]) -> dict[str, str]:
    """What the medical cost effects are called: CBO, Cost rise, No offset."""
    labels = {
        name: register.entries[f"assumptions.offsets.{name}_first_year"].label for name in scenarios
    }
    return {name: label.rpartition(",")[0] for name, label in labels.items()}


def _kept(form: Form) -> None:
    """What a link sets beyond the fields: checked like them, kept until the next reset."""
    if form.address:
        st.session_state[KEPT] = dict(form.address)
    form.group("")
    for path, text in st.session_state.get(KEPT, {}).items():
        form.settings[path] = _plain_value(text)
        form.changed[path] = text


def _plain_value(text: str) -> Any:
    if text in (NONE, YES, NO):
        return {NONE: None, YES: True, NO: False}[text]
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def _changed(form: Form) -> None:
    """How much differs from the default, the way back, and the address that reopens it."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"Changed from default: **{len(form.changed)}**", width="stretch")
        st.button("Reset", on_click=_reset, disabled=not form.changed, key="reset")
    name = st.session_state[START_FROM]
    address = {START_FROM: name, **form.changed}
    if {key: st.query_params[key] for key in st.query_params} != address:
        st.query_params.from_dict(address)
    st.session_state[LAID] = {
        "scenario": name,
        "package": st.session_state[PACKAGE],
        "address": address,
    }


def _reset() -> None:
    """Every field back to the scenario it started from."""
    st.session_state[LAID] = None
    st.query_params.clear()
