"""A branch's drug rows: DIR taken off reinsurance and the plan, by plan year."""

from __future__ import annotations

from dataclasses import dataclass

from calculator.model.benefit import CLASSES
from calculator.report.workbook.cells import Live, summed, where
from calculator.report.workbook.part_d_benefit import Benefit
from calculator.report.workbook.part_d_drugs import LIS, NON_LIS, Drugs, Line, Rows
from calculator.report.workbook.part_d_prices import Prices, Product
from calculator.report.workbook.part_d_run import Run


@dataclass
class Branch:
    """A branch's drug rows, by plan year: ledger line and payer -> cells."""

    rows: dict[tuple[str, str], list[Rows]]
    plan: dict[str, list[Live]]
    late_cost: list[Live]  # the plan's cost of model fills above the threshold
    gross: list[list[Live]]


@dataclass
class Costs:
    """Drug lines of the branches."""

    stay_out: Branch
    alone: Branch  # joining without those who come
    join: Branch
    fills: Live | None = None


def branch(drugs: Drugs, title: str, lines: list[Line]) -> Branch:
    """Take DIR off reinsurance and the plan, and write who pays: drug_lines.branch."""
    years = drugs.years
    drugs.steps.title(f"{title}: share above the threshold, and what is left to the plan")
    drugs.steps.heading(drugs.run.names)
    pooled = _pooled(drugs, lines)
    rows: dict[tuple[str, str], list[Rows]] = {}
    plan: dict[str, list[Live]] = {}
    late_cost: list[Live] = []
    for line in lines:
        reinsurance, above = _reinsurance(drugs, line, pooled)
        cells = [
            summed([g[y] for g in line.gross])
            - line.member[NON_LIS][y]
            - line.member[LIS][y]
            - line.manufacturer[y]
            - line.selected[y]
            - reinsurance[y]
            - line.all_dir[y]
            for y in years
        ]
        cost = drugs.row(f"{line.title}: left to the plan", "USD", cells, "drug_lines.branch")
        plan.setdefault(line.name, []).append(cost)
        amounts = {
            "member": [line.member[NON_LIS][y] + line.copays[y] for y in years],
            "lics": [line.member[LIS][y] - line.copays[y] for y in years],
            "plan": list(cost),
            "manufacturer": list(line.manufacturer),
            "selected_subsidy": list(line.selected),
            "reinsurance": list(reinsurance),
            "dir": list(line.all_dir),
        }
        for payer, row in amounts.items():
            rows.setdefault((line.name, payer), []).append(row)
        if line.late_dir is not None and line.product is not None:
            late_cost.append(_late_cost(drugs, line, line.product, line.late_dir, above))
    return Branch(rows, plan, late_cost, [[g[y] for n in lines for g in n.gross] for y in years])


def _pooled(drugs: Drugs, lines: list[Line]) -> list[Live]:
    """Share above the threshold by class, over all drugs."""
    found = []
    for c, kind in enumerate(CLASSES):
        word = kind.replace("_", "-")

        def pool(name: str, c: int = c) -> list[Live]:
            cells = []
            for y in drugs.years:
                parts = []
                for line in lines:
                    amounts = getattr(line, name)
                    if line.product is None:
                        parts.append(amounts[c][y])
                    else:
                        parts.append(line.product.classes[c][y] * amounts[0][y])
                cells.append(summed(parts))
            return cells

        gross = drugs.row(f"Gross of {word} drugs", "USD", pool("gross"))
        late = drugs.row(f"of it above the threshold, {word}", "USD", pool("late"))
        found.append(
            drugs.row(
                f"Share above the threshold, {word}",
                "share",
                [where(gross[y] > 0, late[y] / gross[y], 0) for y in drugs.years],
                "benefit.share_above_threshold",
                "share",
            )
        )
    return found


