"""Who pays, by fill: what each product costs, which rebates it earns, and the mean over the mix."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from calculator.report.workbook.book import Sheet
from calculator.report.workbook.cells import (
    Live,
    blank,
    both,
    clipped,
    largest,
    live,
    smallest,
    sumproduct,
    total,
    where,
)
from calculator.report.workbook.layout import Steps
from calculator.report.workbook.medicaid_program import Program
from calculator.spending_inputs import EXISTING

UNIT = "USD per fill"
NET = "terms.guaranteed_net_price"


@dataclass(frozen=True)
class Fill:
    """Mean economics of a fill by stretch of constant prices: one cell each."""

    gross: Live
    statutory: Live
    offset: Live
    shared: Live  # of the statutory rebate, what both governments share
    supplemental: Live  # on top of the statutory rebate
    alone: Live  # without one


@dataclass(frozen=True)
class FillCells:
    """Fills for obesity use and for today's uses, in each branch, by stretch."""

    stretch: tuple[int, ...]  # of each month
    nets: tuple[Live, ...]  # guaranteed net price by stretch
    dearest: Live  # highest ingredient cost
    obesity: dict[str, tuple[Fill, ...]]  # by branch
    today: dict[str, tuple[Fill, ...]]
    over_amp: tuple[Live, ...]  # rows of 1 where a maximum fair price is above AMP: refused


def stretches(program: Program) -> tuple[tuple[int, ...], tuple[dt.date, ...]]:
    """Stretches of months in which no price changes: of each month, and their first days."""
    prefixes = (
        "assumptions.rebates.",
        NET,
        *(f"assumptions.drugs.{product}_" for product in (*program.products, *EXISTING)),
    )
    changes = sorted(
        {
            day.toordinal()
            for path, entry in program.register.entries.items()
            if path.startswith(prefixes)
            for day in entry.values
        }
    )
    found = np.searchsorted(changes, [day.toordinal() for day in program.months], side="right")
    numbers = {int(number): place for place, number in enumerate(dict.fromkeys(found))}
    of_month = tuple(numbers[int(number)] for number in found)
    firsts = tuple(program.months[of_month.index(place)] for place in range(len(numbers)))
    return of_month, firsts


def fill_cells(program: Program, sheet: Sheet) -> FillCells:
    """The tables of a fill."""
    of_month, firsts = stretches(program)
    inputs = program.inputs
    nets = tuple(inputs.number(NET, day) for day in firsts)
    fee = program.assumed("rebates.dispensing_fee") - program.assumed("rebates.copay")
    mix = inputs.shares("therapy.mix", program.products)
    today = [program.assumed(f"coverage.existing_mix_{product}") for product in EXISTING]
    obesity = _products(program, sheet, program.products, firsts, mix, covered_today=False)
    existing = _products(program, sheet, EXISTING, firsts, today, covered_today=True)
    repriced = where(inputs.word("terms.existing_users").same("none"), 0, 1)
    steps = Steps(sheet, "A mean fill over the products, by date of price")
    steps.heading([f"from {day:%B %Y}" for day in firsts])
    reprices = steps.row(
        "Joining brings the net price to today's uses", "1: yes", [repriced], "terms.existing_users"
    )
    found: dict[str, dict[str, tuple[Fill, ...]]] = {}
    for use, table, switch in (
        ("obesity use", obesity, live(1)),
        ("today's uses", existing, reprices),
    ):
        found[use] = _means(sheet, steps, use, table, fee, nets, switch)
    dearest = steps.row(
        "Dearest product's ingredient cost",
        UNIT,
        [largest(*obesity.row("ingredient"))],
        "medicaid_inputs._check_net",
        "cents",
    )
    return FillCells(
        of_month,
        nets,
        dearest,
        found["obesity use"],
        found["today's uses"],
        (obesity.rows["over"], existing.rows["over"]),
    )


@dataclass(frozen=True)
class _Table:
    """Steps of each product by stretch: rows of one cell for each stretch and product."""

    products: int
    share: Live
    rows: dict[str, Live]

    def row(self, name: str) -> list[Live]:
        found = self.rows[name]
        return list(found)

    def mean(self, name: str, stretch: int) -> Live:
        """Over the products of a stretch, by their shares of fills."""
        part = slice(stretch * self.products, (stretch + 1) * self.products)
        return sumproduct(self.share[part], self.rows[name][part])


