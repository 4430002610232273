"""What moves the value, on the page of uncertainty: the tornado and the map over two inputs."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
import streamlit as st

from calculator.analysis.draws import uncertain_inputs
from calculator.analysis.sensitivity import Bar, Tornado, breakeven, own_value, tornado
from calculator.analysis.threshold import Axis, threshold
from calculator.errors import InputError
from calculator.register import Register
from calculator.report import figures_sensitivity as figures
from calculator.report import figures_threshold as maps
from calculator.report.figures_sensitivity import Moved
from calculator.report.figures_threshold import Crossed, Side
from calculator.report.table import cents
from calculator.report.uncertainty import amount, tornado_sentence
from calculator.result import Decision
from calculator.scenario import PlanScenario, Scenario
from calculator.ui import parts
from calculator.ui.downloads import download, file_name
from calculator.ui.parts import section, unbroken
from calculator.ui.widgets import choice_field, mark, plain, say, theme

POINTS = 21  # of each side of the map
MOST_LINES = 13  # of a table in sight
# Statuses that a reader must know beside the number.
MARKED = ("assumed", "illustrative", "not_published")
NET_PRICE = "terms.guaranteed_net_price"
FIRST_PLAN = ("terms.obesity_capitation.amount", "terms.extra_reinsurance.share")
MATURE_USE = "assumptions.coverage.fills_per_1000_q8"
STARTERS = "assumptions.coverage.initiation"
FULL_RANGE = (0.0, 1.0)
OFFERED = ("plan.", "state.")  # fields of a scenario that a map may be over, beside the levers


# ------------------------------------------------------------------------------------ the tornado


@st.cache_resource(max_entries=64, show_spinner="Every input is moved over its own range.")
def moved(content: str, _scenario: Scenario) -> Tornado:
    """The tornado, once for each content of a scenario."""
    return tornado(_scenario)


def draw_tornado(content: str, decision: Decision) -> None:
    """Each input over its own range: the widest as bars, all of them as a table and a file."""
    found = moved(content, decision.scenario)
    rows = [_row(bar) for bar in found.bars]
    title, more = parts.split(tornado_sentence(found))
    section(unbroken(title))
    if more:
        st.markdown(plain(more))
    parts.picture(
        figures.tornado_figure(rows, found.pmpm, theme()),
        f"{title} {figures.tornado_alt(rows, found.pmpm)}",
        figures.TORNADO_NOTE,
        "tornado",
    )
    _without_range(found)
    with st.expander(f"All {len(found.bars)} inputs with a range"):
        _table(found)
    download(
        "Tornado as CSV",
        tornado_frame(found),
        file_name(decision.scenario.name, "tornado", decision.fingerprint[:8]),
        "tornado.file",
    )


def _row(bar: Bar) -> Moved:
    return Moved(
        label=bar.label,
        low=amount(bar.low, bar.unit),
        high=amount(bar.high, bar.unit),
        at_low=bar.pmpm_at_low,
        at_high=bar.pmpm_at_high,
        badge=bar.status.replace("_", " ") if bar.status in MARKED else "",
    )


def _without_range(found: Tornado) -> None:
    """Levers that nobody published a number for, so that no range could move them."""
    if not found.without_range:
        return
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        mark(st, "not published")
        names = "; ".join(
            f"{_lever(one.path, one.label)} ({amount(one.value, one.unit)} here)"
            for one in found.without_range
        )
        st.caption(plain(f"No number and so no range, and not in the picture: {names}."))


def tornado_frame(found: Tornado) -> pd.DataFrame:
    """Every bar, unrounded: what was moved, over what range, and the value at both ends."""
    return pd.DataFrame(
        [
            {
                "path": bar.path,
                "input": bar.label,
                "unit": bar.unit,
                "status": bar.status,
                "own": bar.own,
                "low": bar.low,
                "high": bar.high,
                "value_pmpm_at_low": bar.pmpm_at_low,
                "value_pmpm_at_high": bar.pmpm_at_high,
                "value_usd_at_low": bar.total_at_low,
                "value_usd_at_high": bar.total_at_high,
                "turns": bar.turns(found.total),
            }
            for bar in found.bars
        ]
    )


def _table(found: Tornado) -> None:
    frame = pd.DataFrame(
        [
            (
                bar.label,
                amount(bar.low, bar.unit),
                amount(bar.own, bar.unit),
                amount(bar.high, bar.unit),
                bar.pmpm_at_low,
                bar.pmpm_at_high,
                bar.width,
                "yes" if bar.turns(found.total) else "",
                bar.status.replace("_", " "),
            )
            for bar in found.bars
        ],
        columns=["Input", "From", "Here", "To", "Value at from", "Value at to", "Apart", "Turns",
                 "Status"],
    )  # fmt: skip
    write: Callable[[float], str] = lambda usd: cents(usd, 2)  # noqa: E731
    written: dict[Any, Any] = {"Value at from": write, "Value at to": write, "Apart": write}
    st.dataframe(
        frame.style.format(written),
        hide_index=True,
        height=parts.table_height(len(frame), MOST_LINES),
        column_config={
            "Input": st.column_config.Column(pinned=True, width=190),
            "Value at from": st.column_config.Column(help="USD PMPM"),
            "Value at to": st.column_config.Column(help="USD PMPM"),
            "Apart": st.column_config.Column(help="Between both values, USD PMPM"),
            "Turns": st.column_config.Column(help="Joining pays at one end and not at the other"),
        },
        alt="Every input with a range: its ends, and the value of joining at each of them.",
        key="tornado.table",
    )


# ---------------------------------------------------------------------------------------- the map


@st.cache_resource(max_entries=128, show_spinner="The map is run.")
def crossed(
    content: str, _scenario: Scenario, x: str, y: str, _names: Mapping[str, str]
) -> Crossed:
    """The map over two inputs, once for each content of a scenario. _names: of the inputs."""
    own = own_ranges(content, _scenario)
    ranges = {path: own.get(path) or _range(_scenario, path) for path in (x, y)}
    found = threshold(_scenario, x, y, x_range=ranges[x], y_range=ranges[y], points=POINTS)
    return Crossed(
        _side(_scenario, found.x, _names[x]),
        _side(_scenario, found.y, _names[y]),
        found.value.T,
        found.own,
    )


def draw_map(content: str, decision: Decision) -> None:
    """Two pickers, and the value over what they name."""
    names = inputs_of(content, decision)
    first = _first(decision, names)
    place = st.container()
    left, right = st.columns(2)
    with left:
        x = _pick("Across", "x", decision, names, first[0])
    with right:
        y = _pick("Upwards", "y", decision, names, first[1])
    try:
        if x == y:
            raise InputError("upwards", "another input than across", names[y])
        found = crossed(content, decision.scenario, x, y, names)
    except InputError as error:
        say(st, error)
        last: tuple[str, str] = st.session_state.get(_key(decision, "last"), first)
        if (x, y) == last or not set(last) <= set(names):
            return
        st.caption(plain(f"The map above is over {names[last[0]]} and {names[last[1]]}."))
        found = crossed(content, decision.scenario, last[0], last[1], names)
    else:
        st.session_state[_key(decision, "last")] = (x, y)
    title = maps.map_title(found)
    with place:
        section(unbroken(title))
        parts.picture(
            maps.map_figure(found, theme()),
            f"{title} {maps.map_alt(found)}",
            maps.map_note(found),
            "map",
        )


def inputs_of(content: str, decision: Decision) -> dict[str, str]:
    """What a map may be over: path -> name. Levers first, then what is uncertain, then the rest."""
    register = decision.register
    numbers = [
        path
        for path, entry in register.entries.items()
        if entry.kind == "number" and entry.bounds and path in register.read
        and not math.isnan(own_value(register, path))
    ]  # fmt: skip
    levers = {path: _lever(path, register.entries[path].label, register)
              for path in numbers if path.startswith("terms.")}  # fmt: skip
    uncertain = {
        path: register.entries[register.locate(path)[0]].label
        for path in own_ranges(content, decision.scenario)
    }
    own = {path: register.entries[path].label for path in numbers if path.startswith(OFFERED)}
    return {**levers, **uncertain, **{k: v for k, v in own.items() if k not in uncertain}}


@st.cache_resource(max_entries=64, show_spinner=False)
def own_ranges(content: str, _scenario: Scenario) -> dict[str, tuple[float, float]]:
    """The range of each uncertain input that can be moved alone: path -> low, high.

    Read once for each content of a scenario.

    An entry with a range on one date is moved on that date, and what grows from it with it; one
    with several dates on all of them, over all their ranges. What moves with another input can be
    moved alone here.
    """
    register = _scenario.register()
    found: dict[str, list[tuple[str, float, float]]] = {}
    for one in uncertain_inputs(_scenario):
        for (path, _, spread), limits in zip(one.parts, one.limits, strict=True):
            entry = register.locate(path)[0]
            ends = (max(spread.low, limits[0]), min(spread.high, limits[1]))
            found.setdefault(entry, []).append((path, *ends))
    return {
        parts_[0][0] if len(parts_) == 1 else entry: (
            min(low for _, low, _ in parts_),
            max(high for _, _, high in parts_),
        )
        for entry, parts_ in found.items()
    }


def _lever(path: str, label: str, register: Register | None = None) -> str:
    """A lever by its own name; with the part's where it has several numbers.

    >>> _lever("terms.obesity_capitation.amount", "Added monthly payment for obesity")
    'Obesity capitation'
    >>> _lever("terms.copay", "Member copay")
    'Member copay'
    """
    words = path.split(".")
    if len(words) < 3:
        return label
    name = words[1].replace("_", " ").capitalize()
    beside = [
        other
        for other, entry in (register.entries if register else {}).items()
        if other.startswith(f"terms.{words[1]}.") and entry.kind == "number"
    ]
    return f"{name}: {label[:1].lower()}{label[1:]}" if len(beside) > 1 else name


def _first(decision: Decision, names: Mapping[str, str]) -> tuple[str, str]:
    """What the map is over at first."""
    if isinstance(decision.scenario, PlanScenario):
        return FIRST_PLAN
    return NET_PRICE, next(path for path in (MATURE_USE, STARTERS, *names) if path in names)


def _pick(label: str, side: str, decision: Decision, names: Mapping[str, str], first: str) -> str:
    key = _key(decision, side)
    if st.session_state.get(key) not in names:
        st.session_state[key] = first
    return choice_field(label, key, list(names), None, names, search=True)


def _key(decision: Decision, name: str) -> str:
    return f"map.{decision.scenario.program}.{name}"


def _range(scenario: Scenario, path: str) -> tuple[float, float]:
    """Where a side of the map runs for an input without a range: about its break-even."""
    register = scenario.register()
    floor, ceiling = register.bounds(path)
    if (floor, ceiling) == FULL_RANGE:
        return FULL_RANGE
    own, root = own_value(register, path), _root(scenario, path, floor, ceiling)
    ends = [own] if root is None else sorted((own, root))
    return around(ends[0], ends[-1], floor, ceiling)


def around(low: float, high: float, floor: float, ceiling: float) -> tuple[float, float]:
    """Round values on both sides of two, half of what lies between them away, within bounds.

    >>> around(0.0, 38.2, 0.0, 2000.0), around(245.0, 245.0, 1.0, 2000.0)
    ((0.0, 60.0), (100.0, 400.0))
    """
    wide = high - low or abs(low) or ceiling - floor
    step = 10.0 ** math.floor(math.log10(wide))
    first = math.floor((low - wide / 2) / step) * step
    last = math.ceil((high + wide / 2) / step) * step
    return max(floor, first), min(ceiling, last)


def _root(scenario: Scenario, path: str, low: float, high: float) -> float | None:
    """Where an input alone breaks even; none where it does not, or nothing can be run so far."""
    own = own_value(scenario.register(), path)
    for end in (high, min(high, 2.0 * own)):
        try:
            return breakeven(scenario, path, low, end).root
        except InputError:
            continue
    return None


def _side(scenario: Scenario, axis: Axis, name: str) -> Side:
    """A side of the map with where its input alone breaks even."""
    low, high = float(axis.values[0]), float(axis.values[-1])
    own = None if math.isnan(axis.own) else axis.own
    unit = axis.unit.partition(";")[0]
    try:
        turn = breakeven(scenario, axis.path, low, high)
    except InputError:
        return Side(name, unit, axis.values, own)
    return Side(name, unit, axis.values, own, turn.root, not turn.pays_below)
