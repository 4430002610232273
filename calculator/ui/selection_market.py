"""The market on the page of adverse selection: sponsors, who leaves, and what terms would do."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from calculator.analysis import frontier as analysis
from calculator.analysis.frontier import Frontier
from calculator.analysis.market import Solved, launch_rule, solve_shipped
from calculator.analysis.sponsors import OPTIONAL, REQUIRED, Sponsor, plan_scenarios, read_sponsors
from calculator.assumptions import load_assumptions
from calculator.errors import InputError
from calculator.model.market import solve_market
from calculator.register import Register
from calculator.report import figures_frontier as maps
from calculator.report import figures_market as figures
from calculator.report import market as report
from calculator.report.market import Moved
from calculator.report.table import cents
from calculator.report.words import share
from calculator.ui import parts
from calculator.ui.downloads import download
from calculator.ui.parts import section
from calculator.ui.widgets import about, badges, plain, say, theme

Rows = tuple[Sponsor, ...]
RULE = "assumptions.market.launch_rule_share"
RULE_KEY, FILE_KEY = "selection:rule", "selection:sponsors"
FULLY_PRICED = "all of the cost is priced into the bid"
AS_ASSUMED = "as assumed"
SEED = 1
MOST_LINES = 16  # of a table in sight
JOINING, WILLING = "Join without a rule", "Gain if the rule is just met"
VIEWS: dict[str, maps.Shown] = {JOINING: "joining", WILLING: "willing"}


@st.cache_resource(max_entries=16, show_spinner="The sponsors are run: about two seconds.")
def _tabulated(content: str, _rows: Rows, package: str) -> Solved:
    """The market without a rule, once for each table and terms package."""
    return solve_shipped(_rows, package, None, seed=SEED)


@st.cache_resource(max_entries=64, show_spinner="The market is solved.")
def _solved(content: str, _rows: Rows, package: str, rule: float | None) -> Solved:
    """The market under a rule; what sponsors earn does not depend on it."""
    found = _tabulated(content, _rows, package)
    if rule is None:
        return found
    return replace(found, market=solve_market(found.sides.payoffs, rule, seed=SEED))


@st.cache_resource(max_entries=16, show_spinner=False)
def _kept(content: str, package: str, rule: float | None) -> dict[str, Frontier]:
    """Where frontiers of one table, package and rule are kept: label -> frontier.

    Filled by `_run`, which shows its progress: a cached function may not draw outside itself.
    """
    return {}


def draw(package: str, *, changed: bool) -> None:
    """Both sections. changed: whether terms or assumptions of the plan differ from the package."""
    register = load_assumptions(package)
    st.divider()
    rows, name, rule = _asked(register)
    solved = _solved(repr(rows), rows, package, rule)
    _market(solved, name, changed=changed)
    _frontier(solved, rows, package, rule)


def _asked(register: Register) -> tuple[Rows, str | None, float | None]:
    """The sponsors, the name of the user's own file, and the launch rule."""
    section("The market: which sponsors would join")
    left, right = st.columns([2, 3], gap="large")
    with left:
        rule = _rule(register)
    with right:
        rows, name = _sponsors()
    return rows, name, rule


def _rule(register: Register) -> float | None:
    """The launch rule as typed; the package's own where that is wrong."""
    usual = share(launch_rule(None, register) or 0.0)
    st.session_state.setdefault(RULE_KEY, usual)
    entry = register.entries[RULE]
    dated = entry.values[max(entry.values)]
    text = st.text_input(
        "Launch rule (share of enrollees, or none)",
        key=RULE_KEY,
        help=about(entry, dated, register.tree),
        autocomplete="off",
        persist_state="session",
    )
    try:
        return launch_rule((text or "").strip() or usual, register)
    except InputError as error:
        say(st, InputError("launch rule", error.allowed, error.given))
        st.caption(plain(f"The market below is under {usual}."))
        return launch_rule(None, register)


def _sponsors() -> tuple[Rows, str | None]:
    """The user's own sponsors, or the illustrative ones."""
    file = st.file_uploader(
        "Your own sponsors (CSV or xlsx)",
        type=["csv", "xlsx"],
        key=FILE_KEY,
        max_upload_size=1,
        help=plain(
            f"Columns: {', '.join(REQUIRED)}; optional {', '.join(OPTIONAL)}. scenario is one of"
            f" {', '.join(plan_scenarios())}. Nothing is kept."
        ),
    )
    if file is not None:
        try:
            return _read(file.name, file.getvalue()), file.name
        except InputError as error:
            say(st, error)
            st.caption("The market below is that of the illustrative sponsors.")
    return tuple(read_sponsors()), None


