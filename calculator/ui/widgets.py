"""What the pages share: fields made from register entries, badges, text that is safe to show."""

from __future__ import annotations

import calendar
import datetime as dt
import functools
import logging
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from calculator.assumptions import Tree
from calculator.errors import InputError
from calculator.report.figures import Theme
from calculator.schema import Assumption, Dated, Scalar

LOG = logging.getLogger(__name__)
SORRY = (
    "This page could not be drawn. That is a bug, not your input; "
    "please report it with the address of this page."
)
NONE, YES, NO = "none", "yes", "no"
ALL_DIGITS = ".12g"
# A comma that does not stand before three digits: of a decimal, or of a list.
NO_THOUSANDS = re.compile(r",(?!\d{3}(?!\d))")
BADGES = {
    "gap": "orange",
    "not published": "orange",
    "illustrative": "violet",
    "assumed": "yellow",
    "projected": "blue",
    "partial year": "gray",
    "changed": "primary",
    "observed": "green",
    "terms": "gray",
}
# ---------------------------------------------------------------------------------------- text


def plain(text: object) -> str:
    r"""Text as itself in Markdown: no formula between two dollar signs, no link, no tag.

    >>> print(plain("$0.50 *or* [a](b)"))
    \$0.50 \*or\* \[a\](b)
    """
    return re.sub(r"([\\`*_\[\]<>$~|#])", r"\\\1", str(text))


def theme() -> Theme:
    """The theme in force, so that a figure takes its own set of colours."""
    return "dark" if st.context.theme.type == "dark" else "light"


def calm(page: Callable[[], None]) -> Callable[[], None]:
    """A page that answers a bug of ours with one sentence, never with a traceback."""

    @functools.wraps(page)
    def drawn() -> None:
        try:
            page()
        except Exception:
            LOG.exception("page %s", page.__module__)
            st.error(SORRY)

    return drawn


def say(place: Any, error: InputError) -> None:
    """An input error's own sentence, where the eye already is."""
    place.error(plain(error), icon=":material/error:")


def mark(place: Any, label: str, help_: str | None = None, kind: str | None = None) -> None:
    """One badge, as small as the thing it marks, in the colour of its kind (the label itself)."""
    place.badge(label, color=BADGES.get(kind or label, "gray"), help=help_)


def badges(notes: Sequence[tuple[str, str]]) -> None:
    """One badge for each kind of note; its sentences show when it is pointed at."""
    kinds: dict[str, list[str]] = {}
    for kind, sentence in notes:
        kinds.setdefault(kind, []).append(sentence)
    order = [*BADGES, *kinds]
    with st.container(horizontal=True, gap="small"):
        for kind in sorted(kinds, key=order.index):
            sentences = kinds[kind]
            label = sentences[0] if kind == "terms" else kind
            count = f" {len(sentences)}" if len(sentences) > 1 else ""
            mark(st, f"{plain(label)}{count}", "\n\n".join(map(plain, sentences)), kind)


# -------------------------------------------------------------------------------------- fields


def shown(value: Scalar) -> str:
    """A value as a person types it: 40,000, 0.15, none, yes.

    >>> shown(40000.0), shown(0.0693), shown(None), shown(True)
    ('40,000', '0.0693', 'none', 'yes')
    """
    if value is None:
        return NONE
    if isinstance(value, bool):
        return YES if value else NO
    if isinstance(value, float | int):
        return f"{value:,{ALL_DIGITS}}"
    return value.isoformat() if isinstance(value, dt.date) else value


def bare(value: Scalar) -> str:
    """A value without separators, for an address or a year."""
    return shown(value).replace(",", "")


def typed(path: str, entry: Assumption, text: str) -> Scalar:
    """What a person typed as a number, or the sentence that says what is allowed.

    >>> entry = Assumption(label="x", unit="share", bounds=(0, 1), values={dt.date(2028, 1, 1):
    ...     Dated(value=0.1, status="user", source="user")})
    >>> typed("x", entry, "12.5%"), typed("x", entry, " 0.2 ")
    (0.125, 0.2)
    >>> typed("x", entry, "1.5")
    Traceback (most recent call last):
    calculator.errors.InputError: x: allowed is a number from 0 to 1 share; given was 1.5
    """
    if NO_THOUSANDS.search(text):
        raise InputError(path, entry.allowed(), text.strip())
    bare = text.strip().removeprefix("$").replace(",", "").replace("\N{MINUS SIGN}", "-")
    if bare.lower() in ("", NONE):
        if not entry.optional:
            raise InputError(path, entry.allowed(), text.strip() or "nothing")
        return None
    per_cent = bare.endswith("%") and entry.unit.startswith("share")
    try:
        number = float(bare.removesuffix("%")) / 100 if per_cent else float(bare)
    except ValueError:
        raise InputError(path, entry.allowed(), text.strip()) from None
    whole = math.isfinite(number) and number.is_integer()
    return entry.checked(path, int(number) if whole else number)


MONTHS_AS_TYPED = ("%Y-%m", "%m/%Y", "%B %Y", "%b %Y")


