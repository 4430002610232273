"""What a user types: a payer, its members' therapy, the terms, and changes to assumptions."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

import yaml
from pydantic import Field, ValidationError, field_validator

from calculator import __version__, fields
from calculator.assumptions import (
    Assumption,
    AssumptionError,
    NoReferences,
    Register,
    load_assumptions,
    nearest,
    read_yaml,
    scenario_files,
)
from calculator.errors import InputError, in_words
from calculator.fields import Section
from calculator.presets import presets
from calculator.sections import (
    Groups,
    Horizon,
    Observed,
    OwnCoverage,
    OwnSpending,
    Plan,
    Rivals,
    Selection,
    State,
    StateHorizon,
    Success,
    Therapy,
    Uncertainty,
    Uptake,
)

AnyScenario = TypeVar("AnyScenario", bound="Scenario")
# Whose scenario it is, in words.
PAYERS = {"part_d": "a Part D plan's", "medicaid": "a state's"}
NAMES = {"part_d": "Part D", "medicaid": "Medicaid"}
# Sections that hold changes to what is shipped, not fields of their own.
CHANGES = ("terms", "assumptions")
MOST_BYTES = 1_000_000
MOST_YAML = 200_000  # its parser is slow
SUFFIXES = (".yaml", ".yml", ".json")
# The first line of a file that the calculator saved, with its version after it.
SAVED_BY = "# Saved by balance-calculator "
WORKBOOK = ".xlsx"


class Scenario(Section):
    """One decision of one payer: what every program's scenario has."""

    name: str = Field(title="Name", min_length=1, max_length=120)
    label: str = Field(title="What it is", max_length=400)
    program: str = Field(title="Program")
    extends: str | None = Field(None, title="Shipped scenario it starts from")
    therapy: Therapy
    success: Success = Success()
    observed: Observed | None = Field(None, title="What was observed in own data")
    uncertainty: Uncertainty = Uncertainty()
    terms: dict[str, Any] = Field(title="Terms package and changes to its levers")
    assumptions: dict[str, Any] = Field(default_factory=dict, title="Changes to assumptions")

    @field_validator("terms", "assumptions")
    @classmethod
    def _as_numbers(cls, data: dict[str, Any]) -> dict[str, Any]:
        """A number the same however it was written, so that a run has one fingerprint."""
        return fields.numbers(data)

    def changes(self) -> dict[str, Any]:
        """Changes to levers and assumptions, path -> value."""
        levers = {key: value for key, value in self.terms.items() if key != "package"}
        return {**fields.flat("terms", levers), **fields.flat("assumptions", self.assumptions)}

    def own_entries(self, register: Register) -> dict[str, Assumption]:
        """The scenario's own numbers as entries of the register."""
        mix = {
            f"therapy.mix.{product}": fields.user_entry(
                f"Share of starters on {product}", "share of starters", (0.0, 1.0), share
            )
            for product, share in self.therapy.mix.items()
        }
        return {**fields.entries(self), **mix}

    def register(self) -> Register:
        """Assumptions, terms and this scenario's own fields under one path grammar."""
        if "package" not in self.terms:
            raise InputError("terms.package", "the name of a terms package", "nothing")
        register = load_assumptions(str(self.terms["package"]))
        products = known_products(register)
        for product in self.therapy.mix:
            if product not in products:
                raise InputError("therapy.mix", "products " + ", ".join(products), product)
        if self.observed is not None:
            register = register.with_own_source(self.observed.source)
        for path, value in self.changes().items():
            register = register.with_value(path, value)
        # After the changes: what is known of a state is read with them.
        register = register.with_entries(self._as_observed(self.own_entries(register)))
        for path, spread in self.uncertainty.ranges.items():
            register = register.with_range(path, spread)
        return register

    def _as_observed(self, entries: dict[str, Assumption]) -> dict[str, Assumption]:
        """The scenario's own numbers, those it says were observed with that status and source."""
        if self.observed is None:
            return entries
        own = self.paths()
        for path in self.observed.paths:
            if path not in own:
                raise InputError("observed.paths", nearest(path, own), path)
        source = self.observed.source
        return {
            path: fields.observed_entry(entry, source) if path in self.observed.paths else entry
            for path, entry in entries.items()
        }

    def paths(self) -> list[str]:
        """Every path of the scenario's own fields."""
        told = {*CHANGES, "observed"}
        own = [path for path, _ in fields.walk(type(self)) if path.split(".")[0] not in told]
        products = known_products(load_assumptions())
        return [*own, "terms.package", *(f"therapy.mix.{product}" for product in products)]

    def with_settings(self, settings: Mapping[str, Any]) -> Self:
        """The scenario with some paths set; each is checked, the nearest known path is named."""
        if not settings:
            return self
        known = self.register()
        data = self.model_dump(mode="json", exclude_none=True)
        own = self.paths()
        for path, value in settings.items():
            if path.split(".")[0] in CHANGES and path != "terms.package":
                entry, day = known.locate(path)
                if day is not None:
                    fields.spread(data, entry.split("."), known.entries[entry].values)
            elif path not in own:
                raise self._unknown(path, [*own, *known.entries])
            fields.place(data, path.split("."), value)
            if self.observed is not None:
                # What is typed over an observed value is no longer observed.
                seen = data["observed"]["paths"]
                data["observed"]["paths"] = [other for other in seen if not under(other, path)]
        try:
            changed = _validated(type(self), data)
        except InputError as error:
            alone = [path for path in settings if path.startswith("therapy.mix.")]
            if error.field != "therapy.mix" or not alone:
                raise
            allowed = f"{error.allowed}: all of them together, as therapy.mix={{wegovy: 1}}"
            raise InputError(error.field, allowed, error.given) from None
        changed.register()
        return changed

    def _unknown(self, path: str, known: list[str]) -> InputError:
        """An unknown path: one of the other program's scenarios, or the nearest that there are."""
        for program, other in PROGRAMS.items():
            if path in dict(fields.walk(other)) and not isinstance(self, other):
                allowed = f"a path of {PAYERS[self.program]} scenario"
                return InputError("path", allowed, f"{path}, which is {PAYERS[program]}")
        return InputError("path", nearest(path, known), path)

    def changed_fields(self) -> dict[str, str]:
        """Fields that differ from the shipped scenario it starts from: path -> title."""
        shipped = scenario_files()
        base = self.name if self.name in shipped else self.extends
        if base not in shipped:
            return {}
        before = load_scenario(base)
        told = {"name", "label", "program", "extends", "observed"}
        return {
            path: field.title or path
            for path, field in fields.walk(type(self))
            if path.split(".")[0] not in {*CHANGES, *told}
            and fields.value_at(self, path) != fields.value_at(before, path)
        }

    def plain(self) -> dict[str, Any]:
        """The scenario as plain data that makes the same one again."""
        data = self.model_dump(mode="json", exclude_none=True)
        if self.extends is not None:
            # Left out, it would be what the shipped scenario says.
            before = load_scenario(self.extends)
            for path, _ in fields.walk(type(self)):
                was = fields.value_at(before, path)
                if fields.value_at(self, path) is None and was is not None:
                    fields.place(data, path.split("."), None)
        return data

    def to_yaml(self) -> str:
        """The scenario as a file that loads back to the same one."""
        return yaml_text(self.plain())


