"""Every assumption, terms package, preset and source as one document (docs/assumptions.md)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from calculator.assumptions import STATUSES, Assumption, Dated, Tree
from calculator.errors import in_words

MEANING = {
    "law": "stands in a statute",
    "final": "is final, as the agency published it",
    "proposed": "was proposed by the agency, not final",
    "announced": "was announced by the agency or the firm and is not in a final document",
    "published": "was published by whoever measured or set it",
    "observed": "was measured in use: in other states, or in a payer's own data",
    "derived": "is own arithmetic on published figures",
    "expert": "is a judgement, or from memory",
    "projected": "is grown or held from an earlier figure",
    "assumed": "was chosen because something must stand there",
    "illustrative": "is an example, nobody's proposal",
    "not_published": "CMS named without a number; zero until somebody sets it",
    "user": "was typed by whoever runs it",
}
HEAD = """\
# Assumption register

Written by `balance sources --markdown > docs/assumptions.md` from `assumptions/`; a test holds that
it is current. Figures of the world stand there and nowhere in the code. `balance sources` prints
them with the titles of their sources; the page Assumptions shows which of them a run reads.

A value holds from its date until the next. *Grows with* names the index that carries it from the
value before. A range of the kind beta, normal or lognormal is a 95% interval; the ends of a
triangular or uniform one are judged ends.
"""


def markdown(tree: Tree) -> str:
    """The register as Markdown text."""
    parts = [HEAD, _statuses(tree)]
    for section in dict.fromkeys(path.rpartition(".")[0] for path in tree.entries):
        below = {p: e for p, e in tree.entries.items() if p.rpartition(".")[0] == section}
        parts += [f"## {section}", _table(COLUMNS, _rows(below))]
        notes = [f"* `{p.rpartition('.')[2]}`: {e.note}" for p, e in below.items() if e.note]
        parts += ["\n".join(notes)] if notes else []
    for name, terms in tree.terms.items():
        levers = {
            f"terms.{lever}": tree.entries[f"terms.{lever}"].model_copy(update={"values": values})
            for lever, values in terms.levers.items()
        }
        parts += [f"## Terms package {name}", f"{terms.label}. {terms.note}"]
        parts.append(_table(COLUMNS, _rows(levers)))
    parts += ["## Presets of the states", _presets(tree), "## Sources", _sources(tree)]
    return "\n\n".join(part.strip() for part in parts) + "\n"


COLUMNS = ("name", "what it is", "unit", "from", "value", "range", "status", "source")


def _rows(entries: dict[str, Assumption]) -> Iterable[Sequence[str]]:
    for path, entry in entries.items():
        name, label, unit = f"`{path.rpartition('.')[2]}`", entry.label, entry.unit
        if path.startswith("terms."):
            name = f"`{path.removeprefix('terms.')}`"
        for day, dated in entry.values.items():
            value = _value(dated)
            yield (
                name,
                label,
                unit,
                day.isoformat(),
                value,
                _range(dated),
                dated.status,
                dated.source,
            )
            # Said once; the rows below are its later dates.
            label = unit = ""


def _value(dated: Dated) -> str:
    """A value, or what it grows with."""
    if dated.grow is not None:
        return f"grows with `{dated.grow}`"
    return "none" if dated.value is None else _number(dated.value)


def _number(value: object) -> str:
    return f"{value:,.12g}" if isinstance(value, float) else in_words(value)


def _range(dated: Dated) -> str:
    spread = dated.range
    if spread is None:
        return ""
    return f"{_number(spread.low)} to {_number(spread.high)}, {spread.dist}"


def _statuses(tree: Tree) -> str:
    """What each status means and how many values have it."""
    values = [d for e in tree.entries.values() for d in e.values.values()]
    values += [d for t in tree.terms.values() for by in t.levers.values() for d in by.values()]
    counts = Counter(dated.status for dated in values)
    rows = [(f"`{s}`", MEANING[s], f"{counts[s]:,}") for s in STATUSES if counts[s]]  # type: ignore[index]
    total = f"{len(tree.entries):,} assumptions, {len(tree.terms)} terms packages, "
    total += f"{len(tree.sources):,} sources."
    return f"{total}\n\n{_table(('status', 'a value that', 'values'), rows)}"


def _presets(tree: Tree) -> str:
    """Which columns of the states' table rest on what."""
    rows = []
    first = next(iter(tree.states.values()))
    for column in (name for name in first if name.endswith("_source")):
        cited = Counter(row[column] for row in tree.states.values() if row[column])
        kind = column.removesuffix("_source")
        rows.append((kind, str(sum(cited.values())), ", ".join(sorted(cited))))
    rates = Counter(row["source"] for found in tree.match_rates.values() for row in found)
    rows.append(("match rates, by year", str(sum(rates.values())), ", ".join(sorted(rates))))
    text = "`assumptions/medicaid/states.csv` and `match_rates.csv`; what a state has not is a gap."
    return f"{text}\n\n{_table(('figures of', 'rows with one', 'sources'), rows)}"


def _sources(tree: Tree) -> str:
    rows = [
        (f"`{key}`", source.title, source.publisher, str(source.date), source.url or "")
        for key, source in tree.sources.items()
    ]
    return _table(("source", "title", "publisher", "date", "address"), rows)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; a bar in a cell would end it."""
    cells = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(c.replace("|", "\\|") for c in row) + " |" for row in cells)
