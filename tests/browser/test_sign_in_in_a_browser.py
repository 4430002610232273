"""Signing in, through a provider of our own, in a real browser."""

import re
from contextlib import contextmanager

import pytest
from playwright.sync_api import expect

from tests.serving import free_port, served
from tests.stubs.oidc import CLIENT, SECRET, provided

ANN = {"email": "ann@plan.example", "email_verified": True, "name": "Ann"}
AGAIN = "You are not signed in"


def secrets_file(folder, provider, port):
    """Secrets as docs/deploy.md shows them."""
    path = folder / "secrets.toml"
    path.write_text(
        f"""
        [auth]
        redirect_uri = "http://localhost:{port}/oauth2callback"
        cookie_secret = "only for the tests, and long enough for them"
        client_id = "{CLIENT}"
        client_secret = "{SECRET}"
        server_metadata_url = "{provider.url}/.well-known/openid-configuration"

        [access]
        emails = ["Bob@other.example"]
        domains = ["plan.example"]
        """,
        encoding="utf-8",
    )
    return path


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """The app with sign-in, and its provider."""
    port = free_port()
    with provided() as provider:
        path = secrets_file(tmp_path_factory.mktemp("secrets"), provider, port)
        environment = {"STREAMLIT_SECRETS_FILES": str(path)}
        with served(port=port, environment=environment) as server:
            yield server, provider


@pytest.fixture
def visited(context, heard, guarded):
    """`with visited("/") as page`: somebody who was never here before."""

    @contextmanager
    def visit(path="/"):
        server, provider = guarded
        provider.claims, provider.mistake, provider.ended = dict(ANN), None, 0
        context.clear_cookies()
        page = context.new_page()
        complaints = heard(page, server.url, provider.url)
        page.goto(f"{server.url}{path}")
        yield page
        assert page.get_by_test_id("stException").count() == 0
        page.close()
        assert complaints == []

    return visit


def said(page, text):
    expect(page.get_by_role("heading", level=1)).to_contain_text(text)


def sign_in(page):
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Go on as").click()


@pytest.mark.parametrize("path", ["/", "/uncertainty?scenario=mapd&plan.members=54321"])
def test_nobody_sees_a_page_before_signing_in(visited, guarded, path):
    with visited(path) as page:
        said(page, "Sign in to open the calculator")
        expect(page.get_by_role("button", name="Sign in")).to_be_visible()
        expect(page.get_by_role("dialog")).to_have_count(0)
        for part in ("stSidebar", "stTopNavSection", "stMetric", "stPlotlyChart"):
            expect(page.get_by_test_id(part)).to_have_count(0)
        assert AGAIN not in page.content()
    assert "54321" not in guarded[0].log


def test_who_signs_in_sees_the_pages_and_signs_out_again(visited, guarded):
    with visited() as page:
        sign_in(page)
        said(page, "Joining from January")
        who = page.get_by_test_id("stSidebar").get_by_text(ANN["email"])
        expect(who).to_be_visible()
        page.goto(f"{guarded[0].url}/uncertainty?scenario=mapd")
        said(page, "Joining pays in")
        page.get_by_role("button", name="Sign out").click()
        said(page, "Sign in to open the calculator")
        assert AGAIN not in page.content()
        assert guarded[1].ended == 1
        page.reload()
        said(page, "Sign in to open the calculator")


@pytest.mark.parametrize("mistake", ["nonce", "expired", "signature", "audience", "denied"])
def test_what_cannot_be_verified_is_refused_and_said(visited, guarded, mistake):
    with visited() as page:
        guarded[1].mistake = mistake
        sign_in(page)
        said(page, "Sign in to open the calculator")
        expect(page.get_by_text(AGAIN)).to_be_visible()
        expect(page.get_by_test_id("stMetric")).to_have_count(0)
        guarded[1].mistake = None
        sign_in(page)
        said(page, "Joining from January")
    assert ANN["email"] not in guarded[0].log
    assert "Traceback" not in guarded[0].log


@pytest.mark.parametrize(
    ("claims", "sentence"),
    [
        ({"email": "eve@other.example"}, "eve@other.example may not open this calculator"),
        ({"email": "eve@plan.example.evil.example"}, "may not open this calculator"),
        ({"email_verified": False}, "is not verified by your sign-in provider"),
        ({"email": ""}, "came without an e-mail address"),
    ],
)
def test_who_is_not_listed_reads_why_and_can_sign_out(visited, guarded, claims, sentence):
    with visited() as page:
        guarded[1].claims |= claims
        sign_in(page)
        said(page, "You are signed in, and may not enter")
        expect(page.get_by_text(sentence)).to_be_visible()
        expect(page.get_by_test_id("stMetric")).to_have_count(0)
        page.get_by_role("button", name="Sign out").click()
        said(page, "Sign in to open the calculator")


def test_a_listed_address_enters_whatever_its_letters(visited, guarded):
    with visited() as page:
        guarded[1].claims["email"] = "bob@OTHER.example"
        sign_in(page)
        said(page, re.compile("Joining from January"))


def test_a_cookie_of_ones_own_making_signs_nobody_in(visited, context, guarded):
    with visited() as page:
        forged = {"name": "_streamlit_user", "value": "forged", "url": guarded[0].url}
        context.add_cookies([forged])
        page.reload()
        said(page, "Sign in to open the calculator")