class PlanScenario(Scenario):
    """A Part D plan's decision."""

    program: Literal["part_d"] = Field(title="Program")
    plan: Plan
    horizon: Horizon = Horizon()
    rivals: Rivals
    selection: Selection = Selection()
    own_coverage: OwnCoverage | None = Field(None, title="Own coverage when staying out")
    spending: OwnSpending | None = Field(None, title="Own spending")


class StateScenario(Scenario):
    """A state's decision."""

    program: Literal["medicaid"] = Field(title="Program")
    state: State
    groups: Groups
    uptake: Uptake
    horizon: StateHorizon = StateHorizon()

    def own_entries(self, register: Register) -> dict[str, Assumption]:
        """The scenario's numbers; those left out come from the state's preset, with its source."""
        return {**super().own_entries(register), **presets(self, register)}


PROGRAMS: dict[str, type[Scenario]] = {
    "part_d": PlanScenario,
    "medicaid": StateScenario,
}


def shipped_of(field: str, program: str, name: str) -> str:
    """The name of a shipped scenario of a program; else an InputError of a field that lists them.

    >>> shipped_of("--scenario", "part_d", "mapd")
    'mapd'
    """
    programs = {one: load_scenario(one).program for one in scenario_files()}
    if programs.get(name) == program:
        return name
    own = ", ".join(one for one, of in programs.items() if of == program)
    given = f"{name}, which is {PAYERS[programs[name]]}" if name in programs else name or "nothing"
    raise InputError(field, f"a {NAMES[program]} scenario: one of {own}", given)


