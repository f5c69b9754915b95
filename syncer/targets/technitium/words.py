"""What Technitium says in words of its own where a record has numbers, and how it spells parameters of SVCB and HTTPS.

Every type here has its fields named twice: in rData, and in the parameters of calls. A text that goes into a parameter
is taken literally, quotes included, and ``ech`` is hexadecimal.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from syncer.core.rdata import ALGORITHMS, SERVICE_TYPES, WORDS, BadValue, clean_value, split_value
from syncer.core.rdwords import quote_word
from syncer.core.svcparams import KEYS, escape_bytes, key_name, split_params

RDATA: Mapping[str, tuple[str, ...]] = {
    "DS": ("keyTag", "algorithm", "digestType", "digest"),
    "TLSA": ("certificateUsage", "selector", "matchingType", "certificateAssociationData"),
    "SSHFP": ("algorithm", "fingerprintType", "fingerprint"),
    "NAPTR": ("order", "preference", "flags", "services", "regexp", "replacement"),
    "URI": ("priority", "weight", "uri"),
    "SVCB": ("svcPriority", "svcTargetName", "svcParams"),
    "HTTPS": ("svcPriority", "svcTargetName", "svcParams"),
}

PARAMETERS: Mapping[str, tuple[str, ...]] = {
    **RDATA,
    "TLSA": ("tlsaCertificateUsage", "tlsaSelector", "tlsaMatchingType", "tlsaCertificateAssociationData"),
    "SSHFP": ("sshfpAlgorithm", "sshfpFingerprintType", "sshfpFingerprint"),
    "NAPTR": ("naptrOrder", "naptrPreference", "naptrFlags", "naptrServices", "naptrRegexp", "naptrReplacement"),
    "URI": ("uriPriority", "uriWeight", "uri"),
}

_SPOKEN: Mapping[tuple[str, str], Mapping[str, int]] = {
    ("DS", "algorithm"): ALGORITHMS,
    ("DS", "digestType"): {"SHA1": 1, "SHA256": 2, "GOST-R-34-11-94": 3, "SHA384": 4},
    ("TLSA", "certificateUsage"): {"PKIX-TA": 0, "PKIX-EE": 1, "DANE-TA": 2, "DANE-EE": 3, "PrivCert": 255},
    ("TLSA", "selector"): {"Cert": 0, "SPKI": 1, "PrivSel": 255},
    ("TLSA", "matchingType"): {"Full": 0, "SHA2-256": 1, "SHA2-512": 2},
    ("SSHFP", "algorithm"): {"RSA": 1, "DSA": 2, "ECDSA": 3, "Ed25519": 4, "Ed448": 6},
    ("SSHFP", "fingerprintType"): {"SHA1": 1, "SHA256": 2},
}
_NUMBERS = {key: {word.upper(): str(number) for word, number in spoken.items()} for key, spoken in _SPOKEN.items()}
_TEXTS = {key: {str(number): word for word, number in spoken.items()} for key, spoken in _SPOKEN.items()}

_KNOWN_KEYS = frozenset(KEYS[: KEYS.index("dohpath") + 1])
"""Any other parameter is a parse error to the server."""


def read_words(type_: str, rdata: Mapping[str, Any]) -> str:
    """The value, one of ``WORDS``, in its one spelling. Raises ``BadValue`` or ``BadName`` for what is none, such as a
    parameter whose text has the quotes in it that someone wrote round it."""
    words = [_read_part(type_, name, rdata) for name in RDATA[type_]]
    return _clean_once(type_, " ".join(filter(None, words)))


_clean_once = lru_cache(maxsize=1024)(clean_value)
"""Ten thousand names may have the same HTTPS record."""


def make_words(type_: str, value: str) -> list[str]:
    """The parts of the value as parameters of a call have them; raises ``BadValue`` for what the server cannot hold."""
    parts = split_value(type_, value)
    if type_ in SERVICE_TYPES:
        return [*parts[:2], "|".join(_spell_params(parts[2], "|")) or "false"]
    if type_ == "NAPTR":
        _check_rule(parts)
        return [*parts[:-1], "" if parts[-1] == "." else parts[-1]]
    return [_speak_part(type_, name, part) for name, part in zip(RDATA[type_], parts, strict=True)]


def format_words(type_: str, value: str) -> str:
    """The value for a zone file that the server reads, without a dot at the end of a name."""
    if type_ not in SERVICE_TYPES:
        return value
    priority, target, params = split_value(type_, value)
    return " ".join((priority, f"{target.removesuffix('.')}.", *_spell_params(params, "=")))


def _read_part(type_: str, name: str, rdata: Mapping[str, Any]) -> str:
    part = rdata.get(name)
    kind = WORDS[type_][RDATA[type_].index(name)]
    if kind == "parameters":
        return " ".join(_read_param(key, text) for key, text in part.items()) if isinstance(part, dict) else "?"
    text = str(part)
    if kind in ("string", "uri"):
        return quote_word(text.encode())
    if kind == "place":
        return text or "."
    return _NUMBERS.get((type_, name), {}).get(text.upper().replace("_", "-"), text)


def _read_param(key: str, text: Any) -> str:
    """Keys without a name in the server's list come by their number, their values and ``ech`` as ``00:45:FE:0D``."""
    name = key_name(int(key)) if key.isdecimal() else key
    if not text:
        return name
    if name == key != "ech":
        return f"{key}={quote_word(str(text).encode())}"
    data = bytes.fromhex(str(text).replace(":", ""))
    return f"{name}={b64encode(data).decode() if key == 'ech' else escape_bytes(data)}"


def _spell_params(params: str, joint: str) -> list[str]:
    spelled = []
    for key, text in split_params(params).items():
        if key not in _KNOWN_KEYS:
            raise BadValue(f"Technitium knows no parameter {key}")
        if key == "dohpath" and "{?dns}" not in text:
            raise BadValue("Technitium wants {?dns} in dohpath")
        data = b64decode(text).hex() if key == "ech" else text
        spelled.append(f"{key}{joint}{data}" if data or joint == "|" else key)
    return spelled


def _speak_part(type_: str, name: str, part: str) -> str:
    spoken = _TEXTS.get((type_, name))
    if spoken is None:
        return part
    if part not in spoken:
        raise BadValue(f"Technitium knows no {type_} with {name} {part}")
    return spoken[part]


def _check_rule(parts: Sequence[str]) -> None:
    if not "".join(parts).isascii():
        raise BadValue("Technitium turns what is not ASCII in a NAPTR record into question marks")
    if not parts[4] and parts[5] == ".":
        raise BadValue("Technitium wants a regular expression or a replacement in a NAPTR record")
    if parts[2] and not parts[2].isalnum():
        raise BadValue("Technitium takes letters and digits as flags of a NAPTR record")
