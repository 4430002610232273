"""Sign-in: who may open the calculator where it is opened to other machines (docs/deploy.md).

Without an `[auth]` section in Streamlit's secrets there is no sign-in, as on one's own machine.
Whatever is wrong with the secrets closes the calculator; it never opens it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import streamlit as st
from streamlit import config
from streamlit.errors import StreamlitAPIException, StreamlitSecretNotFoundError

from calculator.errors import InputError
from calculator.ui.widgets import plain, say

LOG = logging.getLogger(__name__)
AUTH, ACCESS, DEFAULT = "auth", "access", "default"
PROVIDER = ("client_id", "client_secret", "server_metadata_url")
SETTINGS = ("emails", "domains", "hours", "unverified")
SHORTEST_SECRET = 32  # characters; whoever guesses it signs in as anybody
HOURS, MOST_HOURS = 12.0, 720.0  # Streamlit's own cookie ends after 30 days
AHEAD = 300  # seconds that a provider's clock may be ahead of this one
REMEMBERED = 15 * 60  # seconds in which a sign-in that was begun should end
BROWSER = "_streamlit_xsrf"  # Streamlit's cookie, the same for every page of a browser
LEAVING = "sign_in.leaving"


@dataclass(frozen=True)
class Access:
    """Who may sign in, and how."""

    providers: tuple[str, ...]  # names below [auth], or "default"
    emails: frozenset[str] = frozenset()
    domains: frozenset[str] = frozenset()
    hours: float = HOURS  # how long a sign-in lasts
    unverified: bool = False  # an address counts though its provider does not vouch for it


# --------------------------------------------------------------------------------- the settings


def settings(secrets: Mapping[str, Any]) -> Access | None:
    """What the sections [auth] and [access] say; None: there is no sign-in.

    Raises InputError where they cannot be followed; it never says a secret.

    >>> settings({}) is None
    True
    >>> settings({"access": {"domains": ["plan.example"]}})
    Traceback (most recent call last):
    calculator.errors.InputError: access: allowed is a section beside [auth]; given was no [auth]
    """
    if AUTH not in secrets:
        if ACCESS in secrets:
            raise InputError(ACCESS, f"a section beside [{AUTH}]", f"no [{AUTH}]")
        return None
    auth = _section(secrets, AUTH)
    _address(auth)
    length = len(str(auth.get("cookie_secret", "")))
    if length < SHORTEST_SECRET:
        allowed = f"at least {SHORTEST_SECRET} characters at random"
        raise InputError(f"{AUTH}.cookie_secret", allowed, f"{length} characters")
    providers = [DEFAULT] if any(key in auth for key in PROVIDER) else []
    _complete(f"{AUTH}", auth if providers else None)
    for name, section in auth.items():
        if isinstance(section, Mapping) and name != "client_kwargs":
            _complete(f"{AUTH}.{name}", section)
            providers.append(name)
    if not providers:
        raise InputError(AUTH, "a provider with " + ", ".join(PROVIDER), "none")
    access = _section(secrets, ACCESS) if ACCESS in secrets else {}
    for key in access:
        if key not in SETTINGS:
            raise InputError(ACCESS, "one of " + ", ".join(SETTINGS), key)
    hours, unverified = access.get("hours", HOURS), access.get("unverified", False)
    if isinstance(hours, bool) or not isinstance(hours, int | float) or not 0 < hours <= MOST_HOURS:
        raise InputError(f"{ACCESS}.hours", f"a number above 0, up to {MOST_HOURS:g}", hours)
    if not isinstance(unverified, bool):
        raise InputError(f"{ACCESS}.unverified", "true or false", unverified)
    emails, domains = _texts(access, "emails"), _texts(access, "domains")
    for email in emails:
        if not all(part for part in email.partition("@")):
            raise InputError(f"{ACCESS}.emails", "addresses, such as ann@plan.example", email)
    for domain in domains:
        if "@" in domain or "*" in domain:
            raise InputError(f"{ACCESS}.domains", "domains, such as plan.example", domain)
    return Access(tuple(providers), emails, domains, float(hours), unverified)


def _section(secrets: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = secrets[name]
    if not isinstance(found, Mapping):
        raise InputError(name, f"a section [{name}]", "something else")
    return found


def _complete(name: str, section: Mapping[str, Any] | None) -> None:
    """A provider has all that signing in needs."""
    missing = [] if section is None else [key for key in PROVIDER if not section.get(key)]
    if missing:
        raise InputError(name, "a provider with " + ", ".join(PROVIDER), f"no {missing[0]}")


def _address(auth: Mapping[str, Any]) -> None:
    """Where the provider sends people back to: this calculator, encrypted unless it stays here."""
    field, given = f"{AUTH}.redirect_uri", str(auth.get("redirect_uri", ""))
    parts = urlsplit(given)
    here = parts.hostname in ("localhost", "127.0.0.1", "::1")
    if parts.scheme != "https" and not (parts.scheme == "http" and here):
        raise InputError(field, "an address with https, or http on localhost", given)
    if not parts.path.endswith("/oauth2callback"):
        raise InputError(field, "an address that ends with /oauth2callback", given)


def _texts(access: Mapping[str, Any], key: str) -> frozenset[str]:
    """A list of addresses or domains; an empty one would let everybody in, so it is refused."""
    if key not in access:
        return frozenset()
    given = access[key]
    if (
        not isinstance(given, list | tuple)
        or not given
        or not all(isinstance(text, str) and text.strip() for text in given)
    ):
        raise InputError(f"{ACCESS}.{key}", 'a list of texts, such as ["plan.example"]', given)
    return frozenset(text.strip().casefold() for text in given)


# ---------------------------------------------------------------------------------- who may enter


def refused(user: Mapping[str, Any], access: Access, now: float) -> str | None:
    """Why somebody who has signed in may not enter, as a sentence; None: they may.

    user: the claims that the provider vouches for; now: seconds since 1970.

    >>> ours = Access(("default",), domains=frozenset({"plan.example"}))
    >>> ann = {"email": "ann@plan.example", "email_verified": True, "iat": 0}
    >>> refused(ann, ours, 60.0) is None
    True
    >>> refused({**ann, "email": "ann@other.example"}, ours, 60.0)
    'ann@other.example may not open this calculator. Whoever runs it can add the address.'
    >>> refused(ann, ours, 12 * 3600.0)
    'Your sign-in has ended after 12 hours. Sign in again.'
    """
    since = user.get("iat")
    if isinstance(since, bool) or not isinstance(since, int | float) or since > now + AHEAD:
        return "Your sign-in does not say when it was made. Sign in again."
    if now - since >= access.hours * 3600:
        hours = f"{access.hours:g} hour{'' if access.hours == 1 else 's'}"
        return f"Your sign-in has ended after {hours}. Sign in again."
    if not (access.emails or access.domains):
        return None
    email = user.get("email")
    if not isinstance(email, str) or "@" not in email:
        return "Your sign-in came without an e-mail address, and this calculator asks for one."
    if user.get("email_verified") is not True and not access.unverified:
        return f"{email} is not verified by your sign-in provider, so it does not count here."
    known = email.casefold()
    if known in access.emails or known.rpartition("@")[2] in access.domains:
        return None
    return f"{email} may not open this calculator. Whoever runs it can add the address."


# --------------------------------------------------------------------------------------- the page


def required() -> None:
    """Go on only for who may enter; everybody else sees how to sign in, and nothing is run.

    To be called before `st.navigation`: neither a page nor the names of the pages are shown.
    """
    try:
        access = settings(_secrets())
    except InputError as error:
        LOG.error("sign-in: %s", error)
        st.title("Nobody can be let in", anchor=False)
        st.markdown("The sign-in of this calculator is not set up as it should be.")
        # Which values, and where they lie, is for whoever keeps the server: the log says it.
        say(st, InputError(error.field, "what docs/deploy.md says", "something else"))
        st.stop()
    if access is None:
        return
    if not st.user.get("is_logged_in"):
        _ask(access)
        st.stop()
    _begun(_browser()).clear()
    why = refused(st.user.to_dict(), access, time.time())
    if why is not None:
        st.title("You are signed in, and may not enter", anchor=False)
        st.markdown(plain(why))
        _way_out(st)
        st.stop()
    with st.sidebar.container(horizontal=True, vertical_alignment="center"):
        st.caption(plain(st.user.get("email") or "Signed in"), width="stretch")
        _way_out(st)


def _way_out(place: Any) -> None:
    place.button("Sign out", on_click=st.logout, key="sign_in.out", icon=":material/logout:")


def _secrets() -> Mapping[str, Any]:
    """Every secret; InputError where a file of them is named or there, and cannot be read."""
    if config.is_manually_set("secrets.files"):
        for path in st.get_option("secrets.files"):
            if not Path(path).exists():
                raise InputError("secrets.files", "files that are there", path)
    try:
        return dict(st.secrets)
    except StreamlitSecretNotFoundError as error:
        if error.error_id == "no-secrets-found":
            return {}
        raise InputError("secrets.files", "TOML that can be read", "something else") from None
    except OSError as error:
        raise InputError("secrets.files", "files that may be read", error.strerror) from None


@st.cache_resource(ttl=REMEMBERED, max_entries=1024, show_spinner=False)
def _begun(browser: str) -> list[bool]:
    """Whether a browser has gone to a provider and not come back signed in."""
    return []


def _browser() -> str:
    """Which browser this is, from the cookie that Streamlit masks anew with every answer."""
    try:
        _, mask, token, _ = str(st.context.cookies.get(BROWSER, "")).split("|")
        return f"{int(token, 16) ^ int(mask * 4, 16):032x}"
    except ValueError:
        return ""


def _ask(access: Access) -> None:
    """The way to sign in, and a word to who comes back without having done so."""
    browser = _browser()
    st.title("Sign in to open the calculator", anchor=False)
    if _begun(browser) and LEAVING not in st.session_state:
        st.warning(
            "You are not signed in: it was broken off, or the provider's answer could not be"
            " verified. Try again, or ask whoever runs this calculator.",
            icon=":material/error:",
        )
    for name in access.providers:
        st.button(
            "Sign in" if name == DEFAULT else plain(f"Sign in with {name}"),
            key=f"sign_in.{name}",
            on_click=_leave,
            args=(name, browser),
        )
    if why := st.session_state.pop("sign_in.failed", None):
        st.error(plain(why), icon=":material/error:")


def _leave(name: str, browser: str) -> None:
    """Go to the provider."""
    # Noted first: the browser may be back, signed in, before another line here runs.
    begun = _begun(browser) if browser else []
    begun.append(True)
    st.session_state[LEAVING] = True
    try:
        st.login(None if name == DEFAULT else name)
    except StreamlitAPIException as error:
        LOG.exception("sign-in with %s", name)
        st.session_state["sign_in.failed"] = _cannot(error)
        begun.clear()
        del st.session_state[LEAVING]


def _cannot(error: Exception) -> str:
    """Why the provider cannot be asked."""
    if "Authlib" in type(error).__name__:
        return "Signing in needs Authlib: pip install 'streamlit[auth]'."
    return "Signing in is not possible: the section [auth] of the secrets is not as it should be."
