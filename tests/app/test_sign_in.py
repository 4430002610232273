"""Who may enter: the settings, the claims, and the page in between."""

import time

import pytest
from streamlit.testing.v1 import AppTest

from calculator.errors import InputError
from calculator.ui import sign_in
from calculator.ui.sign_in import Access, refused, settings
from tests.serving import ROOT

NOW = 1_800_000_000.0
AUTH = {
    "redirect_uri": "https://balance.plan.example/oauth2callback",
    "cookie_secret": "x" * 32,
    "client_id": "a",
    "client_secret": "b",
    "server_metadata_url": "https://id.plan.example/.well-known/openid-configuration",
}
SHARED = {key: AUTH[key] for key in ("redirect_uri", "cookie_secret")}
ONE = {key: AUTH[key] for key in ("client_id", "client_secret", "server_metadata_url")}
ANN = {"is_logged_in": True, "email": "ann@plan.example", "email_verified": True, "iat": NOW}
OURS = {"domains": ["plan.example"]}


def test_without_sections_there_is_no_sign_in():
    assert settings({}) is None
    assert settings({"another_tool": {"key": "x"}}) is None


def test_everybody_the_provider_knows_may_enter_unless_addresses_are_named():
    assert settings({"auth": AUTH}) == Access(("default",))
    access = settings(
        {"auth": AUTH, "access": {"emails": [" Ann@Plan.example "], "domains": ["B.example"]}}
    )
    assert access.emails == {"ann@plan.example"}
    assert access.domains == {"b.example"}


def test_several_providers_are_offered_by_name():
    access = settings({"auth": {**SHARED, "okta": ONE, "entra": ONE}})
    assert access.providers == ("okta", "entra")


@pytest.mark.parametrize(
    ("secrets", "field"),
    [
        ({"auth": "x"}, "auth"),
        ({"auth": {}}, "auth.redirect_uri"),
        ({"auth": {**AUTH, "redirect_uri": "http://plan.example/oauth2callback"}}, "auth.redirect"),
        ({"auth": {**AUTH, "redirect_uri": "https://plan.example/"}}, "auth.redirect_uri"),
        ({"auth": {**AUTH, "cookie_secret": "x" * 31}}, "auth.cookie_secret"),
        ({"auth": {key: AUTH[key] for key in AUTH if key != "cookie_secret"}}, "auth.cookie"),
        ({"auth": SHARED}, "auth: allowed is a provider"),
        ({"auth": {**SHARED, "client_id": "a"}}, "auth: allowed is a provider"),
        ({"auth": {**SHARED, "okta": {"client_id": "a"}}}, "auth.okta"),
        ({"access": OURS}, "access"),
        ({"auth": AUTH, "access": "plan.example"}, "access"),
        ({"auth": AUTH, "access": {"domain": ["plan.example"]}}, "access"),
        ({"auth": AUTH, "access": {"domains": "plan.example"}}, "access.domains"),
        ({"auth": AUTH, "access": {"domains": []}}, "access.domains"),
        ({"auth": AUTH, "access": {"domains": [""]}}, "access.domains"),
        ({"auth": AUTH, "access": {"domains": ["*.plan.example"]}}, "access.domains"),
        ({"auth": AUTH, "access": {"domains": ["@plan.example"]}}, "access.domains"),
        ({"auth": AUTH, "access": {"emails": ["ann"]}}, "access.emails"),
        ({"auth": AUTH, "access": {"hours": 0}}, "access.hours"),
        ({"auth": AUTH, "access": {"hours": 721}}, "access.hours"),
        ({"auth": AUTH, "access": {"hours": True}}, "access.hours"),
        ({"auth": AUTH, "access": {"hours": "12"}}, "access.hours"),
        ({"auth": AUTH, "access": {"unverified": "yes"}}, "access.unverified"),
    ],
)
def test_settings_that_cannot_be_followed_let_nobody_in(secrets, field):
    with pytest.raises(InputError) as error:
        settings(secrets)
    assert str(error.value).startswith(field)
    assert AUTH["cookie_secret"][:31] not in str(error.value)


@pytest.mark.parametrize(
    ("claims", "access", "sentence"),
    [
        ({}, {}, None),
        ({}, {"domains": frozenset({"plan.example"})}, None),
        ({"email": "ANN@PLAN.EXAMPLE"}, {"emails": frozenset({"ann@plan.example"})}, None),
        ({"email": "ann@a.plan.example"}, {"domains": frozenset({"plan.example"})}, "may not open"),
        ({"email": "a@b@plan.example"}, {"domains": frozenset({"b"})}, "may not open"),
        ({"email": None}, {"domains": frozenset({"plan.example"})}, "without an e-mail"),
        ({"email": ["ann@plan.example"]}, {"domains": frozenset({"plan.example"})}, "without an"),
        ({"email_verified": "true"}, {"domains": frozenset({"plan.example"})}, "is not verified"),
        ({"email_verified": None}, {"domains": frozenset({"plan.example"})}, "is not verified"),
        (
            {"email_verified": None},
            {"domains": frozenset({"plan.example"}), "unverified": True},
            None,
        ),
        ({"iat": NOW - 12 * 3600 + 1}, {}, None),
        ({"iat": NOW - 12 * 3600}, {}, "ended after 12 hours"),
        ({"iat": NOW - 3600}, {"hours": 1.0}, "ended after 1 hour."),
        ({"iat": None}, {}, "does not say when"),
        ({"iat": True}, {}, "does not say when"),
        ({"iat": NOW + 301}, {}, "does not say when"),
        ({"iat": NOW + 299}, {}, None),
    ],
)
def test_who_has_signed_in_enters_or_reads_why_not(claims, access, sentence):
    said = refused({**ANN, **claims}, Access(("default",), **access), NOW)
    assert (said is None) if sentence is None else (sentence in said)