def under(path: str, top: str) -> bool:
    """Whether a path is the other or lies below it.

    >>> under("therapy.mix.wegovy", "therapy.mix"), under("plan.members", "plan.member_trend")
    (True, False)
    """
    return path == top or path.startswith(f"{top}.")


def known_products(register: Register) -> list[str]:
    """Products whose weight loss is known, hence those a mix may name."""
    suffix = "_trial_loss"
    return sorted(
        path.split(".")[-1].removesuffix(suffix)
        for path in register.entries
        if path.startswith("assumptions.clinical.") and path.endswith(suffix)
    )


def _validated(model: type[AnyScenario], data: Mapping[str, Any]) -> AnyScenario:
    """A scenario from plain data; the first thing wrong as one sentence."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise fields.sentence(error, model) from None


# --------------------------------------------------------------------------------------- loading


def _merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        # A mix is a whole: half of one and half of another would not sum to 1.
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _merge(merged[key], value) if both and key != "mix" else value
    return merged


def _read(path: Path) -> dict[str, Any]:
    if path.is_dir() or path.suffix.lower() not in SUFFIXES:
        allowed = "a shipped name or a file ending in .yaml, .json or .xlsx"
        raise InputError("scenario", allowed, str(path))
    json_file = path.suffix.lower() == ".json"
    most, or_else = (MOST_BYTES, "") if json_file else (MOST_YAML, ", or the same as JSON")
    if path.stat().st_size > most:
        raise InputError("scenario", f"a file of up to {most:,} bytes{or_else}", path.name)
    if path.stat().st_size == 0:
        raise InputError("scenario", "a file with a scenario in it", f"{path.name}, which is empty")
    try:
        # JSON goes through its own parser: a YAML parser is lenient about it.
        if json_file:
            data = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_unique)
        else:
            data = read_yaml(path)
    except AssumptionError as error:
        raise InputError("scenario", "a file of valid YAML", str(error)) from None
    except InputError:
        raise
    except (ValueError, RecursionError):
        # Also a number of thousands of digits, and brackets without end.
        raise InputError("scenario", "a file of valid JSON", path.name) from None
    if not isinstance(data, dict):
        raise InputError("scenario", "a file with named fields", path.name)
    return dict(_plain(data))


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object whose keys are all different."""
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for key, _ in pairs if sum(key == other for other, _ in pairs) > 1)
        raise InputError("scenario", "a file that gives each key once", f"{twice} twice")
    return found


def read_value(text: str) -> Any:
    """A value typed in one line: a number, true, none, a date, or text.

    >>> read_value("3"), read_value("none"), read_value("mapd")
    (3, None, 'mapd')
    """
    try:
        value = yaml.load(text, Loader=NoReferences)
    except (yaml.YAMLError, ValueError, RecursionError):
        # Not YAML, a date that no calendar has, or brackets without end: text as it stands.
        return text
    if value == "none":
        return None
    try:
        # YAML takes 1e5 for text.
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _plain(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _plain(value) for key, value in data.items()}
    return [_plain(value) for value in data] if isinstance(data, list) else data


def yaml_text(data: Mapping[str, Any]) -> str:
    """Plain data of a scenario as a file; lists of numbers take a line, not one each."""
    text = yaml.safe_dump(
        dict(data), sort_keys=False, allow_unicode=True, default_flow_style=None, width=100
    )
    return str(text)


