"""How large a loss can be, on the page of uncertainty: the user's limits, corridor, reinsurance."""

from __future__ import annotations

import numpy as np
import streamlit as st

from calculator.drawn import Uncertain, over_limits
from calculator.errors import InputError
from calculator.model import risk
from calculator.model.arrays import Array
from calculator.report.drawn import PROTECTIONS
from calculator.report.table import cents
from calculator.report.words import dollars, share
from calculator.result import Decision
from calculator.schema import Assumption
from calculator.ui import parts
from calculator.ui.parts import section, unbroken
from calculator.ui.widgets import about, mark, plain, say, shown, typed

AS_SETTLED = "as settled"
NOTHING = 0.005  # USD PMPM


def draw(found: Uncertain, decision: Decision) -> None:
    """How often the loss passes the user's limits, and what protects against it."""
    place = st.container()
    usd, part = _limits(found, decision)
    with place:
        section(title(found, usd, part))
        st.markdown(plain(unbroken(meaning(found))))
    if found.without:
        table = rows(found, usd, part)
        own = len(table[0]) > len(HEAD)
        parts.texts(table, [*HEAD, OWN] if own else HEAD)
        st.caption(plain(NOTE + OWN_NOTE if own else NOTE))
    if found.inside_corridor:
        st.markdown(plain(inside(found)))


HEAD = ["", "Pays", "Worst 5%, PMPM", "Over USD", "Over share"]
NOTE = (
    "The same draws, settled again: without a protection the plan carries the cost and prices it as"
    " the rest. Pays: share of draws in which joining pays. Worst 5%: their mean value. Over: share"
    " of draws that lose more than each limit."
)


OWN = "Own result"
OWN_NOTE = (
    " Own result: the worst 5% of the plan's own result when joining, PMPM. A protection that it"
    " has when staying out too can save that and leave the value of joining as it is."
)


def _limits(found: Uncertain, decision: Decision) -> tuple[float, float]:
    """Both limits as typed; where one is wrong it says so, and the last right one holds."""
    payer = "state" if decision.scenario.program == "medicaid" else "plan"
    columns = st.columns(2)
    numbers = []
    for column, unit, label, usual in (
        (columns[0], "usd", "A loss of more than (USD over the horizon)", found.limits.usd),
        (columns[1], "share", f"or more than (% of {found.limits.against})", found.limits.share),
    ):
        path = f"assumptions.uncertainty.{payer}_loss_{unit}"
        entry = decision.register.entries[path]
        with column:
            numbers.append(_limit(path, label, entry, usual, decision))
    return numbers[0], numbers[1]


def _limit(path: str, label: str, entry: Assumption, usual: float, decision: Decision) -> float:
    key = f"losses.{path}"
    text = share(usual) if entry.unit.startswith("share") else shown(usual)
    st.session_state.setdefault(key, text)
    dated = entry.values[max(entry.values)]
    given = st.text_input(
        plain(label),
        key=key,
        help=about(entry, dated, decision.register.tree),
        autocomplete="off",
        persist_state="session",
    )
    try:
        number = typed("loss", entry, _per_cent(given or "", entry))
    except InputError as error:
        say(st, error)
        return float(st.session_state.get(f"{key}.last", usual))
    assert isinstance(number, float | int)
    if (given or "").strip() == text:
        mark(st, dated.status.replace("_", " "), plain(entry.note or ""))
        number = usual
    else:
        mark(st, "changed")
    st.session_state[f"{key}.last"] = float(number)
    return float(number)


def _per_cent(text: str, entry: Assumption) -> str:
    """A share is asked for in per cent, so a bare number is one."""
    bare = text.strip()
    return f"{bare}%" if entry.unit.startswith("share") and bare and "%" not in bare else bare


def title(found: Uncertain, usd: float, part: float) -> str:
    """The finding in one sentence: how often the loss passes each limit."""
    over, beyond = over_limits(found.total, found.base.sum(axis=1), usd, part)
    return (
        f"In {share(over)} of draws joining loses more than {dollars(usd)}, and in {share(beyond)}"
        f" more than {share(part)} of {found.limits.against}."
    )


def meaning(found: Uncertain) -> str:
    """What protections do to the bad draws, in a sentence or two."""
    if not found.without:
        return (
            "A state has neither corridor nor reinsurance: its loss is its own. The federal match"
            " is in every draw."
        )
    now = _worst(found, found.value)
    said = []
    for name, label in PROTECTIONS.items():
        if name not in found.without:
            continue
        less = _worst(found, found.without[name])
        what = label.removeprefix("without ")
        if abs(less - now) < NOTHING:
            said.append(f"{what} changes nothing")
        else:
            does = "softens" if less < now else "deepens"
            said.append(f"{what} {does} it by {dollars(abs(now - less), 2)}")
    text = f"The worst 5% of draws average {cents(now, 2)} PMPM: {'; '.join(said)}."
    deepens = "without_reinsurance" in found.without and (
        _worst(found, found.without["without_reinsurance"]) > now + NOTHING
    )
    if deepens:
        text += " Rebates that come with joining lower the cost that Medicare reinsures."
    return text


def _worst(found: Uncertain, value: Array) -> float:
    """Mean of the worst 5% of draws, USD PMPM."""
    return float(risk.worst_mean(value.sum(axis=1) / found.member_months.sum(axis=1)))


def rows(found: Uncertain, usd: float, part: float) -> list[tuple[str, ...]]:
    """The tail as it is and without each protection; the plan's own too, where that is another."""
    kinds = ["as_settled", *(name for name in PROTECTIONS if name in found.without)]
    values = [found.without.get(name, found.value) for name in kinds]
    owns = [_worst(found, found.joined[name]) for name in kinds]
    worst = [_worst(found, value) for value in values]
    alike = all(abs(a - b) < NOTHING for a, b in zip(owns, worst, strict=True))
    table: list[tuple[str, ...]] = []
    for name, value, tail, own in zip(kinds, values, worst, owns, strict=True):
        total = value.sum(axis=1)
        over, beyond = over_limits(total, found.base.sum(axis=1), usd, part)
        label = PROTECTIONS.get(name, AS_SETTLED)
        row = (
            label[:1].upper() + label[1:],
            share(float(risk.pays(total))),
            unbroken(cents(tail, 2)),
            share(over),
            share(beyond),
        )
        table.append(row if alike else (*row, unbroken(cents(own, 2))))
    return table


def inside(found: Uncertain) -> str:
    """How often the corridor shares nothing."""
    join, out = (found.inside_corridor[name] for name in ("join", "stay_out"))
    known = {1.0: "In every draw and year", 0.0: "In no draw and year"}
    which = known.get(join, f"In {share(join)} of draws and years")
    alike = "as it does when staying out" if np.isclose(join, out) else (
        f"against {share(out)} when staying out"
    )  # fmt: skip
    return (
        f"{which} the plan's cost stays inside the corridor's first threshold (5% in the statute),"
        f" {alike}: a miss that small is the plan's own."
    )
