"""What claims came to, in words and rows: the same for the terminal and the page.

Plain data in (the summary of an adjudication, the lines of a profile); no member is in either.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from calculator.model.arrays import Array
from calculator.report.table import cents
from calculator.report.words import MINUS, dollars, share
from calculator.scenario import PlanScenario
from calculator.spending_inputs import (
    EXISTING,
    drugs_by_year,
    in_use_cost,
    national_strata,
    own_strata,
)

HEADS = {
    "gross": "gross",
    "member": "member",
    "lics": "LICS",
    "plan": "plan",
    "manufacturer": "manufacturer",
    "selected_subsidy": "selected",
    "reinsurance": "reinsurance",
    "troop": "TrOOP",
}
BACKTEST = {
    "paid_member": "member paid",
    "paid_lics": "LICS",
    "paid_plan": "plan paid",
    "paid_below": "gross below the threshold",
    "paid_above": "gross above the threshold",
}
ALL = "all"
NOT_SHOWN, FEW = "not shown", "fewer than 11 members differ"
HIDDEN_NOTE = (
    "Not shown: a figure of fewer than 11 people, or one from which the sums of the table by phase"
    " would give such a figure (CMS's cell size policy)."
)
LINES_SHOWN = 5
SLICES = 60

Summary = Mapping[str, Any]  # of an adjudication: see claims/results.py
Tested = Mapping[str, Any]  # claims, on_claims, adjudicated, difference, within_a_cent


def by_phase(summary: Summary) -> list[tuple[Any, ...]]:
    """Rows of phase, claims, and USD of each of HEADS; all of it last. None: not shown."""
    rows = summary["phases"].items()
    if "all_claims" in summary:
        number = summary["all_claims"]
    else:
        number = sum(row["claims"] for _, row in rows)
    return [
        *((phase, row["claims"], *(row[name] for name in HEADS)) for phase, row in rows),
        (ALL, number, *(summary["payers"][name] for name in HEADS)),
    ]


def hides(summary: Summary) -> bool:
    """Whether something is not shown: of few people, or giving such a figure away."""
    rows = [*summary["phases"].values(), summary["payers"], summary["bridge"]]
    return any(one is None for row in rows for one in row.values()) or any(
        test["claims"] is None or test["few_differ"] or not test["phases"]
        for test in summary["backtest"].values()
    )


def compared(test: Tested, signed: Callable[[float], str]) -> tuple[str, ...]:
    """A comparison in words: claims, on them, adjudicated, difference, within a cent."""

    def usd(amount: float | None) -> str:
        return NOT_SHOWN if amount is None else cents(amount, 2)

    within = "" if test["within_a_cent"] is None else f"{test['within_a_cent']:.2%}"
    difference = NOT_SHOWN if test["difference"] is None else signed(test["difference"])
    if test["few_differ"]:
        difference, within = FEW, "all but those"
    return (
        NOT_SHOWN if test["claims"] is None else f"{test['claims']:,}",
        usd(test["on_claims"]), usd(test["adjudicated"]), difference, within,
    )  # fmt: skip


def back_test(summary: Summary) -> list[tuple[str, str | None, Tested]]:
    """Each amount on the claims: its label, the phase (None: all of them), and the comparison."""
    rows: list[tuple[str, str | None, Tested]] = []
    for name, test in summary["backtest"].items():
        rows.append((BACKTEST[name], None, test))
        parts = test["phases"].items()
        rows += [(BACKTEST[name], phase, part) for phase, part in parts if part["claims"]]
    return rows


def sentence(summary: Summary, year: int) -> str:
    """What the claims come to, and how far the amounts on them agree."""
    owed = summary["payers"]
    said = f"{summary['accepted']:,} claims of {summary['members']:,} members in {year}"
    if owed["gross"] is not None:
        said += f" come to {dollars(owed['gross'])}"
        if owed["plan"] is not None:
            said += f", of which the plan owes {dollars(owed['plan'])}"
    agrees = agreement(summary)
    return f"{said}; {agrees}." if agrees else f"{said}."


def agreement(summary: Summary) -> str:
    """How far the adjudicated amounts agree with those on the claims; nothing where there are none.

    The largest difference of a payer's sum, against that sum on the claims, rounded up. Amounts
    that are not shown are not in it.

    >>> test = {"claims": 4, "on_claims": 200.0, "difference": 1.08, "within_a_cent": 0.75}
    >>> agreement({"backtest": {"paid_member": test}})
    'they agree with the amounts on the claims to within 0.6%'
    >>> agreement({"backtest": {"paid_member": {**test, "difference": 0, "within_a_cent": 1.0}}})
    'they agree with the amounts on the claims to the cent'
    """
    every = [test for test in summary["backtest"].values() if test["claims"] is not None]
    tests = [test for test in every if test["difference"] is not None]
    few = ", but for those of fewer than 11 members" if len(tests) < len(every) else ""
    if not tests:
        return f"they agree with the amounts on the claims{few}" if few else ""
    if all(test["within_a_cent"] == 1.0 for test in tests):
        return f"they agree with the amounts on the claims to the cent{few}"
    parts = [
        abs(test["difference"]) / abs(test["on_claims"]) if test["on_claims"] else 1.0
        for test in tests
        if test["on_claims"] or test["difference"]
    ]
    apart = max(parts, default=0.0)
    # To the next tenth of a per cent, less what floating point adds.
    bound = math.ceil(1000.0 * apart - 1e-6) / 1000.0
    if apart < 0.0005:
        return f"their sums agree with the amounts on the claims to within 0.1%{few}"
    if apart > 0.1:
        return f"the amounts on the claims differ by up to {share(bound)}"
    return f"they agree with the amounts on the claims to within {share(bound)}{few}"


def rest(summary: Summary) -> str:
    """What became of the rows that are not in the sums."""
    told = []
    if not summary["backtest"]:
        told.append(
            "The claims carry no amounts that were paid, so there is nothing to hold this against."
        )
    aside = sum(summary["set_aside"].values())
    if summary["rejected"]:
        told.append(f"Of {summary['claims']:,} rows, {summary['rejected']:,} could not be used.")
    elif not aside:
        told.append(f"All {summary['claims']:,} rows were used.")
    if aside:
        told.append(f"Reversed, replaced or deleted by other rows: {aside:,}.")
    bridge = summary["bridge"]
    if bridge["claims"] is None:
        told.append(
            "Bridge fills of fewer than 11 members are outside the benefit: counted among the"
            " claims, in no amount."
        )
    elif bridge["claims"]:
        told.append(
            f"{bridge['claims']:,} Bridge fills, {dollars(bridge['gross'])}, are outside the "
            "benefit: counted among the claims, in no amount."
        )
    return " ".join(told)


def rejected(summary: Summary, listed: str) -> list[tuple[str, str, str]]:
    """Why rows were not used: reason, how many, and the first lines. listed: CSV of line,reason."""
    lines: dict[str, list[str]] = {}
    for row in csv.DictReader(io.StringIO(listed)):
        lines.setdefault(row["reason"], []).append(f"{int(row['line']):,}")
    rows = []
    for reason, count in sorted(summary["reasons"].items(), key=lambda item: -item[1]):
        first = lines.get(reason, [])[:LINES_SHOWN]
        more = " ..." if first and count > len(first) else ""
        rows.append((reason, f"{count:,}", ", ".join(first) + more))
    rows += [
        (f"set aside: {reason}", f"{count:,}", "") for reason, count in summary["set_aside"].items()
    ]
    return rows


# ------------------------------------------------------------------------------------ the profile


def today(scenario: PlanScenario, year: int, curve: Array) -> dict[str, float | None]:
    """What a scenario says now of the things that claims tell: path -> number.

    curve: its share still on therapy by month, from month 0. Spending is the mean of a group in the
    year of the claims, without the GLP-1 drugs in use today; None where nobody is in it. A point of
    the curve has its month behind the path.
    """
    register = scenario.register()
    strata = (year,)
    drugs = drugs_by_year(register, EXISTING, strata, "users_share")
    fills = register.number("assumptions.drugs.existing_fills_per_month")
    in_use = in_use_cost(drugs, fills)
    own = scenario.spending
    spend, weights, _ = (
        national_strata(register, strata, SLICES, in_use)
        if own is None
        else own_strata(own, register, strata, SLICES, in_use)
    )
    people = weights.sum(axis=-1)[0]
    usd = (weights * spend[:, 0]).sum(axis=-1)[0]
    # A plan may have no members of a group.
    found: dict[str, float | None] = {
        f"spending.{name}.points": float(usd[at] / people[at]) if people[at] > 0.0 else None
        for at, name in enumerate(("non_lis", "lis"))
    }
    for path in register.entries:
        if path.startswith(("plan.", "assumptions.drugs.", "assumptions.benefit.", SPEND_RATIO)):
            entry = register.entries[path]
            if entry.kind == "number" and not path.startswith("assumptions.benefit.lis_copay"):
                value = float(register.number(path)[0])
                found[path] = value if value == value else None
    for month, still in enumerate(curve):
        found[point(month)] = float(still)
    return found


SPEND_RATIO = "assumptions.spending.user_spend_ratio"
POINTS = "therapy.persistence_points"


def point(month: int) -> str:
    """The name of a point of the persistence curve."""
    return f"{POINTS}.{month}"


def named(line: Mapping[str, Any]) -> str | None:
    """The path of a profile's line; a point of the curve with its month."""
    path = line["path"]
    if path != POINTS:
        return None if path is None else str(path)
    return point(int(str(line["what"]).split()[-2]))