# ------------------------------------------------------------------------------------- the page


@pytest.fixture
def app(monkeypatch):
    """`app(secrets, user)`: the app, opened by somebody; no page may run unless one is expected."""
    monkeypatch.setattr(time, "time", lambda: NOW)

    def open_(secrets, user, path=ROOT / "app.py"):
        at = AppTest.from_file(str(path), default_timeout=60)
        at.secrets, at.user = secrets, user
        return at.run()

    return open_


def said(at):
    assert not at.exception
    return at.title[0].value


def test_without_sign_in_everything_is_as_before(app):
    at = app({}, {})
    assert said(at).startswith("Joining from January")
    assert not [button for button in at.button if str(button.key).startswith("sign_in")]


def test_nothing_runs_before_signing_in(app):
    at = app({"auth": AUTH}, {"is_logged_in": False})
    assert said(at) == "Sign in to open the calculator"
    assert [button.label for button in at.button] == ["Sign in"]
    assert not at.metric
    assert not at.sidebar.children
    assert not at.warning


def test_each_provider_has_a_button(app):
    at = app({"auth": {**SHARED, "okta": ONE, "entra": ONE}}, {"is_logged_in": False})
    assert [button.label for button in at.button] == ["Sign in with okta", "Sign in with entra"]


def test_who_may_enter_sees_the_page_and_the_way_out(app):
    at = app({"auth": AUTH, "access": OURS}, ANN)
    assert said(at).startswith("Joining from January")
    assert at.sidebar.caption[0].value == "ann@plan.example"
    at.button(key="sign_in.out").click().run()
    assert said(at) == "Sign in to open the calculator"


def test_who_may_not_enter_reads_why_and_has_the_way_out(app):
    at = app({"auth": AUTH, "access": OURS}, {**ANN, "email": "eve_*x*@other.example"})
    assert said(at) == "You are signed in, and may not enter"
    assert at.markdown[0].value.replace("\\", "").startswith("eve_*x*@other.example may not open")
    assert not at.metric
    at.button(key="sign_in.out").click().run()
    assert said(at) == "Sign in to open the calculator"


def test_a_sign_in_that_ends_while_a_page_is_open_closes_it(app, monkeypatch):
    at = app({"auth": AUTH}, ANN)
    assert at.metric
    monkeypatch.setattr(time, "time", lambda: NOW + 12 * 3600)
    at.run()
    assert said(at) == "You are signed in, and may not enter"
    assert not at.metric


def test_wrong_settings_close_the_app_and_say_which(app):
    at = app({"auth": {**AUTH, "cookie_secret": "short"}}, ANN)
    assert said(at) == "Nobody can be let in"
    assert at.error[0].value.replace("\\", "").startswith("auth.cookie_secret: allowed is")
    assert not at.metric
    assert not at.button


def test_without_authlib_the_button_says_what_is_missing(app, monkeypatch):
    monkeypatch.setattr("streamlit.user_info.is_authlib_installed", lambda: False)
    at = app({"auth": AUTH}, {"is_logged_in": False})
    at.button[0].click().run()
    assert "Signing in needs Authlib" in at.error[0].value
    assert not at.exception


# ------------------------------------------------------------------------------ files of secrets


class NoFile:
    """Streamlit's secrets where a file cannot be used."""

    def __init__(self, error):
        self.error = error

    def __iter__(self):
        raise self.error

    def keys(self):
        raise self.error


@pytest.mark.parametrize("named", [True, False])
def test_a_file_of_secrets_that_is_not_there_closes_only_if_it_was_named(
    monkeypatch, tmp_path, named
):
    path = str(tmp_path / "secrets.toml")
    monkeypatch.setattr(sign_in.config, "is_manually_set", lambda option: named)
    monkeypatch.setattr(sign_in.st, "get_option", lambda option: [path])
    if named:
        with pytest.raises(InputError, match=r"secrets.files: allowed is files that are there"):
            sign_in._secrets()
    else:
        assert sign_in._secrets() == {}


def test_a_file_of_secrets_that_may_not_be_read_closes(monkeypatch):
    monkeypatch.setattr(sign_in.st, "secrets", NoFile(PermissionError(13, "Permission denied")))
    with pytest.raises(InputError, match="Permission denied"):
        sign_in._secrets()
