"""The market and the frontier in words and tables of text."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calculator.analysis.frontier import Frontier, Package
from calculator.analysis.market import Solved
from calculator.report.table import align, cents
from calculator.report.words import dollars, share


def market_sentence(solved: Solved) -> str:
    """Whether the model launches, in one or two sentences."""
    found, rule = solved.market, solved.market.rule
    names = [sponsor.name for sponsor in solved.sponsors]
    shares = solved.sides.counted
    proof = "" if found.launch_proven else " (not proven)"
    if rule is None:
        free = found.without_rule
        if free.no_pure_equilibrium:
            return "No set of sponsors is stable: whoever is in or out, somebody would change."
        greatest = np.asarray(free.greatest)
        joined = float(shares[greatest].sum())
        return (
            f"Without a launch rule plans with {share(joined)} of enrollees join"
            f"{'' if free.proven else ' (not proven)'}."
        )
    if found.can_launch and found.launching is not None:
        joined = float(shares[found.launching].sum())
        said = (
            f"The model can launch under the rule of {share(rule)}: plans with {share(joined)} of"
            f" enrollees would stay in together{proof}."
        )
        assert found.good_faith is not None
        willing = float(shares[found.good_faith].sum())
        if found.good_faith_launch:
            return f"{said} Plans with {share(willing)} gain even if the rule is only just met."
        return (
            f"{said} But only plans with {share(willing)} gain if the rule is only just met, so"
            " each must believe that nearly all come."
        )
    leaving = found.without_rule.leaving
    first = [name for name, moved in zip(names, leaving.moved, strict=True) if moved == 1]
    said = (
        f"The model cannot launch under the rule of {share(rule)}{proof}: no set of sponsors with"
        " that share would stay in."
    )
    if first:
        gone = float(shares[leaving.moved == 1].sum())
        said += f" From everybody in, plans with {share(gone)} of enrollees leave first."
    return said


@dataclass(frozen=True)
class SponsorRow:
    """A sponsor of a solved market; PMPM against no model, at the launch rule or with all in."""

    name: str
    share: float
    inside: float
    outside: float
    tail: float  # loss in the worst 5% beyond the mean
    leaves: str
    veto: bool
    belief: str


def sponsor_rows(solved: Solved) -> list[SponsorRow]:
    """A row for each sponsor, in the table's order."""
    found = solved.market
    tables, payoffs = solved.sides.tables, solved.sides.payoffs
    at = len(tables.nodes) - 1
    at_rule = at if found.rule is None else int(np.argmin(np.abs(tables.nodes - found.rule)))
    rows = []
    for index, sponsor in enumerate(solved.sponsors):
        kind = int(payoffs.archetype[index])
        moved = int(found.without_rule.leaving.moved[index])
        rows.append(
            SponsorRow(
                name=sponsor.name,
                share=float(solved.sides.counted[index]),
                inside=float(tables.inside[0, kind, at_rule]),
                outside=float(tables.outside[0, kind, at_rule]),
                tail=float(tables.tail[0, kind, at_rule]),
                leaves="stays" if moved == 0 else f"round {moved}",
                veto=found.vetoes is not None and bool(found.vetoes[index]),
                belief="" if found.belief is None else _belief(float(found.belief[index])),
            )
        )
    return rows


def market_text(solved: Solved) -> str:
    """The market as tables of text: sponsors, then the unravelling as steps."""
    found = solved.market
    rows = [
        [
            row.name,
            share(row.share),
            *(cents(amount, 2) for amount in (row.inside, row.outside, row.tail)),
            row.leaves,
            "yes" if row.veto else "",
            row.belief,
        ]
        for row in sponsor_rows(solved)
    ]
    where = "all" if found.rule is None else share(found.rule)
    head = ["Sponsor", "share", "inside", "outside", "tail", "leaves", "veto", "belief needed"]
    steps = found.without_rule.leaving
    path = " -> ".join(share(float(step)) for step in steps.share)
    notes = [
        f"PMPM against no model, at {where} of enrollees in; tail: the worst 5% beyond the mean",
        f"From everybody in, without a rule: {path}",
        *stable_notes(solved),
    ]
    return "\n".join([align(head, rows, total=False), "", *notes])


def stable_notes(solved: Solved) -> list[str]:
    """Which sets of sponsors are stable, without a rule and with one."""
    found, notes = solved.market, []
    free = found.without_rule
    if not free.no_pure_equilibrium:
        greatest, least = np.asarray(free.greatest), np.asarray(free.least)
        shares = solved.sides.counted
        notes.append(
            f"Without a rule the greatest stable set has {share(float(shares[greatest].sum()))} of"
            f" enrollees, the least {share(float(shares[least].sum()))} ({free.label})"
        )
    if found.nobody_is_stable and found.rule is not None:
        notes.append("Nobody joining is stable too, as it nearly always is under a launch rule")
    return notes


