"""A small OpenID provider, for tests: real signatures, PKCE enforced, and any fault one asks for.

A process of its own: `python openid_server.py` prints the port. `POST /control` sets what it does.
"""

import base64
import hmac
import json
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from secrets import token_hex
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from joserfc.jwk import ECKey, RSAKey
from joserfc.jws import JWSRegistry

KEYS: dict[str, RSAKey | ECKey] = {
    "first": RSAKey.generate_key(2048, {"kid": "first"}, auto_kid=False),
    "second": ECKey.generate_key("P-256", {"kid": "second"}, auto_kid=False),
    "weak": RSAKey.generate_key(1024, {"kid": "weak"}, auto_kid=False),
    "foreign": RSAKey.generate_key(2048, {"kid": "first"}, auto_kid=False),
}
CLIENT = {"id": "byoip", "secret": "s:e/c ret"}
SIGNS = {
    "response_modes_supported": ["query", "query.jwt"],
    "authorization_signing_alg_values_supported": ["RS256"],
}
LOGOUT = "http://schemas.openid.net/event/backchannel-logout"


class State:
    """What it was told, and what it remembers."""

    def __init__(self) -> None:
        self.issuer = ""
        self.users: dict[str, dict[str, Any]] = {}
        self.codes: dict[str, dict[str, str]] = {}
        self.sessions: dict[str, str] = {}
        self.asked: list[str] = []
        self.told: dict[str, Any] = {}
        self.reset()

    def reset(self) -> None:
        self.told = {
            "metadata": {},  # members in the place of its own
            "claims": {},  # of the next ID tokens; null takes one out
            "key": "first",
            "alg": "",  # none and HS256 are made by hand
            "header": {},  # beside alg and kid; null takes one out
            "members": {},  # that each key of its set has beside its own
            "published": ["first"],
            "faults": {},  # by endpoint: slow, huge, padded, garbage, deep, status, redirect
            "iss": True,  # stands beside the code
            "signs": False,  # what browsers bring from it (JARM); "says": only says so
            "answers": {},  # claims of the next such answers; null takes one out
            "ahead": 0,  # seconds of its clock
        }
        self.asked = []

    def now(self) -> int:
        return int(time.time() + self.told["ahead"])

    def metadata(self) -> dict[str, Any]:
        places = {
            "authorization_endpoint": "/authorize",
            "token_endpoint": "/token",
            "jwks_uri": "/jwks",
        }
        return {
            "issuer": self.issuer,
            **{name: self.issuer + path for name, path in places.items()},
            **(SIGNS if self.told["signs"] else {}),
            "authorization_response_iss_parameter_supported": self.told["iss"],
            **self.told["metadata"],
        }

    def signed(self, claims: dict[str, Any], more: dict[str, Any]) -> str:
        claims = {name: it for name, it in {**claims, **more}.items() if it is not None}
        key, alg = KEYS[self.told["key"]], self.told["alg"]
        if alg == "none":
            return f"{_b64({'alg': 'none'})}.{_b64(claims)}."
        if alg == "HS256":  # the public key, taken for a secret
            what = f"{_b64({'alg': 'HS256', 'kid': 'first'})}.{_b64(claims)}"
            secret = KEYS["first"].as_pem(private=False)
            digest = hmac.new(secret, what.encode(), sha256).digest()
            return f"{what}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"
        made = alg or ("ES256" if isinstance(key, ECKey) else "RS256")
        header = {"alg": made, "kid": key.kid, **self.told["header"]}
        header = {name: it for name, it in header.items() if it is not None}
        what = f"{_b64(header)}.{_b64(claims)}"
        signature = JWSRegistry.algorithms[made].sign(what.encode(), key)
        return f"{what}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def _b64(what: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(what).encode()).rstrip(b"=").decode()


