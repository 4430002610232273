"""A scenario as a piece of an address, and back: a link that needs no server to remember it."""

from __future__ import annotations

import base64
import binascii
import json
import zlib

from calculator.errors import InputError
from calculator.scenario import Scenario, scenario_of

FIELD = "file"
MOST_TEXT = 20_000  # letters of an address
MOST_BYTES = 1_000_000  # of what they unfold to: a few letters can stand for data of any size
ALLOWED = "the text of a link that this app made"


def packed(scenario: Scenario) -> str:
    """The scenario as letters that an address may hold.

    >>> from calculator.scenario import load_scenario
    >>> scenario = load_scenario("pdp_regional")
    >>> unpacked(packed(scenario)) == scenario
    True
    """
    return pack_data(scenario.plain())


def unpacked(text: str) -> Scenario:
    """The scenario that letters of an address stand for; an InputError where they stand for none.

    >>> unpacked("%%%")
    Traceback (most recent call last):
    calculator.errors.InputError: file: allowed is the text of a link that this app made; \
given was %%%
    """
    data = unpack_data(text)
    if not isinstance(data, dict):
        raise InputError(FIELD, ALLOWED, _short(text))
    return scenario_of(data)


def pack_data(data: object) -> str:
    """Plain data as letters of an address; an InputError for more than would be unfolded again."""
    small = json.dumps(data, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
    if len(small) > MOST_BYTES:
        allowed = f"a scenario of up to {MOST_BYTES:,} bytes in a link"
        raise InputError(FIELD, allowed, f"{len(small):,}; take its file instead")
    return base64.urlsafe_b64encode(zlib.compress(small, 9)).decode().rstrip("=")


def unpack_data(text: str) -> object:
    """The plain data that letters of an address stand for."""
    if len(text) > MOST_TEXT:
        raise InputError(FIELD, f"{ALLOWED}, up to {MOST_TEXT:,} letters", f"{len(text):,} letters")
    try:
        folded = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        unfold = zlib.decompressobj()
        plain = unfold.decompress(folded, MOST_BYTES)
        if not unfold.eof:
            raise InputError(FIELD, ALLOWED, _short(text))
        return json.loads(plain)
    except (binascii.Error, zlib.error, ValueError, RecursionError):
        raise InputError(FIELD, ALLOWED, _short(text)) from None


def _short(text: str) -> str:
    return text if len(text) <= 24 else f"{text[:24]}..."
