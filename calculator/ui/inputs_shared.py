"""Fields of several programs: products, persistence, terms, and shares by year."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import streamlit as st

from calculator.register import Register
from calculator.schema import Assumption, Dated
from calculator.ui.form import PACKAGE, Form
from calculator.ui.sidebar import labelled_choice
from calculator.ui.widgets import plain

POINTS, POINT_MONTH = "therapy.persistence_points", 12


def products_mix(form: Form) -> list[str]:
    """The share of each product among starters; the products."""
    register = form.ground.register
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
    return products


def adherence(form: Form) -> None:
    """How long people stay on therapy."""
    register = form.ground.register
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


def by_year(form: Form, path: str) -> None:
    """A share for each year."""
    entry = form.ground.register.entries[path]
    st.markdown(f"**{plain(entry.label)}**")
    for day in entry.values:
        form.number(f"{path}.{day.isoformat().replace('-', '_')}", f"{day.year} (share)")
    form.group(path)


def terms_package(form: Form) -> None:
    """The terms package, whose levers are laid anew with it."""
    terms = form.ground.register.tree.terms
    labels = {name: one.label for name, one in terms.items()}
    note = terms[str(form.ground.scenario.terms["package"])].note
    labelled_choice(form, PACKAGE, "Terms package", labels, plain(note))


def medical_effect(form: Form) -> None:
    """Which effect on other medical costs is taken."""
    entry, _, _ = form.entry("therapy.offsets")
    form.word("therapy.offsets", offset_names(form.ground.register, entry.choices or ()))


def offset_names(register: Register, scenarios: Sequence[str]) -> dict[str, str]:
    """What the medical cost effects are called: CBO, Cost rise, No offset."""
    labels = {
        name: register.entries[f"assumptions.offsets.{name}_first_year"].label for name in scenarios
    }
    return {name: label.rpartition(",")[0] for name, label in labels.items()}
