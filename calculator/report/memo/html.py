"""HTML written by hand: what comes from anywhere else is text, and so escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from calculator.report.words import MINUS

WORD_JOINER = "\N{WORD JOINER}"


class Html(str):
    """Text that is HTML already; any other text is escaped before it is written."""


def safe(text: str) -> Html:
    """A text as HTML; no line ends with the sign of a number.

    >>> safe("<b> & co"), safe(Html("<b>bold</b>"))
    ('&lt;b&gt; &amp; co', '<b>bold</b>')
    """
    if isinstance(text, Html):
        return text
    return Html(escape(text).replace(MINUS, MINUS + WORD_JOINER))


def verbatim(text: str) -> Html:
    r"""Text to be copied, letter by letter.

    >>> verbatim("label: a < b")
    '<pre>\nlabel: a &lt; b</pre>'
    """
    # A parser takes away the first line's end.
    return Html(f"<pre>\n{escape(text)}</pre>")


def joined(parts: Iterable[str]) -> Html:
    """Pieces one after the other."""
    return Html("\n".join(safe(part) for part in parts if part))


def tag(name: str, *parts: str, of: str = "") -> Html:
    """An element. of: its class.

    >>> tag("td", "a < b", of="number")
    '<td class="number">a &lt; b</td>'
    """
    kind = f' class="{escape(of)}"' if of else ""
    return Html(f"<{name}{kind}>{''.join(map(safe, parts))}</{name}>")


def p(*parts: str, of: str = "") -> Html:
    """A paragraph."""
    return tag("p", *parts, of=of)


def strong(text: str) -> Html:
    """What the eye must find."""
    return tag("strong", text)


def listed(items: Iterable[str], of: str = "") -> Html:
    """A list; nothing where there is nothing to list. of: its class."""
    rows = [tag("li", item) for item in items]
    return tag("ul", *rows, of=of) if rows else Html("")


def badge(word: str) -> Html:
    """A status, framed, as it stands beside a number."""
    return tag("span", word.replace("_", " "), of="badge")


def link(text: str, url: str | None) -> Html:
    """A source; a link where it has an address of the web.

    >>> link("Rule", "https://x.gov/a?b&c"), link("Rule", "javascript:alert(1)")
    ('<a href="https://x.gov/a?b&amp;c">Rule</a>', 'Rule')
    """
    if url is None or not url.startswith(("https://", "http://")):
        return safe(text)
    return Html(f'<a href="{escape(url)}">{safe(text)}</a>')


def table(
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    caption: str = "",
    words: Sequence[int] = (0,),
    total: bool = False,
    widths: Sequence[int] = (),
) -> Html:
    """A table. words: columns of text, to the left; total: the last row is one.

    widths: of a long one's columns, per cent; it may go on to the next page, between two rows and
    with its head. Any other stays whole.
    """

    def cells(name: str, row: Sequence[str]) -> Html:
        return Html(
            "".join(
                tag(name, cell, of="" if at in words else "number") for at, cell in enumerate(row)
            )
        )

    body = [
        tag("tr", cells("td", row), of="total" if total and number == len(rows) else "")
        for number, row in enumerate(rows, start=1)
    ]
    parts = [tag("caption", caption)] if caption else []
    if widths:
        columns = "".join(f'<col style="width: {part}%">' for part in widths)
        parts.append(tag("colgroup", Html(columns)))
    parts += [tag("thead", tag("tr", cells("th", head))), tag("tbody", *body)]
    return tag("table", *parts, of="long" if widths else "")


def section(number: str, title: str, *parts: str) -> Html:
    """A numbered section of the memo."""
    name = f"{number}. {title}" if number.isdigit() else f"{number}: {title}"
    return tag("section", tag("h2", name), *parts)


def breakable(path: str) -> Html:
    """A path that may go on in the next line where a person would break it.

    >>> breakable("plan.lis_share")
    'plan.<wbr>lis_<wbr>share'
    """
    return Html(safe(path).replace(".", ".<wbr>").replace("_", "_<wbr>"))