def month_text(day: dt.date | None, *, last: bool) -> str:
    """A month as a person types it; a day that does not end it (or begin it) in full.

    >>> month_text(dt.date(2027, 6, 30), last=True), month_text(dt.date(2027, 6, 15), last=True)
    ('2027-06', '2027-06-15')
    """
    if day is None:
        return ""
    edge = day + dt.timedelta(days=1) if last else day
    return f"{day:%Y-%m}" if edge.day == 1 else day.isoformat()


def month_day(path: str, text: str, *, last: bool) -> dt.date:
    """The first or last day of the month that a person typed.

    >>> month_day("x", "2027-02", last=True), month_day("x", "7/2027", last=False)
    (datetime.date(2027, 2, 28), datetime.date(2027, 7, 1))
    """
    bare = text.strip()
    for form in MONTHS_AS_TYPED:
        try:
            first = dt.datetime.strptime(bare, form).date()
        except ValueError:
            continue
        return first.replace(day=calendar.monthrange(first.year, first.month)[1]) if last else first
    try:
        return dt.date.fromisoformat(bare)
    except ValueError:
        raise InputError(path, "a month, such as 2027-07", bare or "nothing") from None


def numbers_in(path: str, text: str) -> list[float]:
    """Numbers pasted from a sheet: one a line, or between spaces, tabs or semicolons.

    A comma may end a number; inside one it could be a thousand or the next number, so it is refused
    where both are possible.

    >>> numbers_in("x", "1.5, 2\\n3;4"), numbers_in("x", "0.5,1.5")
    ([1.5, 2.0, 3.0, 4.0], [0.5, 1.5])
    >>> numbers_in("x", "1,200")
    Traceback (most recent call last):
    calculator.errors.InputError: x: allowed is numbers from 0 up, one a line, without commas; \
given was 1,200
    """
    allowed = "numbers from 0 up, one a line, without commas"
    found = []
    for word in re.split(r"[\s;]+", text.strip()):
        word = word.strip(",")
        if not word:
            continue
        if re.search(r"(?<![\d.])\d{1,3}(,\d{3})+(?![\d,])", word):
            raise InputError(path, allowed, word)
        for part in word.split(","):
            try:
                number = float(part)
            except ValueError:
                raise InputError(path, allowed, part) from None
            if not (math.isfinite(number) and number >= 0):
                raise InputError(path, allowed, part)
            found.append(number)
    return found


def named(entry: Assumption) -> str:
    """The label with its unit: Members (people)."""
    if entry.kind != "number" or entry.unit == "number":
        return plain(entry.label)
    return plain(f"{entry.label} ({entry.unit})")


def about(entry: Assumption, dated: Dated | None, tree: Tree) -> str:
    """What is allowed, what the value rests on and where it comes from."""
    limited = entry.bounds or entry.choices
    parts = [plain(f"Allowed: {entry.allowed()}.")] if limited else []
    if dated is not None and dated.source in tree.sources and dated.status != "user":
        parts.append(f"Status: {plain(dated.status.replace('_', ' '))}. {sourced(dated, tree)}")
    elif dated is not None and dated.status == "observed":
        parts.append(plain(f"Status: observed. Source: {dated.source}."))
    elif dated is not None:
        parts.append("From the example; put your own here.")
    note = (dated.note if dated else None) or entry.note
    return "\n\n".join([*parts, *([plain(note)] if note else [])])


def sourced(dated: Dated, tree: Tree) -> str:
    """Where a value comes from, as a link where there is one."""
    source = tree.sources[dated.source]
    where = plain(f"{source.title}, {source.publisher}, {source.date}")
    return f"Source: {f'[{where}]({source.url})' if source.url else where}."


def number_field(label: str, key: str, help_: str, placeholder: str | None = None) -> None:
    """A field for a number, as text so that 40,000 can be read; its text lies under its key."""
    st.text_input(
        label,
        key=key,
        help=help_,
        autocomplete="off",
        placeholder=placeholder,
        persist_state="session",
    )


def list_field(label: str, key: str, help_: str, placeholder: str | None = None) -> None:
    """A field for many numbers, pasted from a sheet or typed."""
    st.text_area(
        label, key=key, help=help_, height=120, placeholder=placeholder, persist_state="session"
    )


def choice_field(
    label: str,
    key: str,
    options: Sequence[str],
    help_: str | None,
    names: Mapping[str, str],
    on_change: Callable[[], None] | None = None,
    *,
    search: bool = False,
) -> str:
    """One of a few words; search: of so many that a reader types to find one."""
    return str(
        st.selectbox(
            label,
            options,
            key=key,
            help=help_,
            format_func=lambda word: names.get(word, word.replace("_", " ")),
            on_change=on_change,
            persist_state="session",
            filter_mode="contains" if search else None,
        )
    )


def yes_no_field(label: str, key: str, help_: str) -> str:
    """Yes or no, both in sight."""
    return str(
        st.radio(label, (YES, NO), key=key, help=help_, horizontal=True, persist_state="session")
    )