def figure(number: float | None, unit: str) -> str:
    """A figure of a profile as its unit asks for.

    >>> figure(0.2526, "share of members"), figure(4728.31, "USD per member-year")
    ('25.3%', '$4,730')
    >>> figure(4597.0, "people"), figure(0.5603, "fills per user-month"), figure(None, "ratio")
    ('4,597', '0.56', '')
    """
    if number is None:
        return ""
    if unit.startswith("share"):
        return share(number) if abs(number) >= 0.01 or not number else _small_share(number)
    if unit.startswith("USD"):
        return dollars(number)
    text = f"{number:,.0f}" if abs(number) >= 1000 or unit.startswith("people") else f"{number:.3g}"
    return text.replace("-", MINUS)


def _small_share(number: float) -> str:
    """A share below 1%, which one decimal would hide."""
    return f"{100.0 * number:.2f}%".replace("-", MINUS)


def band(line: Mapping[str, Any]) -> str:
    """The 95% band of a profile's line."""
    if line["low"] is None or line["high"] is None:
        return ""
    return f"{figure(line['low'], line['unit'])} to {figure(line['high'], line['unit'])}"


def profile_rows(
    lines: Sequence[Mapping[str, Any]], use: str, now: Mapping[str, float | None]
) -> list[tuple[str, str, str, str, str]]:
    """Lines of one use: what, its figure, its band, the people behind it, the scenario's now."""
    rows = []
    for line in lines:
        if line["use"] != use:
            continue
        before = now.get(named(line) or "")
        people = f"at least {line['n']:,}" if line["n"] is not None else ""
        rows.append(
            (
                str(line["what"]),
                figure(line["value"], line["unit"]),
                band(line),
                people,
                figure(before, line["unit"]),
            )
        )
    return rows
