"""A sign-in provider (OpenID Connect) on this machine, as honest or as wrong as a test wants."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "balance", "the-clients-own-secret"


class Provider:
    """What it says of who signs in, and one mistake it may make.

    mistake: nonce, expired, signature, audience or denied; None: none.
    """

    def __init__(self) -> None:
        self.claims: dict[str, Any] = {}
        self.mistake: str | None = None
        self.ended = 0  # how often somebody signed out here too
        self.url = ""
        self.key = RSAKey.generate_key(2048, parameters={"kid": "one"})
        self.other_key = RSAKey.generate_key(2048, parameters={"kid": "one"})
        self.asked: dict[str, dict[str, str]] = {}

    def document(self) -> dict[str, Any]:
        """What /.well-known/openid-configuration says."""
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "jwks_uri": f"{self.url}/jwks",
            "end_session_endpoint": f"{self.url}/logout",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
        }

    def code(self, request: dict[str, str]) -> str:
        """What a browser takes back to the calculator."""
        code = secrets.token_urlsafe(16)
        self.asked[code] = request
        return code

    def token(self, form: dict[str, str], authorization: str) -> dict[str, Any] | None:
        """The tokens for a code, once, and to the client that asked with its secret."""
        request = self.asked.pop(form.get("code", ""), None)
        kind, _, both = authorization.partition(" ")
        given = base64.b64decode(both).decode() if kind == "Basic" else ""
        known = given == f"{CLIENT}:{SECRET}" or (
            form.get("client_id"),
            form.get("client_secret"),
        ) == (CLIENT, SECRET)
        if request is None or not known or form.get("redirect_uri") != request["redirect_uri"]:
            return None
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(digest).decode().rstrip("=") != request["code_challenge"]:
            return None
        now = int(time.time())
        claims = {
            "iss": self.url,
            "sub": "1",
            "aud": "another" if self.mistake == "audience" else CLIENT,
            "iat": now - 7200 if self.mistake == "expired" else now,
            "exp": now - 3600 if self.mistake == "expired" else now + 3600,
            "nonce": "another" if self.mistake == "nonce" else request["nonce"],
            **self.claims,
        }
        key = self.other_key if self.mistake == "signature" else self.key
        signed = jwt.encode({"alg": "RS256", "kid": "one"}, claims, key)
        return {"access_token": "x", "token_type": "Bearer", "expires_in": 3600, "id_token": signed}


def _handler(provider: Provider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

        def answer(self, body: Any, status: int = 200, kind: str = "application/json") -> None:
            content = (body if isinstance(body, str) else json.dumps(body)).encode()
            self.send_response(status)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {key: values[0] for key, values in parse_qs(parts.query).items()}
            if parts.path == "/.well-known/openid-configuration":
                self.answer(provider.document())
            elif parts.path == "/jwks":
                self.answer({"keys": [provider.key.as_dict(private=False)]})
            elif parts.path == "/authorize":
                back = {"state": query["state"]}
                if provider.mistake == "denied":
                    back |= {"error": "access_denied", "error_description": "no"}
                else:
                    back["code"] = provider.code(query)
                link = html.escape(f"{query['redirect_uri']}?{urlencode(back)}")
                who = html.escape(str(provider.claims.get("email", "somebody")))
                page = f"<title>Provider</title><link rel=icon href='data:,'><a href='{link}'>"
                self.answer(f"{page}Go on as {who}</a>", kind="text/html")
            elif parts.path == "/logout":
                provider.ended += 1
                self.send_response(302)
                self.send_header("Location", query["post_logout_redirect_uri"])
                self.end_headers()
            else:
                self.answer({"error": "not_found"}, 404)

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            form = {k: v[0] for k, v in parse_qs(self.rfile.read(length).decode()).items()}
            found = provider.token(form, self.headers.get("Authorization", ""))
            self.answer(found or {"error": "invalid_grant"}, 200 if found else 400)

    return Handler


@contextmanager
def provided() -> Iterator[Provider]:
    """A provider that answers until the block ends."""
    provider = Provider()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(provider))
    provider.url = f"http://localhost:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