def _read(name: str, content: bytes) -> Rows:
    """Sponsors from an uploaded file, which is gone as soon as it is read."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / Path(name).name
        path.write_bytes(content)
        return tuple(read_sponsors(path))


# ------------------------------------------------------------------------------------ the market


def _market(solved: Solved, name: str | None, *, changed: bool) -> None:
    terms = solved.register.tree.terms[solved.package]
    st.markdown(plain(report.market_sentence(solved)))
    whose = (
        ("illustrative", "Sponsors are illustrative: sizes and mix are nobody's in particular")
        if name is None
        else ("changed", f"Sponsors are from {name}")
    )
    badges([whose, ("terms", f"{terms.label} ({terms.status})")])
    if changed:
        st.caption(
            "The market is under the terms package as it stands: what you changed beside it"
            " concerns your own plan only."
        )
    title = figures.rounds_title(solved)
    section(title)
    parts.picture(
        figures.rounds_figure(solved, theme()),
        f"{title} {figures.rounds_alt(solved)}",
        figures.rounds_note(solved),
        "rounds",
    )
    section("Sponsors, to be sorted by any column")
    _table(solved)
    where = "all of" if solved.market.rule is None else share(solved.market.rule) + " of"
    st.caption(
        plain(
            f"PMPM against no model, with {where} enrollees in. Tail: the mean loss in the worst"
            " 5% beyond the mean loss. Veto: without them the rule cannot be met. Belief: how"
            " likely a launch must be for applying to pay. "
            + ". ".join(report.stable_notes(solved))
            + "."
        )
    )
    with st.container(horizontal=True):
        download("Sponsors as CSV", _frame(solved), "sponsor_results.csv", "sponsors.file")
        if name is None:
            download(
                "Table to fill in", _template(solved.sponsors), "sponsors.csv", "sponsors.form"
            )
    _basis(solved.register)


def _frame(solved: Solved) -> pd.DataFrame:
    """Every sponsor's results, unrounded."""
    return pd.DataFrame([vars(row) for row in report.sponsor_rows(solved)])


def _template(rows: Rows) -> pd.DataFrame:
    """The illustrative sponsors as a table that can be filled in and given back."""
    frame = pd.DataFrame([vars(row) for row in rows])[[*REQUIRED, *OPTIONAL]]
    frame["counted"] = frame.counted.map({True: "yes", False: "no"})
    return frame


def _table(solved: Solved) -> None:
    frame = _frame(solved).rename(columns=str.capitalize).rename(columns={"Name": "Sponsor"})
    frame["Veto"] = frame.Veto.map({True: "yes", False: ""})
    if solved.market.rule is None:
        frame = frame.drop(columns=["Veto", "Belief"])
    dollars_: Callable[[float], str] = lambda usd: cents(usd, 2)  # noqa: E731
    written: dict[Any, Any] = {
        "Share": share, "Inside": dollars_, "Outside": dollars_, "Tail": dollars_,
    }  # fmt: skip
    st.dataframe(
        frame.style.format(written),
        hide_index=True,
        height=parts.table_height(len(frame), MOST_LINES),
        column_config={
            "Sponsor": st.column_config.Column(pinned=True, width=240),
            "Inside": st.column_config.Column(help="Inside a running model, PMPM"),
            "Outside": st.column_config.Column(help="Outside a running model, PMPM"),
            "Leaves": st.column_config.Column(help="Round of leaving, from everybody in"),
            "Belief": st.column_config.Column("Belief needed"),
        },
        alt="Sponsors: share of enrollees, result inside and outside, tail, when each leaves.",
        key="sponsors",
    )


def _basis(register: Register) -> None:
    with st.expander("What the market rests on"):
        rows = []
        for path, entry in register.entries.items():
            if path.startswith("assumptions.market."):
                dated = entry.values[max(entry.values)]
                status = dated.status.replace("_", " ")
                rows.append((entry.label, f"{dated.value:g}", entry.unit, status))
        parts.texts(rows, ["Assumption", "Value", "Unit", "Status"])
        st.markdown(
            "Each sponsor's plans are like a shipped example, run through the engine with members"
            " who come in order to use the drug, over draws of use, persistence and who comes."
        )


# ---------------------------------------------------------------------------------- the frontier