def _belief(value: float) -> str:
    """The probability of a launch that a sponsor must believe in to apply."""
    if np.isnan(value):
        return "none is enough"
    return share(value) if value >= 0.0005 else "any"


def frontier_sentence(found: Frontier) -> str:
    """What terms would launch the model, in one or two sentences."""
    if found.cheapest is None:
        rule = "" if found.rule is None else f" of {share(found.rule)}"
        return f"No terms in this range would launch the model under its rule{rule}."
    best = found.cheapest
    return (
        f"The cheapest terms that launch the model pay {package_words(best, found.per)}: plans with"
        f" {share(min(best.joining_share, 1.0))} of enrollees join, for"
        f" {dollars(best.federal_cost)} a year of federal cost ({cents(best.federal_pmpm, 2)} PMPM"
        " of all enrollees)."
    )


def package_words(best: Package, per: str) -> str:
    """A package of incentives in words; per: for whom the capitation is paid."""
    parts = []
    if best.capitation > 0.0:
        parts.append(f"{dollars(best.capitation, 0)} a month per {per} member")
    if best.reinsurance > 0.0:
        parts.append(f"{share(best.reinsurance)} of plans' net model-drug cost")
    paid = " and ".join(parts) or "nothing"
    return f"{paid}, with a corridor from {share(best.corridor)}"


LAUNCH_COLUMNS = ("Terms that launch", "of the grid", "capitation alone", "reinsurance alone")


def launch_rows(found: Frontier) -> list[tuple[str, str, str, str]]:
    """By corridor width: how much of the grid launches, and what one incentive alone takes."""
    rows = []
    for z, width in enumerate(found.corridor):
        launches = found.launches[z] > 0.0
        free = found.capitation[launches[:, 0]]
        alone = found.reinsurance[launches[0]]
        rows.append(
            (
                f"corridor from {share(float(width))}",
                share(float(launches.mean())) if launches.any() else "none",
                dollars(float(free[0]), 0) if len(free) else "none",
                share(float(alone[0])) if len(alone) else "none",
            )
        )
    return rows


def interpolation_text(found: Frontier) -> str:
    """How far results between the engine's nodes may be from the engine."""
    return (
        f"Interpolation: a plan's result is within {cents(found.value_error, 2)} PMPM of the"
        f" engine, federal cost within {cents(found.federal_error, 2)}, half-way between nodes"
    )


def frontier_text(found: Frontier, others: dict[str, Frontier]) -> str:
    """Tables of text: launch by corridor, what the cheapest package moves, and variants."""
    parts = [
        align(
            list(LAUNCH_COLUMNS),
            [list(row) for row in launch_rows(found)],
            total=False,
        ),
        moved_text(found),
        interpolation_text(found),
    ]
    if others:
        parts.append(
            align(
                [
                    "Cheapest terms that launch",
                    "capitation",
                    "reinsurance",
                    "corridor",
                    "federal a year",
                ],
                [[label, *package_cells(one.cheapest)] for label, one in others.items()],
                total=False,
            )
        )
    return "\n\n".join(parts)


def package_cells(best: Package | None) -> list[str]:
    """Capitation, reinsurance, corridor and federal cost as text; none where nothing launches."""
    if best is None:
        return ["none", "", "", ""]
    return [
        dollars(best.capitation, 0),
        share(best.reinsurance),
        share(best.corridor),
        dollars(best.federal_cost),
    ]


@dataclass(frozen=True)
class Moved:
    """What richer terms do, from the least that launch to the most of a grid, USD PMPM."""

    bids_fall: float  # mean of joining plans
    results_rise: float

    @property
    def into_bids(self) -> float | None:
        """Share of the two that lowers bids; none where they do not move so."""
        both = self.bids_fall + self.results_rise
        return self.bids_fall / both if self.bids_fall >= 0.0 < both else None


def moved(found: Frontier) -> Moved | None:
    """What richer terms move at the first corridor; none where no terms launch there."""
    launching = np.argwhere(found.launches[0] > 0.0)
    if len(launching) == 0:
        return None
    x, y = launching[0]
    bids, results = found.bid_change[0], found.gain[0]
    return Moved(float(bids[x, y] - bids[-1, -1]), float(results[-1, -1] - results[x, y]))


def moved_text(found: Frontier) -> str:
    """What incentives move: premiums or margins."""
    amounts = moved(found)
    if amounts is None:
        return f"No terms launch with a corridor from {share(float(found.corridor[0]))}."
    return (
        "From the least terms that launch to the most in this grid, joining plans' bids fall by"
        f" {cents(amounts.bids_fall, 2)} PMPM and their results rise by"
        f" {cents(amounts.results_rise, 2)}"
    )
