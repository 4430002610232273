"""One file of claims, measured whole: adjudicated and profiled, and only sums are left of it.

What a page may keep while a session lasts. Nothing of a member is in it, no cell of the file is in
a message, no figure that rests on fewer than 11 members, nor amounts whose sums by phase would give
one away. Of the rows of the file that were not used all counts are kept: they are for mending it.
docs/claims.md and docs/profile.md say what else remains.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from calculator.assumptions import Register, scenario_files
from calculator.claims import files, small_cells
from calculator.claims.adjudication import adjudicate
from calculator.claims.engine import Engine
from calculator.claims.layouts import REQUIRED, Layout, named_layout, shipped_layouts
from calculator.claims.profile import Profile, profile
from calculator.claims.profile_scenario import Written, own_scenario
from calculator.claims.reading import Claims, read
from calculator.claims.rules import rules
from calculator.errors import InputError
from calculator.scenario import PlanScenario, load_scenario, scenario_of

STEPS = 6  # of `measure` and the adjudication in it
LISTED = 10_000  # rejected rows that are kept by line; the terminal lists them all
MOST_COLUMNS, LONGEST_HEAD = 500, 64_000
MOST_ROWS = 20_000_000  # of a Parquet file, which a few bytes can claim to have
SECTIONS = ("plan", "spending", "therapy", "assumptions", "observed")


@dataclass(frozen=True)
class Measured:
    """What a file of claims says, in sums over its members."""

    year: int
    summary: dict[str, Any]  # of adjudication, without what rests on too few (small_cells.shown)
    rejects: str  # line,reason as CSV, the first LISTED
    layout: str
    sha256: str
    not_final: tuple[str, ...]
    notes: tuple[str, ...]
    profile: Profile


def measure(
    engine: Engine,
    path: Path,
    register: Register,
    *,
    year: int | None = None,
    layout: str | None = None,
    enrollment: Path | None = None,
    members: float | None = None,
    stage: Callable[[str], AbstractContextManager[Any]],
) -> Measured:
    """Adjudicate and profile a file of claims; rejects are written beside it on the way.

    year: a plan year, to which the claims are then held; None: the one with the most of them.
    layout: a shipped name or a mapping file; None: by the columns. enrollment, members: as for
    `profile`. stage: a context around each of STEPS steps. Raises InputError on a file that cannot
    be used; its words hold no cell of the file.
    """
    if year is not None:
        rules(register, year)  # a year that cannot be settled is refused before all else
    chosen = None if layout is None else _own_codes_refused(named_layout(layout))
    _check_head(path, known_columns(chosen), chosen)
    if enrollment is not None:
        _check_head(enrollment, frozenset({"member_id", "start", "end"}))
    # What an engine says of a cell it cannot take is for nobody's eyes, nor for a log.
    with files.plain_errors(str(path)):
        with stage("reading"):
            claims = read(engine, path, layout=chosen, enrollment=enrollment, year=year)
        if claims.count == 0:
            raise _nothing_used(claims, year)
        with stage("profiling"):
            found = profile(claims, enrollment=enrollment, members=members)
        settled = found.year if year is None else year
        rejects = path.with_name("rejects.csv")
        done = adjudicate(
            engine, str(path), register, settled,
            layout=layout, enrollment=enrollment, rejects=rejects, stage=stage,
        )  # fmt: skip
        summary = small_cells.shown(
            done.summary, small_cells.people(done), small_cells.bridge_members(done)
        )
    return Measured(
        year=settled,
        summary=summary,
        rejects=_listed(rejects),
        layout=done.claims.layout.label,
        sha256=claims.sha256,
        not_final=done.rules.not_final,
        notes=done.claims.notes,
        profile=found,
    )


def _listed(rejects: Path) -> str:
    """The head and the first rows of a file of rejects."""
    with rejects.open(encoding="utf-8") as stream:
        return "".join(line for line, _ in zip(stream, range(LISTED + 1), strict=False))


def _own_codes_refused(layout: Layout) -> Layout:
    """A mapping file without a table of codes, which would be another file of this machine."""
    if layout.codes is not None:
        raise InputError("codes", "no table of codes here", str(layout.codes.file.name))
    return layout


def _nothing_used(claims: Claims, year: int | None) -> InputError:
    """Why no row of a file could be used: the reason of most, and its first line."""
    counts = claims.rejects.counts
    if not counts:
        return InputError("claims", "a file with rows below its first line", "none")
    reason = max(counts, key=lambda each: counts[each])
    rows = f"{claims.rejects.total:,} rows, none of which can be used"
    if reason == f"service_date outside {year}":
        return InputError("--year", "a year of these claims", f"{year}, and {rows}: {reason}")
    table = claims.rejects.table
    first = int(table.filter(table.reason == reason).line.min().to_pandas())
    return InputError(
        "claims", "a file with claims that can be used", f"{rows}: {reason}, first in line {first}"
    )


def known_columns(layout: Layout | None = None) -> frozenset[str]:
    """Column names that a layout looks for, in lower case: of this one, or of any shipped one."""
    layouts = [layout] if layout is not None else list(shipped_layouts().values())
    return frozenset(
        name.lower()
        for one in layouts
        for column in one.columns.values()
        for name in column.names()
    )


def _check_head(path: Path, known: frozenset[str], layout: Layout | None = None) -> None:
    """Refuse a file whose first line names no known column: it may be somebody's claim.

    Also what is too large to look at. Else a message that lists the columns would show cells.
    """
    if files.is_parquet(str(path)):
        from pyarrow import parquet

        try:
            rows = int(parquet.read_metadata(path).num_rows)
        except (OSError, ValueError):
            damaged = f"{path}, which is damaged or not what its name says"
            raise InputError("claims", files.READABLE, damaged) from None
        if rows > MOST_ROWS:
            raise InputError("claims", f"a file of up to {MOST_ROWS:,} rows", f"{rows:,}")
        return
    with path.open("rb") as stream:
        first = stream.readline(LONGEST_HEAD + 1)
    allowed = f"column names, at most {MOST_COLUMNS} in {LONGEST_HEAD:,} bytes"
    if len(first) > LONGEST_HEAD:
        raise InputError("line 1", allowed, "a longer line")
    marks = {*files.DELIMITERS, layout.delimiter if layout else ","}
    text = first.decode("utf-8-sig", errors="replace").lower().replace('"', "")
    names = re.split("[" + re.escape("".join(sorted(marks))) + "]", text)
    if len(names) > MOST_COLUMNS:
        raise InputError("line 1", allowed, f"{len(names):,} columns")
    if not known & {name.strip() for name in names}:
        wanted = [name for name in (*REQUIRED, "start") if name in known] or sorted(known)[:6]
        raise InputError(
            "line 1",
            f"column names, such as {', '.join(wanted)}",
            f"{len(names):,} cells and none of these names",
        )


# ---------------------------------------------------------------------------------- a scenario


def written(found: Measured, scenario: PlanScenario, *, persistence: bool) -> Written:
    """What `balance profile` writes, over the shipped scenario that this one starts from."""
    name = f"own_claims_{found.profile.year}"
    return own_scenario(
        found.profile, found.sha256, name, base_of(scenario), persistence=persistence
    )


def base_of(scenario: PlanScenario) -> str:
    """The shipped scenario that a plan's starts from; the first of a drug plan where none is."""
    for name in (scenario.name, scenario.extends):
        if name is not None and name in scenario_files():
            other = load_scenario(name)
            if isinstance(other, PlanScenario):
                return name
    return "pdp_regional"