def _frontier(solved: Solved, rows: Rows, package: str, rule: float | None) -> None:
    """The map of terms, run when asked."""
    section("What terms would fill the room")
    kept = _kept(repr(rows), package, rule)
    own = float(solved.register.number("terms.obesity_capitation.amount")[0])
    capitation_to = max(analysis.CAPITATION_TO, own)
    place = st.empty()
    if AS_ASSUMED not in kept:
        with place.container():
            st.markdown(
                "Obesity capitation, extra reinsurance and corridor width, each on a grid, with"
                " the market solved in every cell."
            )
            label = "Find the terms that launch (about five seconds)"
            if not st.button(label, key="frontier.run"):
                return
            _run(kept, rows, package, rule, capitation_to)
        place.empty()
    found = kept[AS_ASSUMED]
    st.markdown(plain(report.frontier_sentence(found)))
    _map(found)
    left, right = st.columns(2, gap="large")
    with left:
        section("Terms that launch, by corridor")
        parts.texts(report.launch_rows(found), report.LAUNCH_COLUMNS)
        st.caption(plain(report.interpolation_text(found) + "."))
    with right:
        _moved(kept)
    _variants(kept, rows, package, rule)


def _run(
    kept: dict[str, Frontier], rows: Rows, package: str, rule: float | None, capitation_to: float
) -> None:
    """The frontier, and the one with all of the cost priced beside it."""
    with st.status("Finding the terms that launch", expanded=False) as status:

        def run(label: str, settings: dict[str, object]) -> Frontier:
            return analysis.frontier(
                rows,
                package,
                rule,
                settings=settings,
                capitation_to=capitation_to,
                progress=lambda said: status.update(label=f"{label}: {said}"),
            )

        priced = run("All of the cost priced", {analysis.PRICED: 1.0})
        found = run("As assumed", {})
        kept.update({FULLY_PRICED: priced, AS_ASSUMED: found})
        status.update(label="Every cell is solved", state="complete")


def _map(found: Frontier) -> None:
    """One map a corridor width."""
    labels = [f"Corridor from {share(float(width))}" for width in found.corridor]
    own = found.announced[2]
    first = next((i for i, w in enumerate(found.corridor) if abs(w - own) < 1e-9), 0)
    # The package's own corridor stands first, so that its terms are on the map that opens.
    order = [first, *(i for i in range(len(labels)) if i != first)]
    options = [labels[i] for i in order]
    width = labels.index(parts.switch("Corridor", options, f"frontier.width.{first}"))
    view = JOINING
    if found.rule is not None:
        view = parts.switch("Share shown", list(VIEWS), "frontier.view")
    title = maps.frontier_title(found, width)
    section(title)
    parts.picture(
        maps.frontier_figure(found, width, VIEWS[view], theme()),
        f"{title} {maps.frontier_alt(found, width, VIEWS[view])}",
        maps.frontier_note(found, width),
        "frontier",
    )


def _moved(kept: dict[str, Frontier]) -> None:
    """Where richer terms go: lower bids or higher results."""
    rows = [
        (label, amounts)
        for label, amounts in (
            (f"Priced {AS_ASSUMED}", report.moved(kept[AS_ASSUMED])),
            ("All of the cost priced into the bid", report.moved(kept[FULLY_PRICED])),
        )
        if amounts is not None
    ]
    if len(rows) < 2:
        st.markdown("No terms launch at the statute's corridor, so nothing moves.")
        return
    title = maps.moved_title(rows)
    section(title)
    parts.picture(
        maps.moved_figure(rows, theme()),
        f"{title} {maps.moved_alt(rows)}",
        "From the least terms that launch (reinsurance alone, if it does) to the most of the grid."
        " Means of joining plans; a lower bid lowers the premium and Medicare's direct subsidy.",
        "moved",
    )


def _variants(kept: dict[str, Frontier], rows: Rows, package: str, rule: float | None) -> None:
    """The cheapest terms as uptake, pricing and risk aversion move."""
    section("If uptake, pricing or risk aversion differ")
    place = st.empty()
    if len(kept) <= 2:
        with place.container():
            label = "Run seven variants (about half a minute)"
            if not st.button(label, key="frontier.variants"):
                return
            with st.status("Running the variants", expanded=False) as status:
                others = analysis.variants(
                    rows, package, rule, progress=lambda said: status.update(label=said)
                )
            kept.update({label: one for label, one in others.items() if label not in kept})
        place.empty()
    table = []
    for label, found in kept.items():
        amounts: Moved | None = report.moved(found)
        table.append(
            (
                label,
                *report.package_cells(found.cheapest),
                "" if amounts is None else cents(-amounts.bids_fall, 2),
                "" if amounts is None else cents(amounts.results_rise, 2),
            )
        )
    table.sort(key=lambda row: row[0] != AS_ASSUMED)
    parts.texts(
        table,
        ["Cheapest terms that launch", "Capitation", "Reinsurance", "Corridor", "Federal a year",
         "Bids", "Results"],
    )  # fmt: skip
    st.caption("Bids and results, USD PMPM: from the least terms that launch to the most.")
