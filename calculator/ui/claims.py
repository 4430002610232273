"""The page of a plan's own claims: what they come to, and which figures they replace."""

from __future__ import annotations

import math
from dataclasses import dataclass

import streamlit as st

from calculator import decide, load_assumptions
from calculator.part_d_decision import PlanDecision
from calculator.report import claims as report
from calculator.report import figures_claims as figures
from calculator.report.persisting import persisting
from calculator.report.words import dollars, share
from calculator.scenario import PlanScenario
from calculator.ui import claims_profile, parts, program
from calculator.ui.claims_read import KEPT, PAGE, WRONG, Kept
from calculator.ui.claims_upload import Job, draw
from calculator.ui.parts import Note, section
from calculator.ui.sidebar import PROGRAM
from calculator.ui.widgets import calm, plain, theme

BENEFIT = "assumptions.benefit"
WHO_PAYS, PERSISTENCE = "Who owes what", "Persistence"


@dataclass(frozen=True)
class Answer:
    """The decision as it stands, before the claims."""

    decision: PlanDecision


@st.cache_resource(max_entries=64, show_spinner=False)
def answer(content: str, _scenario: PlanScenario) -> Answer:
    """The decision, once for each content of a scenario."""
    return Answer(decide(_scenario))


@calm
def render() -> None:
    """Draw the page."""
    form = program.inputs(PAGE)
    if not isinstance(form.ground.scenario, PlanScenario):
        _for_a_state()
        return
    said = program.answered(form, answer)
    if said is None:
        return
    kept: Kept | None = st.session_state.get(KEPT)
    job = _nothing_yet(said) if kept is None else _results(kept, said)
    if kept is None:
        claims_profile.what_claims_give(said.decision)
    # Long work comes last, so that all of the page is in sight while it runs.
    if job is not None:
        job()


def _for_a_state() -> None:
    """What a state has instead."""
    parts.headline(
        "A state's Medicaid claims are not profiled yet.",
        "A state's page rests on published use and enrollment, which the fields on the left"
        " replace: enrollees of each group, users today, persistence and prices. Part D claims are"
        " read for a Part D plan.",
        [],
    )
    st.button("Switch to a Part D plan", key=f"{PAGE}.switch", on_click=_switch)


def _switch() -> None:
    """The other program, as its choice in the sidebar would."""
    st.session_state[PROGRAM] = "part_d"
    st.query_params.clear()


def _nothing_yet(said: Answer) -> Job | None:
    """The page before any claims."""
    parts.headline(
        "Your own claims can replace the national figures that this decision rests on.",
        "Part D claims of one year give the plan's own spending, low-income share, GLP-1 use, fills"
        " and persistence, and what each payer owes under the benefit, settled claim by claim.",
        [],
    )
    with st.container(border=True):
        return draw(said.decision.scenario)


def _results(kept: Kept, said: Answer) -> Job | None:
    """The page of claims that were read."""
    found, summary = kept.found, kept.found.summary
    parts.headline(report.sentence(summary, found.year), report.rest(summary), _notes(kept))
    _cards(kept)
    with st.expander("Read other claims", expanded=st.session_state.get(WRONG) is not None):
        job = draw(said.decision.scenario)
    _pictures(kept, said.decision)
    _phases(kept)
    _back_test(kept)
    _rejects(kept)
    claims_profile.draw(kept, said.decision)
    with st.expander("What this rests on"):
        for line in _basis(kept):
            st.markdown(plain(line))
    return job


def _notes(kept: Kept) -> list[Note]:
    """Whose claims these are and what of the benefit is not final."""
    found = kept.found
    notes = [
        ("illustrative", "Made-up claims: nobody's data")
        if kept.made_up
        else ("observed", f"Read from {kept.name} ({found.layout})")
    ]
    if found.not_final:
        entries = load_assumptions().entries
        notes += [
            ("projected", f"{entries[f'{BENEFIT}.{name}'].label}, {found.year}")
            for name in found.not_final
        ]
    return notes


def _cards(kept: Kept) -> None:
    summary = kept.found.summary
    owed, members = summary["payers"], summary["members"]
    gross, plan = owed["gross"], owed["plan"]
    shown = gross is not None
    parts.cards(
        [
            (
                "Members with claims",
                f"{members:,}",
                f"{dollars(gross / members)} each" if shown else "",
            ),
            (
                "Claims settled",
                f"{summary['accepted']:,}",
                f"{summary['accepted'] / members:,.1f} a member",
            ),
            (
                "Rejected rows",
                f"{summary['rejected']:,}",
                f"of {summary['claims']:,}",
            ),
            (
                "Gross cost",
                dollars(gross) if shown else report.NOT_SHOWN,
                f"the plan owes {share(plan / gross)} of it" if shown and plan is not None else "",
            ),
        ]
    )


