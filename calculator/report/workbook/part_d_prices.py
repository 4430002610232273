"""What a fill costs by plan year: gross price, class, copay and DIR, model fills and uses of today.

The first part of the sheet of drug costs; the benefit reads it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from calculator.model.benefit import CLASSES
from calculator.report.workbook.book import Sheet
from calculator.report.workbook.cells import (
    Live,
    blank,
    both,
    either,
    largest,
    live,
    smallest,
    summed,
    where,
)
from calculator.report.workbook.layout import Steps
from calculator.report.workbook.part_d_run import DRUGS, Run, flag
from calculator.spending_inputs import EXISTING

PHASES = ("before the deductible is met", "until the threshold", "above the threshold")


@dataclass
class Product:
    """One product's rows, by plan year."""

    name: str
    share: Live  # of starters, or of members where the use is of today
    gross: Live  # at the pharmacy today, USD per fill
    classes: list[Live]  # 1 for its class, in the order of CLASSES
    reinsured: Live  # Medicare's share above the threshold
    own_rebate: Live | None = None  # today's
    join_gross: Live | None = None
    copay: Live | None = None  # of a fill with the flat copay
    dir: list[Live] = field(default_factory=list)  # by phase when joining, USD per fill


@dataclass
class Prices:
    """Products and the means over them."""

    model: list[Product]
    existing: list[Product]
    mean_gross: Live
    mean_copay: Live
    mean_gross_today: Live
    early_discount: Live  # manufacturer's share of a flat-copay fill before the deductible is met
    repriced: Live  # whether uses of today take the guaranteed net price; one cell
    broad: Live  # and the copay
    exempt: Live
    early_subsidised: Live  # 1 where a fill before the deductible is subsidised


def prices(run: Run) -> Prices:
    """Write the price rows of every product."""
    sheet = run.book.sheet(DRUGS)
    sheet.title(
        "Drug costs",
        "What a fill costs, who owes each drug line in either branch, and what it costs the plan.",
    )
    steps = Steps(sheet, "Readings of the terms")
    steps.heading(["Value"])
    said = run.said
    existing_users = run.inputs.word("terms.existing_users")

    def one(label: str, unit: str, cell: Live, engine: str = "") -> Live:
        return steps.row(label, unit, [cell], engine)

    repriced = one(
        "Uses of today take the guaranteed net price",
        "1 or 0",
        flag(either(existing_users.same("narrow"), existing_users.same("broad"))),
        "drug_lines.existing_parts",
    )
    broad = one("and the flat copay", "1 or 0", flag(existing_users.same("broad")))
    exempt = one(
        "A model fill is exempt from the deductible",
        "1 or 0",
        flag(said("terms.deductible_exempt")),
        "benefit.year_phases",
    )
    early = one(
        "Discount and subsidy before the deductible is met",
        "1 or 0",
        flag(both(said("terms.subsidies_before_deductible"), said("terms.deductible_exempt"))),
        "benefit.fill_liability",
    )
    _columns(run, sheet)
    steps.title("Prices of model fills")
    steps.heading(run.names)
    discount = run.yearly("assumptions.benefit.initial_discount_applicable")
    early_discount = steps.row(
        "Discount on a fill before the deductible is met",
        "share of gross",
        [early * share for share in discount],
        "drug_lines._rebates",
        "share",
    )
    found = Prices([], [], early, early, early, early_discount, repriced, broad, exempt, early)
    mix = list(run.scenario.therapy.mix)
    shares = run.inputs.shares("therapy.mix", mix)
    for name, share in zip(mix, shares, strict=True):
        found.model.append(_model_product(run, steps, name, share, found))

    def mean(label: str, rows: list[Live]) -> Live:
        cells = [
            summed([p.share * row[y] for p, row in zip(found.model, rows, strict=True)])
            for y in range(len(run.years))
        ]
        return steps.row(label, "USD a fill", cells, "drug_costs.drug_costs", "cents")

    found.mean_gross = mean("Mean gross price in the model", _in_model(found.model))
    found.mean_gross_today = mean("Mean gross price today", [p.gross for p in found.model])
    found.mean_copay = mean("Mean copay", [p.copay for p in found.model if p.copay is not None])
    steps.title("Prices of GLP-1 drugs covered today")
    steps.heading(run.names)
    for name in EXISTING:
        found.existing.append(_existing_product(run, steps, name, found))
    return found


def _in_model(products: list[Product]) -> list[Live]:
    return [p.join_gross for p in products if p.join_gross is not None]


def _columns(run: Run, sheet: Sheet) -> None:
    for column, width in enumerate((46, 16, 30, *[14] * len(run.years))):
        sheet.widths[column] = width
    sheet.frozen = (0, 1)


def holding(run: Run, existing: bool) -> bool:
    """Whether uses of today are shown as held: they are part of a plan's own spending."""
    own = run.scenario.spending
    return existing and own is not None and own.glp1 == "included"


