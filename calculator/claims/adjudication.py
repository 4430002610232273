"""From a file of claims to who paid what: read, adjudicate, sum, write."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from calculator.assumptions import Register
from calculator.claims import files, query, reading, results
from calculator.claims.engine import Engine
from calculator.claims.rules import Rules, rules
from calculator.errors import IdentityError, InputError


@dataclass(frozen=True)
class Adjudication:
    """Claims, the rules they were settled by, and sums by member and phase."""

    claims: reading.Claims
    rules: Rules
    by_phase: Any
    summary: dict[str, Any]


def adjudicate(
    engine: Engine,
    path: str,
    register: Register,
    year: int,
    *,
    layout: str | None = None,
    enrollment: Path | None = None,
    strict: bool = False,
    out: Path | None = None,
    rejects: Path | None = None,
    stage: Callable[[str], AbstractContextManager[Any]],
) -> Adjudication:
    """Adjudicate a file of claims; write the members' and the rejects' file where asked.

    stage: a context around each long step, given its name (a progress bar). Raises InputError on
    a file that cannot be used, and under `strict` on one with a rejected row.
    """
    law = rules(register, year)

    def read(later: bool) -> reading.Claims:
        with stage("reading"):
            return reading.read(
                engine, path, layout=layout, enrollment=enrollment, year=year, later=later
            )

    def settle(claims: reading.Claims) -> Any:
        with stage("adjudicating"):
            per_claim = query.adjudicated(claims, law)
            return engine.keep(query.settled(per_claim, law, results.compared(claims)))

    # Looking for duplicates costs as much as half the adjudication, whose sort shows them anyway.
    claims = read(later=True)
    _refuse_rejects(claims, strict)
    with files.plain_errors(path):
        by_phase = settle(claims)
        if claims.duplicates_open and int(by_phase.ties.sum().to_pandas() or 0):
            found = claims.count
            claims = read(later=False)
            _refuse_rejects(claims, strict)
            if claims.count != found:
                by_phase = settle(claims)
        with stage("summing"):
            summary = results.summary(claims, by_phase)
        _check(summary)
        with stage("writing"):
            if out is not None:
                results.write_members(engine, by_phase, out)
            if rejects is not None:
                results.write_rejects(claims, rejects)
    return Adjudication(claims, law, by_phase, summary)


def _refuse_rejects(claims: reading.Claims, strict: bool) -> None:
    if strict and claims.rejects.total:
        counts = claims.rejects.counts.items()
        reasons = ", ".join(f"{reason}: {number:,}" for reason, number in counts)
        raise InputError("--strict", "a file without rejected rows", reasons)


def _check(summary: dict[str, Any]) -> None:
    """Payers sum to gross, to a hundredth of a cent of the whole file."""
    owed = summary["payers"]
    gap = sum(owed[payer] for payer in query.PAYERS) - owed["gross"]
    if abs(gap) > max(1e-4, 1e-12 * owed["gross"]):
        raise IdentityError(f"payers of claims sum to gross: off by {gap}")
