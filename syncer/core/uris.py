"""URIs in one spelling (RFC 3986 section 6.2): servers that read them write them so, too."""

from __future__ import annotations

import re

from syncer.core.manifest import clip_text
from syncer.core.names import BadName, canonical_target
from syncer.core.rdwords import BadValue

PORTS = {"http": "80", "https": "443", "ws": "80", "wss": "443", "ftp": "21"}
"""What a scheme means without a port. An empty path is ``/`` in them, and ``..`` in a path is resolved."""

_parse = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*):(?://(?P<authority>[^/?#]*))?(?P<path>[^?#]*)(?P<rest>.*)"
).fullmatch
_find_foreign = re.compile(r"[^!#$%&'()*+,\-./0-9:;=?@A-Z\[\]_a-z~]").search
_is_broken_escape = re.compile(r"%(?![0-9A-Fa-f]{2})").search
_sub_escape = re.compile(r"%([0-9A-Fa-f]{2})").sub
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


def clean_uri(text: str) -> str:
    """Raises ``BadValue``."""
    parts = _parse(text)
    if parts is None:
        raise BadValue(f"{clip_text(text)} is no URI: it must begin with a scheme such as https:")
    if found := _find_foreign(text):
        raise BadValue(f"its URI has {found[0]!a} in it, which must be written as % and two hexadecimal digits")
    if _is_broken_escape(text):
        raise BadValue("its URI has a % without two hexadecimal digits")
    scheme, authority, path = parts["scheme"].lower(), parts["authority"], _unify_escapes(parts["path"])
    if authority is None:
        if not path:
            raise BadValue(f"{clip_text(text)} is no URI: there is nothing after the scheme")
        return f"{scheme}:{path}{_unify_escapes(parts['rest'])}"
    if scheme in PORTS:
        path = _resolve_dots(path) or "/"
    return f"{scheme}://{_clean_authority(authority, scheme)}{path}{_unify_escapes(parts['rest'])}"


def find_host(uri: str) -> str:
    """The address or host name to which a URI leads, "" where it names none."""
    parts = _parse(uri)
    host = ((parts and parts["authority"]) or "").rpartition("@")[2]
    host = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    try:
        return canonical_target(host)
    except BadName:
        return ""


def _clean_authority(text: str, scheme: str) -> str:
    user, at, host = text.rpartition("@")
    host = host.lower().removesuffix(f":{PORTS.get(scheme, '')}")
    if not host and scheme in PORTS:
        raise BadValue("its URI names no host")
    return f"{user}{at}{host}"


def _unify_escapes(text: str) -> str:
    def unify(match: re.Match[str]) -> str:
        char = chr(int(match[1], 16))
        return char if char in _UNRESERVED else match[0].upper()

    return _sub_escape(unify, text)


def _resolve_dots(path: str) -> str:
    """RFC 3986 section 5.2.4, for a path that begins with a slash or is empty."""
    kept: list[str] = []
    segments = path.split("/")
    for segment in segments:
        if segment == "..":
            del kept[max(1, len(kept) - 1) :]
        elif segment != ".":
            kept.append(segment)
    return "/".join([*kept, ""] if segments[-1] in (".", "..") else kept)