def laid_over(profiled: Written, scenario: PlanScenario) -> PlanScenario:
    """The claims' values over a scenario as it stands; all else that it says stays.

    >>> from calculator.scenario import load_scenario
    >>> plan = load_scenario("pdp_regional").with_settings({"plan.risk_score": 1.1})
    >>> data = {"name": "own", "plan": {"members": 500}, "observed": {
    ...     "source": "claims sha256:" + "0" * 64, "title": "Own", "paths": ["plan.members"]}}
    >>> laid = laid_over(Written(data, plan, []), plan)
    >>> laid.plan.members, laid.plan.risk_score, laid.plan.type
    (500.0, 1.1, 'pdp')
    """
    data = scenario.plain()
    own = {name: profiled.data[name] for name in SECTIONS if name in profiled.data}
    changes = _without_other_claims(data.get("assumptions", {}))
    for file, entries in own.pop("assumptions", {}).items():
        changes[file] = {**changes.get(file, {}), **entries}
    for name, section in own.items():
        # Strata and points are wholes; of the plan and its therapy only some fields are given.
        partly = name in ("plan", "therapy")
        data[name] = {**data.get(name, {}), **section} if partly else section
    told = {"name": profiled.data["name"], "label": profiled.data.get("label", scenario.label)}
    data |= {**told, "assumptions": changes, "extends": base_of(scenario)}
    made = scenario_of(data)
    assert isinstance(made, PlanScenario)
    made.register()
    return made


def _without_other_claims(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Changes to assumptions without those that other claims gave: a scenario cites one file."""

    def observed(entry: Any) -> bool:
        return isinstance(entry, Mapping) and entry.get("status") == "observed"

    return {
        file: {key: entry for key, entry in entries.items() if not observed(entry)}
        if isinstance(entries, Mapping)
        else entries
        for file, entries in changes.items()
    }
