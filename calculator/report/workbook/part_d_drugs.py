"""Who owes each drug line, its DIR and low-income copays, by plan year.

On the sheet of drug costs: the equations of model.drug_lines and model.benefit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from calculator.model.benefit import CLASSES
from calculator.report.workbook.cells import Live, smallest, summed, where
from calculator.report.workbook.layout import Steps
from calculator.report.workbook.part_d_benefit import Table
from calculator.report.workbook.part_d_prices import PHASES, Prices, Product
from calculator.report.workbook.part_d_run import DRUGS, Run

Rows = list[Live]  # a cell for each plan year
NON_LIS, LIS = 0, 1
PAYERS = ("member", "lics", "plan", "manufacturer", "selected_subsidy", "reinsurance", "dir")


@dataclass
class Line:
    """One drug line before DIR is netted, by plan year."""

    name: str  # of the ledger
    title: str
    member: list[Live]  # by group
    manufacturer: Live
    selected: Live
    gross: list[Live]  # by class
    late: list[Live]  # above the threshold, by class
    dir: list[Live]  # by class
    all_dir: Live
    copays: Live  # of low-income members
    reinsured: list[Live] = field(default_factory=list)  # by class
    late_dir: Live | None = None
    product: Product | None = None


class Drugs:
    """Writes the drug lines of a branch."""

    def __init__(self, run: Run, found: Prices) -> None:
        self.run = run
        self.found = found
        self.years = range(len(run.years))
        self.steps = Steps(run.book.sheet(DRUGS), "Medicare's and makers' shares")
        self.steps.heading(run.names)
        self.coinsurance = run.yearly("assumptions.benefit.initial_coinsurance")
        self.discount = run.yearly("assumptions.benefit.initial_discount_applicable")
        self.subsidy = run.yearly("assumptions.benefit.initial_subsidy_selected")
        self.late_discount = run.yearly("assumptions.benefit.catastrophic_discount_applicable")
        self.reinsured = [
            run.yearly(f"assumptions.benefit.catastrophic_reinsurance_{kind}") for kind in CLASSES
        ]
        low = run.assumed("benefit.lis_low_copay_share")
        brand_share = run.assumed("benefit.brand_share_of_claims")

        def copay(kind: str) -> list[Live]:
            lower = run.yearly(f"assumptions.benefit.lis_copay_{kind}_low")
            other = run.yearly(f"assumptions.benefit.lis_copay_{kind}_other")
            return [low * lower[y] + (1 - low) * other[y] for y in self.years]

        self.brand_copay = self.row(
            "Low-income copay of a brand claim",
            "USD",
            copay("brand"),
            "part_d_inputs._lis_copay",
            "cents",
        )
        generic = self.row(
            "Low-income copay of a generic claim",
            "USD",
            copay("generic"),
            "part_d_inputs._lis_copay",
            "cents",
        )
        self.claim_copay = self.row(
            "Low-income copay of a claim",
            "USD",
            [
                brand_share * self.brand_copay[y] + (1 - brand_share) * generic[y]
                for y in self.years
            ],
            "part_d_inputs.build_inputs",
            "cents",
        )
        self.by_drug = run.is_word("assumptions.payment.dir_allocation", "by_drug")
        self.statutory = run.is_word("terms.lis_rule", "statutory_copay")

    def row(
        self, label: str, unit: str, cells: Sequence[Live], engine: str = "", number: str = "usd"
    ) -> Live:
        """A row of the sheet."""
        return self.steps.row(label, unit, cells, engine, number)

    # -- lines

    def fills(
        self,
        name: str,
        product: Product,
        counts: list[list[list[Live]]],
        *,
        joining: bool,
    ) -> Line:
        """Fills of one product. counts: by year, group and phase."""
        found, years = self.found, self.years
        title = product.name.capitalize()
        today = name == "existing_glp1"
        gross = product.join_gross if joining else product.gross
        assert gross is not None
        count = [
            [
                self.row(
                    f"{title}: fills {when}, {group}",
                    "fills",
                    [counts[y][g][phase] for y in years],
                    number="tenths",
                )
                for phase, when in enumerate(PHASES)
            ]
            for g, group in enumerate(("non-LIS", "LIS"))
        ]
        member = []
        for g, group in enumerate(("non-LIS", "LIS")):
            early, initial = count[g][0], count[g][1]
            cells = []
            for y in years:
                price = gross[y]
                standard = price * early[y] + self.coinsurance[y] * price * initial[y]
                if product.copay is None or not joining:
                    cells.append(standard)
                    continue
                before = where(found.exempt > 0, product.copay[y], price)
                flat = before * early[y] + product.copay[y] * initial[y]
                cells.append(where(found.broad > 0, flat, standard) if today else flat)
            member.append(
                self.row(
                    f"{title}: owed by members, {group}", "USD", cells, "benefit.fill_liability"
                )
            )
        every = [[summed([count[g][p][y] for g in (0, 1)]) for y in years] for p in range(3)]
        flags = product.classes
        subsidised = []
        for y in years:
            if not joining:
                subsidised.append(every[1][y])
                continue
            early_too = found.early_subsidised * (found.broad if today else 1)
            subsidised.append(every[1][y] + early_too * every[0][y])
        manufacturer = self.row(
            f"{title}: manufacturer discount",
            "USD",
            [
                gross[y]
                * flags[0][y]
                * (self.discount[y] * subsidised[y] + self.late_discount[y] * every[2][y])
                for y in years
            ],
            "benefit.fill_liability",
        )
        selected = self.row(
            f"{title}: selected-drug subsidy",
            "USD",
            [gross[y] * flags[1][y] * self.subsidy[y] * subsidised[y] for y in years],
            "benefit.fill_liability",
        )
        all_gross = self.row(
            f"{title}: gross",
            "USD",
            [gross[y] * summed([every[p][y] for p in range(3)]) for y in years],
        )
        late = self.row(
            f"{title}: gross above the threshold", "USD", [gross[y] * every[2][y] for y in years]
        )
        if joining:
            per_fill = product.dir
        else:
            assert product.own_rebate is not None
            per_fill = [product.own_rebate] * 3
        rebates = self.row(
            f"{title}: DIR",
            "USD",
            [summed([every[p][y] * per_fill[p][y] for p in range(3)]) for y in years],
            "drug_lines._rebates",
        )
        late_dir = None
        if name == "model_drugs":
            late_dir = self.row(
                f"{title}: DIR above the threshold",
                "USD",
                [every[2][y] * per_fill[2][y] for y in years],
                "drug_lines._rebates",
            )
        low = [count[LIS][0][y] + count[LIS][1][y] for y in years]
        copays = []
        for y in years:
            narrow = smallest(member[LIS][y], low[y] * self.brand_copay[y])
            if not joining:
                copays.append(narrow)
                continue
            assert product.copay is not None
            terms = self.run.terms("copay")
            capped = smallest(member[LIS][y], low[y] * smallest(self.brand_copay[y], terms[y]))
            flat = where(self.statutory, capped, member[LIS][y])
            copays.append(where(found.broad > 0, flat, narrow) if today else flat)
        low_income = self.row(
            f"{title}: paid by low-income members", "USD", copays, "benefit.low_income_copay"
        )
        return Line(
            name,
            title,
            member,
            manufacturer,
            selected,
            [all_gross],
            [late],
            [rebates],
            rebates,
            low_income,
            [product.reinsured],
            late_dir,
            product,
        )

    def claims(self, tables: list[Table]) -> Line:
        """Every claim but GLP-1 fills. tables: one for each year, by group, phase and class."""
        years, run = self.years, self.run

        def cells(y: int, g: int | None, phase: int | None, c: int | None) -> Live:
            groups = (0, 1) if g is None else (g,)
            phases = range(3) if phase is None else (phase,)
            classes = range(3) if c is None else (c,)
            return summed([tables[y][i][p][k] for i in groups for p in phases for k in classes])

        member = [
            self.row(
                f"Other drugs: owed by members, {group}",
                "USD",
                [cells(y, g, 0, None) + self.coinsurance[y] * cells(y, g, 1, None) for y in years],
                "benefit.standard_liability",
            )
            for g, group in enumerate(("non-LIS", "LIS"))
        ]
        manufacturer = self.row(
            "Other drugs: manufacturer discount",
            "USD",
            [
                self.discount[y] * cells(y, None, 1, 0)
                + self.late_discount[y] * cells(y, None, 2, 0)
                for y in years
            ],
            "benefit.standard_liability",
        )
        selected = self.row(
            "Other drugs: selected-drug subsidy",
            "USD",
            [self.subsidy[y] * cells(y, None, 1, 1) for y in years],
            "benefit.standard_liability",
        )
        gross = [
            self.row(
                f"Other drugs: gross, {kind.replace('_', '-')}",
                "USD",
                [cells(y, None, None, c) for y in years],
            )
            for c, kind in enumerate(CLASSES)
        ]
        late = [
            self.row(
                f"Other drugs: above the threshold, {kind.replace('_', '-')}",
                "USD",
                [cells(y, None, 2, c) for y in years],
            )
            for c, kind in enumerate(CLASSES)
        ]
        share = run.assumed("spending.dir_share")
        rebates = self.row(
            "Other drugs: DIR",
            "USD",
            [share * gross[0][y] for y in years],
            "drug_lines.baseline_part",
        )
        per_claim = run.assumed("benefit.gross_per_claim")
        copays = self.row(
            "Other drugs: paid by low-income members",
            "USD",
            [
                smallest(
                    member[LIS][y],
                    (cells(y, LIS, 0, None) + cells(y, LIS, 1, None))
                    / per_claim
                    * self.claim_copay[y],
                )
                for y in years
            ],
            "benefit.low_income_copay",
        )
        return Line(
            "baseline_drugs",
            "Other drugs",
            member,
            manufacturer,
            selected,
            gross,
            late,
            [rebates],
            rebates,
            copays,
        )