def _reinsurance(drugs: Drugs, line: Line, pooled: list[Live]) -> tuple[Live, Live]:
    """Reinsurance net of DIR, and the share of the line's gross above the threshold."""
    years = drugs.years
    if line.product is not None:
        flags = line.product.classes
        own = line.late[0], line.gross[0]
        above = drugs.row(
            f"{line.title}: share of its DIR above the threshold",
            "share",
            [
                where(
                    drugs.by_drug,
                    where(own[1][y] > 0, own[0][y] / own[1][y], 0),
                    summed([flags[c][y] * pooled[c][y] for c in range(3)]),
                )
                for y in years
            ],
            "benefit.share_above_threshold",
            "share",
        )
        cells = [
            line.reinsured[0][y] * (line.late[0][y] - line.all_dir[y] * above[y]) for y in years
        ]
    else:
        above = drugs.row(
            f"{line.title}: share of their DIR above the threshold",
            "share",
            [
                where(
                    drugs.by_drug,
                    where(line.gross[0][y] > 0, line.late[0][y] / line.gross[0][y], 0),
                    pooled[0][y],
                )
                for y in years
            ],
            "benefit.share_above_threshold",
            "share",
        )
        cells = [
            drugs.reinsured[0][y] * (line.late[0][y] - line.all_dir[y] * above[y])
            + drugs.reinsured[1][y] * line.late[1][y]
            + drugs.reinsured[2][y] * line.late[2][y]
            for y in years
        ]
    net = drugs.row(
        f"{line.title}: reinsurance net of DIR", "USD", cells, "benefit.reinsurance_after_dir"
    )
    return net, above


def _late_cost(drugs: Drugs, line: Line, product: Product, late_dir: Live, above: Live) -> Live:
    cells = [
        line.late[0][y]
        * (1 - product.reinsured[y] - drugs.late_discount[y] * product.classes[0][y])
        - late_dir[y] * (1 - product.reinsured[y] * above[y])
        for y in drugs.years
    ]
    return drugs.row(
        f"{line.title}: the plan's cost above the threshold", "USD", cells, "drug_lines.branch"
    )


def drug_costs(run: Run, found: Prices, by_year: list[Benefit]) -> Costs:
    """Every drug line of both branches, as model.drug_costs.drug_costs has them."""
    drugs = Drugs(run, found)
    steps, names = drugs.steps, run.names
    years = drugs.years

    def section(text: str) -> None:
        steps.title(text)
        steps.heading(names)

    def existing(branch: str) -> list[Line]:
        return [
            drugs.fills(
                "existing_glp1",
                product,
                [by_year[y].today[branch][place] for y in years],
                joining=branch == "join",
            )
            for place, product in enumerate(found.existing)
        ]

    def model(fills: list[list[list[Live]]]) -> list[Line]:
        lines = []
        for product in found.model:
            counts = [
                [[product.share * fills[y][g][phase] for phase in range(3)] for g in (0, 1)]
                for y in years
            ]
            lines.append(drugs.fills("model_drugs", product, counts, joining=True))
        return lines

    section("Staying out: drug lines")
    stay_out = branch(
        drugs, "Staying out", [*existing("stay_out"), drugs.claims([b.stay_out for b in by_year])]
    )
    section("Joining: GLP-1 drugs of today")
    today = existing("join")
    coming = by_year[0].more_fills is not None
    own = [b.fills for b in by_year]
    section("Joining without those who come: drug lines" if coming else "Joining: drug lines")
    alone = branch(
        drugs,
        "Joining without those who come" if coming else "Joining",
        [*today, *model(own), drugs.claims([b.alone for b in by_year])],
    )
    if not coming:
        return Costs(stay_out, alone, alone)
    section("Joining: drug lines")
    every = []
    for benefit in by_year:
        more = benefit.more_fills
        assert more is not None
        every.append([[benefit.fills[g][p] + more[g][p] for p in range(3)] for g in (0, 1)])
    join = branch(
        drugs, "Joining", [*today, *model(every), drugs.claims([b.join for b in by_year])]
    )
    return Costs(stay_out, alone, join)