def _price_rows(run: Run, steps: Steps, name: str, share: Live, *, existing: bool) -> Product:
    path = f"assumptions.drugs.{name}"
    register = run.evaluation.register
    negotiated = f"{path}_maximum_fair_price"
    known = negotiated in register.entries
    read = run.inputs.fixed if holding(run, existing) else run.inputs.number
    fee = read("assumptions.drugs.dispensing_fee", None)
    gross, flags = [], []
    for day in run.january:
        listed = read(f"{path}_list_price", day)
        # A drug without a maximum fair price cannot be selected in this file.
        selectable = known and min(register.entries[negotiated].values) <= day
        keep = not selectable or holding(run, existing)
        word = (
            run.inputs.fixed(f"{path}_class", day)
            if keep
            else run.inputs.word(f"{path}_class", day)
        )
        if selectable:
            fair = read(negotiated, day)
            gross.append(where(word.same("selected"), fair, listed) + fee)
        else:
            gross.append(listed + fee)
        flags.append([flag(word.same(kind)) for kind in CLASSES])
    title = name.capitalize()
    gross_row = steps.row(
        f"{title}: gross price", "USD a fill", gross, "price.gross_price", "cents"
    )
    classes = [
        steps.row(
            f"{title}: {kind.replace('_', '-')} drug", "1 or 0", [one[place] for one in flags]
        )
        for place, kind in enumerate(CLASSES)
    ]
    by_class = [run.yearly(f"assumptions.benefit.catastrophic_reinsurance_{c}") for c in CLASSES]
    reinsured = steps.row(
        f"{title}: reinsured above the threshold",
        "share",
        [
            summed([row[y] * share[y] for row, share in zip(classes, by_class, strict=True)])
            for y in range(len(run.years))
        ],
        number="share",
    )
    return Product(name, share, gross_row, classes, reinsured)


def _at_counter(run: Run, gross: Live, net: Live, applies: Live) -> Live:
    """The gross price where the guaranteed net is charged at the counter."""
    return where(both(applies, net > 0), smallest(gross, net), gross)


def _topped(run: Run, gross: Live, net: Live, discount: Live, applicable: Live) -> Live:
    """Rebate on one fill down to the guaranteed net, price.dir_per_fill."""
    counted = where(run.said("terms.net_includes_discount"), discount * gross * applicable, 0)
    return where(blank(net), 0, largest(gross - net - counted, 0))


def _shares_by_phase(run: Run, early: list[Live], year: int) -> list[Live]:
    initial = run.yearly("assumptions.benefit.initial_discount_applicable")
    late = run.yearly("assumptions.benefit.catastrophic_discount_applicable")
    return [early[year], initial[year], late[year]]


def _model_product(run: Run, steps: Steps, name: str, share: Live, found: Prices) -> Product:
    product = _price_rows(run, steps, name, share, existing=False)
    years = range(len(run.years))
    net, copay = run.terms("guaranteed_net_price"), run.terms("copay")
    counter = run.is_word("terms.mechanism", "point_of_sale")
    title = name.capitalize()
    gross = steps.row(
        f"{title}: gross price in the model",
        "USD a fill",
        [_at_counter(run, product.gross[y], net[y], counter) for y in years],
        "price.point_of_sale_price",
        "cents",
    )
    product.join_gross = gross
    product.copay = steps.row(
        f"{title}: copay", "USD a fill", [smallest(copay[y], gross[y]) for y in years], "", "cents"
    )
    applicable = product.classes[0]
    for phase, when in enumerate(PHASES):
        cells = [
            _topped(
                run,
                gross[y],
                net[y],
                _shares_by_phase(run, list(found.early_discount), y)[phase],
                applicable[y],
            )
            for y in years
        ]
        product.dir.append(
            steps.row(f"{title}: DIR {when}", "USD a fill", cells, "price.dir_per_fill", "cents")
        )
    return product


def _existing_product(run: Run, steps: Steps, name: str, found: Prices) -> Product:
    read = run.inputs.fixed if holding(run, existing=True) else run.inputs.number
    path = f"assumptions.drugs.{name}"
    product = _price_rows(run, steps, name, read(f"{path}_users_share", None), existing=True)
    years = range(len(run.years))
    net, copay = run.terms("guaranteed_net_price"), run.terms("copay")
    fee = read("assumptions.drugs.dispensing_fee", None)
    own_net = [read(f"{path}_net_price", day) + fee for day in run.january]
    title = name.capitalize()

    def rebate(gross: Live) -> list[Live]:
        return [largest(gross[y] - own_net[y], 0) for y in years]

    product.own_rebate = steps.row(
        f"{title}: own rebate today",
        "USD a fill",
        rebate(product.gross),
        "drug_lines._rebates",
        "cents",
    )
    counter = both(run.is_word("terms.mechanism", "point_of_sale"), found.repriced > 0)
    gross = steps.row(
        f"{title}: gross price when joining",
        "USD a fill",
        [_at_counter(run, product.gross[y], net[y], counter) for y in years],
        "price.point_of_sale_price",
        "cents",
    )
    product.join_gross = gross
    product.copay = steps.row(
        f"{title}: flat copay on a broad reading",
        "USD a fill",
        [smallest(copay[y], gross[y]) for y in years],
        "",
        "cents",
    )
    own = steps.row(f"{title}: own rebate when joining", "USD a fill", rebate(gross), "", "cents")
    early = [found.broad * found.early_discount[y] for y in years]
    for phase, when in enumerate(PHASES):
        cells = []
        for y in years:
            discount = _shares_by_phase(run, early, y)[phase]
            topped = _topped(run, gross[y], net[y], discount, product.classes[0][y])
            cells.append(where(found.repriced > 0, largest(own[y], topped), own[y]))
        product.dir.append(
            steps.row(f"{title}: DIR {when}", "USD a fill", cells, "drug_lines._rebates", "cents")
        )
    return product


__all__ = ["PHASES", "Prices", "Product", "live", "prices"]