def _pictures(kept: Kept, decision: PlanDecision) -> None:
    found = kept.found
    curve = persisting(found.profile.persistence, decision.scenario)
    views = [WHO_PAYS, PERSISTENCE] if curve is not None else [WHO_PAYS]
    place = st.container()
    view = parts.switch("Picture", views, f"{PAGE}.view") if len(views) > 1 else WHO_PAYS
    with place:
        if view == PERSISTENCE and curve is not None:
            title = figures.persisting_title(curve)
            section(title)
            parts.picture(
                figures.persisting_figure(curve, theme()),
                f"{title} {figures.persisting_alt(curve)}",
                figures.persisting_note(curve),
                "claims.persistence",
            )
            return
        paid = figures.paid(found.summary)
        if paid is None:
            section(WHO_PAYS)
            st.caption(plain(report.HIDDEN_NOTE))
            return
        title = figures.paid_title(paid)
        section(title)
        parts.picture(
            figures.paid_figure(paid, theme()),
            f"{title} {figures.paid_alt(paid)}",
            f"{figures.PAID_NOTE} {_hidden(found.summary)}".strip(),
            "claims.paid",
        )


def _phases(kept: Kept) -> None:
    """Who owes what by phase, to the dollar."""
    found = kept.found
    section(f"Who owes what under the benefit of {found.year}, USD")
    heads = [head[0].upper() + head[1:] for head in report.HEADS.values()]
    rows = [(phase.capitalize(), *map(_or_hidden, row)) for phase, *row in
            report.by_phase(found.summary)]  # fmt: skip
    parts.written(
        rows,
        ["Phase", "Claims", *heads],
        columns=[_shown(parts.count)] * (1 + len(heads)),
        bold_last=True,
    )
    note = "By the phase in which a claim begins; member to reinsurance sum to gross."
    st.caption(plain(f"{note} {_hidden(found.summary)}".strip()))


def _hidden(summary: report.Summary) -> str:
    """Why figures are not shown, where some are not."""
    return report.HIDDEN_NOTE if report.hides(summary) else ""


def _or_hidden(amount: float | None) -> float:
    return math.nan if amount is None else amount


def _shown(write: parts.Write) -> parts.Write:
    """The same, with words for what is not shown."""
    return lambda amount: report.NOT_SHOWN if math.isnan(amount) else write(amount)


def _back_test(kept: Kept) -> None:
    """The adjudicated amounts against those on the claims."""
    found = kept.found
    rows = report.back_test(found.summary)
    if not rows:
        return
    section("Held against the amounts on the claims, USD")
    parts.texts(
        [
            (
                label[0].upper() + label[1:] if phase is None else f"in {phase}",
                *report.compared(test, lambda usd: parts.signed(usd, 2)),
            )
            for label, phase, test in rows
        ],
        ["Amount", "Claims", "On the claims", "Adjudicated", "Difference", "Within a cent"],
    )


def _rejects(kept: Kept) -> None:
    """Why rows were not used, with their lines."""
    found = kept.found
    rows = report.rejected(found.summary, found.rejects)
    if not rows:
        return
    section("Rows that were not used")
    parts.texts(rows, ["Reason", "Rows", "First lines"])
    st.caption(
        "For mending the file, not for passing on: CMS's cell size policy covers excluded rows too."
    )
    if found.summary["rejected"]:
        st.download_button(
            "Rejected rows as CSV",
            found.rejects,
            file_name="rejected_rows.csv",
            mime="text/csv",
            key=f"{PAGE}.rejects",
            on_click="ignore",
            icon=":material/download:",
            help="Line and reason; no cell of the file. The first 10,000; the terminal lists all.",
        )


def _basis(kept: Kept) -> list[str]:
    """How the claims were settled, and the file that they are."""
    found = kept.found
    return [
        "Adjudicated exactly, in whole units of a hundred-millionth of a dollar, with the"
        f" assumptions and terms on the left as they were when the claims were read, for"
        f" {found.year}. Layout: {found.layout}.",
        f"File: {kept.name}, sha256 {found.sha256}.",
        *found.notes,
        "One row a member is made on the terminal, where the file stays with you:"
        f" balance adjudicate CLAIMS --year {found.year} --out members.csv.",
    ]