def _products(
    program: Program,
    sheet: Sheet,
    products: Sequence[str],
    firsts: Sequence[dt.date],
    shares: Sequence[Live],
    *,
    covered_today: bool,
) -> _Table:
    """One column for each product and date of price, one row a step."""
    inputs, register = program.inputs, program.register
    places = [(product, day) for day in firsts for product in products]
    use = "today's uses" if covered_today else "obesity use"
    steps = Steps(sheet, f"A fill for {use}: price and rebates by product and date of price")
    steps.heading([f"{product}, from {day:%B %Y}" for product, day in places])
    rows: dict[str, Live] = {}

    def step(key: str, label: str, cells: Sequence[Live], engine: str = "", unit: str = UNIT,
             number: str = "cents") -> list[Live]:  # fmt: skip
        rows[key] = steps.row(label, unit, list(cells), engine, number)
        return list(rows[key])

    def rebate(key: str) -> list[Live]:
        return [program.assumed(f"rebates.{key}", day) for _, day in places]

    def each(*columns: Sequence[Live]) -> list[tuple[Live, ...]]:
        return list(zip(*columns, strict=True))

    step("share", "Share of fills", [*shares] * len(firsts), unit="share of fills", number="share")
    one_share = inputs.number("state.rebate_share_of_gross")
    given = blank(one_share)
    source = "medicaid_inputs._unit"
    listed = step(
        "list",
        "List price",
        [program.assumed(f"drugs.{product}_list_price", day) for product, day in places],
    )
    ingredient = step(
        "ingredient",
        "Ingredient cost",
        [one * share for one, share in each(listed, rebate("ingredient_share_of_list"))],
        source,
    )
    amp = step(
        "amp",
        "Average manufacturer price (AMP)",
        [one * share for one, share in each(listed, rebate("amp_share_of_list"))],
        source,
    )
    before = step(
        "best_before",
        "Best price, before a maximum fair price",
        [one * share for one, share in each(amp, rebate("best_price_share_of_amp"))],
        source,
    )
    best, over = [], []
    counts = inputs.word("assumptions.rebates.mfp_sets_best_price").same("yes")
    for (product, day), price, most in zip(places, before, amp, strict=True):
        path = f"assumptions.drugs.{product}_maximum_fair_price"
        entry = register.entries.get(path)
        if entry is None or min(entry.values) > day:
            best.append(price)
            over.append(live(0))
            continue
        fair = inputs.number(path, day)
        chosen = inputs.word(f"assumptions.drugs.{product}_class", day).same("selected")
        best.append(where(both(counts, chosen), smallest(price, fair), price))
        over.append(where(both(counts, chosen, fair > most), 1, 0))
    best = step("best", "Best price", best, source)
    step("over", "A maximum fair price above AMP, which is refused", over, source, "1: yes", "")
    minimum, cap = rebate("minimum_rebate_share"), rebate("federal_offset_cap_share")
    basic = step(
        "basic",
        "Basic rebate",
        [largest(share * one, one - two) for one, two, share in each(amp, best, minimum)],
        "rebates.basic_rebate",
    )
    inflation = step(
        "inflation",
        "Inflation rebate",
        [largest(one - one * ratio, 0) for one, ratio in each(amp, rebate("base_amp_ratio"))],
        "rebates.inflation_rebate",
    )
    statutory = step(
        "statutory",
        "Statutory rebate",
        [
            where(given, one + two, cost * one_share)
            for one, two, cost in each(basic, inflation, ingredient)
        ],
        source,
    )
    without = step(
        "without",
        "Basic rebate by the rule before 2010",
        [
            largest(share * one, one - two)
            for one, two, share in each(amp, best, rebate("minimum_before_2010_share"))
        ],
        "rebates.federal_offset",
    )
    step(
        "offset",
        "of the statutory rebate, wholly federal",
        [
            where(given, clipped(share * one - old, 0, most * one), 0)
            for one, old, share, most in each(amp, without, minimum, cap)
        ],
        "rebates.federal_offset",
    )
    own = step(
        "own_share",
        "Own supplemental rebate, by share of ingredient cost",
        [one * share for one, share in each(ingredient, rebate("own_supplemental_share"))],
        source,
    )
    if covered_today or program.scenario.state.stance != "not_covering":
        nets = _own_nets(program, places, covered_today=covered_today)
        topped = step(
            "own_top_up",
            "Own supplemental rebate that brings it to the own net price",
            [
                live(0) if net is None else _top_up(one - two, net)
                for one, two, net in zip(ingredient, statutory, nets, strict=True)
            ],
            "rebates.top_up",
        )
        topped_alone = step(
            "own_top_up_alone",
            "The same without a statutory rebate",
            [
                live(0) if net is None else _top_up(one, net)
                for one, net in zip(ingredient, nets, strict=True)
            ],
            "rebates.top_up",
        )
        more_of_them = [
            [largest(one, two) for one, two in each(own, more)] for more in (topped, topped_alone)
        ]
    else:
        more_of_them = [own, own]
    labels = ("Own supplemental rebate", "Own supplemental rebate, without a statutory one")
    for key, label, cells in zip(("own", "own_alone"), labels, more_of_them, strict=True):
        step(key, label, [where(given, cell, 0) for cell in cells], source)
    agreed = [inputs.number(NET, day) for _, day in places]
    step("net", "Guaranteed net price of the model", [_given(net) for net in agreed], NET)
    after = [one - two for one, two in each(ingredient, statutory)]
    for key, label, costs in (
        ("own", "Supplemental rebate when joining", after),
        ("own_alone", "The same without a statutory rebate", ingredient),
    ):
        mine = list(rows[key])
        step(
            key.replace("own", "joined"),
            label,
            [largest(one, _top_up(cost, net)) for one, cost, net in each(mine, costs, agreed)],
            "medicaid._economics",
        )
    return _Table(len(products), rows["share"], rows)