class Handler(BaseHTTPRequestHandler):
    state = State()
    protocol_version = "HTTP/1.0"
    padding = b""

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self._answer({})

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length", 0))
        body = self.rfile.read(length)
        if self.path.startswith("/control"):
            self._control(json.loads(body))
        else:
            self._answer(dict(parse_qsl(body.decode())))

    def _control(self, told: dict[str, Any]) -> None:
        state = self.state
        if told.pop("reset", False):
            state.reset()
        state.users |= told.pop("users", {})
        for name in told.pop("leave", []):
            state.sessions = {one: who for one, who in state.sessions.items() if who != name}
        logout = told.pop("logout", None)
        state.told |= told
        answer: dict[str, Any] = {"asked": state.asked}
        if logout is not None:
            now = state.now()
            base = {
                "iss": state.issuer,
                "aud": CLIENT["id"],
                "iat": now,
                "exp": now + 120,
                "jti": token_hex(8),
                "events": {LOGOUT: {}},
            }
            answer["token"] = state.signed(base, logout)
        self._json(answer)

    def _answer(self, form: dict[str, str]) -> None:
        path = urlsplit(self.path).path
        self.state.asked.append(path)
        with suppress(BrokenPipeError, ConnectionResetError):
            fault = self.state.told["faults"].get(path)
            if form.get("code") == "breaks":
                fault = "status"
            self.padding = b" " * 1_000_000 if fault == "padded" else b""
            if fault == "padded" or not self._faulty(fault):
                routes: dict[str, Callable[[], None]] = {
                    "/.well-known/openid-configuration": self._discovery,
                    "/jwks": self._jwks,
                    "/token": lambda: self._token(form),
                    "/authorize": lambda: self._authorize(form),
                }
                routes.get(path, lambda: self._json({}, 404))()

    def _faulty(self, fault: str | None) -> bool:
        if fault == "slow":
            self.send_response(200)
            self.end_headers()
            for _ in range(240):
                self.wfile.write(b" ")
                self.wfile.flush()
                time.sleep(0.25)
        elif fault == "huge":
            self.send_response(200)
            self.end_headers()
            for _ in range(400):
                self.wfile.write(b" " * 65536)
        elif fault == "garbage":
            self.wfile.write(b"\x00\xff" * 200)
        elif fault == "deep":
            self._text("[" * 100_000)
        elif fault == "list":
            self._text("[]")
        elif fault == "status":
            self._json({"error": "server_error"}, 500)
        elif fault == "redirect":
            self._led(self.state.issuer + "/jwks")
        return fault is not None

    def _discovery(self) -> None:
        self._json(self.state.metadata())

    def _jwks(self) -> None:
        members, names = self.state.told["members"], self.state.told["published"]
        published = [{**KEYS[one].as_dict(private=False), **members} for one in names]
        secret = {"kty": "oct", "k": _b64("0" * 32), "kid": "first"}
        self._json({"keys": [secret, {"kty": "RSA"}, 7, *published]})

    def _authorize(self, form: dict[str, str]) -> None:
        asked = dict(parse_qsl(urlsplit(self.path).query))
        if "user" in form:
            session = token_hex(8)
            self.state.sessions[session] = form["user"]
            self._code(asked, session, cookie=True)
            return
        cookie = self.headers.get("cookie", "")
        known = [one for one in self.state.sessions if f"idp={one}" in cookie]
        if known:
            self._code(asked, known[0])
        elif asked.get("prompt") == "none":
            self._back(asked, {"error": "login_required"})
        else:
            named = "".join(
                f'<button name="user" value="{one}">{one}</button>' for one in self.state.users
            )
            self._text(
                f'<!doctype html><html lang="en"><title>Provider</title><form method="post">'
                f"<h1>Who are you?</h1>{named}</form></html>",
                "text/html",
            )

    def _code(self, asked: dict[str, str], session: str, *, cookie: bool = False) -> None:
        code = token_hex(16)
        self.state.codes[code] = {**asked, "session": session}
        self._back(asked, {"code": code}, f"idp={session}; Path=/" if cookie else "")

    def _back(self, asked: dict[str, str], more: dict[str, str], cookie: str = "") -> None:
        iss = {"iss": self.state.issuer} if self.state.told["iss"] else {}
        told = {**more, **iss, "state": asked["state"]}
        if asked.get("response_mode") == "query.jwt" and self.state.told["signs"] is True:
            ours = {"iss": self.state.issuer, "aud": CLIENT["id"], "exp": self.state.now() + 60}
            told = {"response": self.state.signed({**told, **ours}, self.state.told["answers"])}
        self._led(f"{asked['redirect_uri']}?{urlencode(told)}", cookie)

    def _token(self, form: dict[str, str]) -> None:
        quoted = [urlencode({"": CLIENT[one]})[1:] for one in ("id", "secret")]
        basic = base64.b64encode(":".join(quoted).encode()).decode()
        post = form.get("client_id") == CLIENT["id"], form.get("client_secret") == CLIENT["secret"]
        if self.headers.get("authorization") != f"Basic {basic}" and not all(post):
            self._json({"error": "invalid_client"}, 401)
            return
        asked = self.state.codes.pop(form.get("code", ""), None)
        digest = sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if (
            asked is None
            or asked["code_challenge"] != challenge
            or asked["redirect_uri"] != form.get("redirect_uri")
        ):
            self._json({"error": "invalid_grant"}, 400)
            return
        now, user = self.state.now(), self.state.sessions[asked["session"]]
        claims = {
            "iss": self.state.issuer,
            "aud": CLIENT["id"],
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            "sid": asked["session"],
            **self.state.users[user],
        }
        token = self.state.signed(claims, self.state.told["claims"])
        self._json({"access_token": token_hex(8), "token_type": "Bearer", "id_token": token})

    def _led(self, to: str, cookie: str = "") -> None:
        self.send_response(303)
        self.send_header("location", to)
        if cookie:
            self.send_header("set-cookie", cookie)
        self.end_headers()

    def _json(self, what: object, status: int = 200) -> None:
        self._text(json.dumps(what), "application/json", status)

    def _text(self, text: str, kind: str = "application/json", status: int = 200) -> None:
        body = self.padding + text.encode()
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Handler.state.issuer = f"http://127.0.0.1:{server.server_port}"
    print(server.server_port, flush=True)  # noqa: T201 - this is how it says where it is
    sys.stdout.close()
    server.serve_forever()
