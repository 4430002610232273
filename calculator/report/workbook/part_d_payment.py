"""What Medicare and members pay the plan, by plan year: pricing, premium, subsidy, corridor.

The equations of model.part_d and model.payment, in their order.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from calculator.model.arrays import MONTHS
from calculator.report.workbook.cells import (
    Live,
    summed,
)
from calculator.report.workbook.layout import Steps
from calculator.report.workbook.part_d_branch import Branch, Costs
from calculator.report.workbook.part_d_people import People
from calculator.report.workbook.part_d_run import Cells, Run

PAYMENT = "Payment"


@dataclass
class Enrolled:
    """Who is paid for in a branch, by plan year."""

    months: Cells
    risk: Cells
    lis: Cells
    moving: Cells | None  # member-months that bring a margin, negative: take theirs away


@dataclass
class Bids:
    """Before the model, USD PMPM by plan year."""

    base: Live  # base beneficiary premium
    average: Live  # national average bid, others' joining in it
    bid: Live  # standardised
    at_cost: Live  # what it would be at the cost of staying out


@dataclass
class Received:
    """What the incentives pay when joining."""

    extra: Live
    capitation: Live


@dataclass
class Settled:
    """A branch's rows that are not drug lines, and what the sheets show beside them."""

    rows: dict[tuple[str, str], list[Live]] = field(default_factory=dict)
    bid: Live | None = None
    premium: Live | None = None
    subsidy: Live | None = None
    target: Live | None = None
    actual: Live | None = None
    leaving: Live | None = None
    months: Cells = ()
    risk: Cells = ()
    funded: Cells = ()  # rise of the premium that the plan pays itself, USD PMPM
    net_cost: Live | None = None
    at_cost: Live | None = None  # the bid at the cost of staying out


class Payment:
    """Writes the sheet of payment."""

    def __init__(
        self, run: Run, people: People, costs: Costs, supplement: Cells | None = None
    ) -> None:
        """supplement: what own coverage costs the plan, where a plan with a bid prices it."""
        self.run, self.people, self.supplement = run, people, supplement
        self.years = range(len(run.years))
        sheet = run.book.sheet(PAYMENT)
        sheet.title(
            "Payment",
            "How the added cost is priced, and what premium, subsidy, incentives and corridor pay.",
        )
        for column, width in enumerate((52, 18, 34, *[15] * (len(run.years) + 4))):
            sheet.widths[column] = width
        sheet.frozen = (0, 1)
        self.steps = Steps(sheet, "Members")
        self.steps.heading(run.names)
        number = run.inputs.number
        self.load = run.assumed("payment.administration_and_margin")
        self.own_risk = number("plan.risk_score")
        self.lis = run.inputs.fixed("plan.lis_share")
        self.weight = number("plan.national_weight")
        self.funded_share = number("plan.rebate_funded_share")
        self.months = self.row(
            "Member-months", "months", [m * MONTHS for m in people.members], "", "people"
        )
        self.own = Enrolled(
            self.months, [self.own_risk for _ in self.years], [self.lis for _ in self.years], None
        )
        self.plan_cost = {
            name: self._plan_cost(name, branch)
            for name, branch in (
                ("stay_out", costs.stay_out),
                ("alone", costs.alone),
                ("join", costs.join),
            )
            if name != "alone" or costs.alone is not costs.join
        }
        self.plan_cost.setdefault("alone", self.plan_cost["join"])

    def row(
        self, label: str, unit: str, cells: Cells, engine: str = "", number: str = "usd"
    ) -> Live:
        """A row of the sheet, a year a column."""
        return self.steps.row(label, unit, cells, engine, number)

    def pmpm(self, label: str, cells: Cells, engine: str = "") -> Live:
        """A row in USD PMPM."""
        return self.row(label, "USD PMPM", cells, engine, "cents")

    def section(self, title: str, note: str = "") -> None:
        """A heading over rows by year."""
        self.steps.title(title, note)
        self.steps.heading(self.run.names)

    def _plan_cost(self, name: str, branch: Branch) -> dict[str, Live]:
        title = {"stay_out": "staying out", "alone": "joining, own members", "join": "joining"}
        self.section(f"The plan's drug cost, {title[name]}")
        labels = {
            "baseline_drugs": "Other drugs",
            "existing_glp1": "GLP-1 drugs of today",
            "model_drugs": "Model drugs",
        }
        found = {
            line: self.row(
                label,
                "USD",
                [summed([part[y] for part in branch.plan[line]]) for y in self.years],
                "drug_lines.branch",
            )
            for line, label in labels.items()
            if line in branch.plan
        }
        if branch.late_cost:
            found["late"] = self.row(
                "of model drugs, above the threshold",
                "USD",
                [summed([part[y] for part in branch.late_cost]) for y in self.years],
                "drug_lines.branch",
            )
        return found