def _given(cell: Live) -> Live:
    """A price, 0 where there is none."""
    return where(blank(cell), 0, cell)


def _top_up(cost: Live, net: Live) -> Live:
    """What brings a cost to a net price; nothing where no net is given."""
    return where(blank(net), 0, largest(cost - net, 0))


def _own_nets(
    program: Program, places: Sequence[tuple[str, dt.date]], *, covered_today: bool
) -> list[Live | None]:
    """The state's own net price by product and date, None where nothing is known."""
    own = program.inputs.number("state.own_net_price") if not covered_today else None
    found: list[Live | None] = []
    for product, day in places:
        path = f"assumptions.rebates.{product}_own_net_price"
        known = program.inputs.number(path, day) if path in program.register.entries else None
        if own is None:
            found.append(known)
        elif known is None:
            found.append(own)
        else:
            found.append(where(blank(own), known, own))
    return found


def _means(
    sheet: Sheet,
    steps: Steps,
    use: str,
    table: _Table,
    fee: Live,
    nets: Sequence[Live],
    repriced: Live,
) -> dict[str, tuple[Fill, ...]]:
    """The mean fill of a use by stretch, in each branch."""
    count = len(nets)
    source = "medicaid._economics"

    def row(label: str, cells: list[Live], unit: str = UNIT, number: str = "cents") -> list[Live]:
        found = steps.row(f"{use}: {label}", unit, cells, source, number)
        return list(found)

    def means(name: str) -> list[Live]:
        return [table.mean(name, place) for place in range(count)]

    within = steps.row(
        f"{use}: fills of these products",
        "share of fills",
        [total(*table.row("share")[: table.products])],
        source,
        "share",
    )
    gross = row("gross, ingredient and dispensing less copay",
                [one + fee * within for one in means("ingredient")])  # fmt: skip
    statutory = row("statutory rebate", means("statutory"))
    offset = row("of it, wholly federal", means("offset"))
    shared = row(
        "of it, shared by match", [one - two for one, two in zip(statutory, offset, strict=True)]
    )
    own = row("supplemental rebate, staying out", means("own"))
    own_alone = row("the same without a statutory rebate, staying out", means("own_alone"))
    joined = row(
        "supplemental rebate, joining",
        [where(repriced > 0, one, other) for one, other in zip(means("joined"), own, strict=True)],
    )
    joined_alone = row(
        "the same without a statutory rebate, joining",
        [
            where(repriced > 0, one, other)
            for one, other in zip(means("joined_alone"), own_alone, strict=True)
        ],
    )
    for branch, supplemental in (("staying out", own), ("joining", joined)):
        row(
            f"net of all rebates, {branch}",
            [
                one - two - three
                for one, two, three in zip(gross, statutory, supplemental, strict=True)
            ],
        )
    return {
        branch: tuple(
            Fill(*cells) for cells in zip(gross, statutory, offset, shared, one, two, strict=True)
        )
        for branch, one, two in (("join", joined, joined_alone), ("stay_out", own, own_alone))
    }