def file_text(data: Mapping[str, Any]) -> str:
    """The same as a file to keep: its first line says which version saved it."""
    return f"{SAVED_BY}{__version__}\n{yaml_text(data)}"


def load_scenario(name_or_path: str | Path) -> Scenario:
    """A scenario by shipped name, or from a YAML or JSON file, or a workbook that was filled in.

    A file may say `extends: NAME` (a shipped name) and give only what differs. Of a workbook only
    the input cells are read.

    >>> load_scenario("pdp_regional").label.split(",")[0]
    'Stand-alone drug plan in one region'
    """
    given = Path(name_or_path)
    if given.suffix.lower() == WORKBOOK and given.is_file():
        return _from_workbook(given)
    shipped = scenario_files()
    if str(name_or_path) in shipped:
        written = tuple(file.stat().st_mtime_ns for file in shipped.values())
        return _shipped(str(name_or_path), written)
    version = _saved_by(given)
    try:
        found = _made(_load(str(name_or_path)))
        if version:
            # Paths of assumptions are only looked up here; a run would not know of the file.
            found.register()
    except InputError as error:
        if not version:
            raise
        said = f"{in_words(error.given)}, in a file of version {version} (this is {__version__})"
        raise InputError(error.field, error.allowed, said) from None
    return found


def _saved_by(path: Path) -> str:
    """Which other version of the calculator saved a file; empty where none says so."""
    if not path.is_file():
        return ""
    with path.open(encoding="utf-8", errors="replace") as stream:
        first = stream.readline(200)
    version = first.removeprefix(SAVED_BY).strip() if first.startswith(SAVED_BY) else ""
    return "" if version == __version__ else version[:20]


@lru_cache(maxsize=32)
def _shipped(name: str, written: tuple[int, ...]) -> Scenario:
    """A shipped scenario, read once; written: when each file was, for one may extend another."""
    return _made(_load(name))


def _from_workbook(path: Path) -> Scenario:
    """The scenario of a workbook, with what its input cells change."""
    from calculator import workbook_input  # which sets paths in a scenario

    filled = workbook_input.read_cells(path)
    if filled.text is None:
        base = load_scenario(str(filled.start))
    else:
        field = workbook_input.SCENARIO_FILE
        try:
            data = yaml.load(filled.text, Loader=NoReferences)
        except (yaml.YAMLError, ValueError, RecursionError):
            raise InputError(field, "the scenario as a file", "text that is none") from None
        if not isinstance(data, dict):
            raise InputError(field, "the scenario as a file", "text that is none")
        base = scenario_of(data)
    try:
        return base.with_settings(workbook_input.settings(filled, base))
    except InputError as error:
        raise filled.wrong(error) from None


def scenario_of(data: Mapping[str, Any]) -> Scenario:
    """A scenario from plain data as it stands in a file."""
    return _made(_extended(dict(data)))


def _made(data: Mapping[str, Any]) -> Scenario:
    program = str(data.get("program", "nothing"))
    if program not in PROGRAMS:
        allowed = "one of " + ", ".join(PROGRAMS) + ", or extends with a shipped name"
        raise InputError("program", allowed, program)
    return _validated(PROGRAMS[program], data)


def _load(given: str) -> dict[str, Any]:
    names = scenario_files()
    path = names.get(given)
    if path is None:
        path = Path(given)
        if not path.exists():
            close = difflib.get_close_matches(given, names, n=1)
            meant = f" (did you mean {close[0]}?)" if close else ""
            allowed = "one of " + ", ".join(names) + ", or a file that exists"
            raise InputError("scenario", allowed + meant, given or "nothing")
    return _extended(_read(path), given)


def _extended(data: dict[str, Any], given: str = "") -> dict[str, Any]:
    """The data laid over the shipped scenario that it extends."""
    names = scenario_files()
    base = data.pop("extends", None)
    if base is None:
        return data
    if str(base) not in names or str(base) == given:
        raise InputError("extends", "one of " + ", ".join(names), str(base))
    return _merge(_load(str(base)), {**data, "extends": str(base)})
