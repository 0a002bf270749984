"""Tokens of ports on TCP: `socket://localhost:7000?token=...` is what `sim --tcp` prints.

Whoever reaches such a port can run code: any program of this computer, and any page in its browser. So the server
answers nobody whose first line is not the token. The host takes the token out of a URL as soon as it gets one: it never
reaches run.json, a log, or a message.
"""

import hmac
import secrets
import shlex
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

LONGEST = 200  # bytes of a first line
_TOKENS: dict[str, str] = {}  # by URL without token


def new_token() -> str:
    """Return a token that nobody can guess."""
    return secrets.token_urlsafe(18)


def with_token(url: str, token: str) -> str:
    """Return the URL that a person gives to the host."""
    return f"{url}?{urlencode({'token': token})}"


def take_token(where: str) -> str:
    """Return a port without its token, which first_line() knows from now on. Other ports are returned as they are."""
    if not where.startswith("socket://") or "token=" not in where:
        return where
    parts = urlsplit(where)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    url = urlunsplit(parts._replace(query=urlencode([(key, value) for key, value in pairs if key != "token"])))
    for key, value in pairs:
        if key == "token":
            _TOKENS[url] = value
    return url


def first_line(url: str) -> bytes:
    """Return what is sent first to the server of a URL without token: nothing if no token is known."""
    token = _TOKENS.get(url)
    return b"" if token is None else token.encode(errors="replace") + b"\n"


def has_token(url: str) -> bool:
    """Whether a token is known of a URL without one."""
    return url in _TOKENS


def named_port(url: str) -> str:
    """Return what a command that is advised names for a port, quoted for a shell; no token is shown."""
    return "URL_WITH_TOKEN" if has_token(url) else shlex.quote(url)


def is_token(line: bytes, token: str) -> bool:
    """Whether the first line of a client is the token, compared in constant time."""
    return hmac.compare_digest(line, token.encode() + b"\n")
