"""What people write on an object: our annotations, and those of external-dns where the settings ask for them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from syncer.core.allowed import ANY_VALUE, TargetRules
from syncer.core.manifest import clip_text
from syncer.core.names import BadName, canonical_target, value_type
from syncer.core.rdwords import BadValue
from syncer.core.source import HIGH, LOW, NORMAL
from syncer.core.svcparams import clean_params

PREFIX = "catalyst-dns-sync.io/"
EXTERNAL_DNS_PREFIXES = ("external-dns.kubernetes.io/", "external-dns.alpha.kubernetes.io/")
"""In order of precedence; external-dns moved from the second to the first in its 0.22."""
CLASS_ANNOTATION = "kubernetes.io/ingress.class"

MAX_TTL = 2**31 - 1
"""Seconds (RFC 2181 section 8)."""

_OURS = frozenset(
    (
        "ttl",
        "target",
        "targets",
        "hostname",
        "internal-hostname",
        "srv",
        "exclude",
        "ignore",
        "publish",
        "priority",
        "description",
        "owner",
        "slack-notify",
        "auto-remediate",
        "https",
    )
)
INGRESS_HOSTS, GATEWAY_HOSTS = "ingress-hostname-source", "gateway-hostname-source"
ANNOTATION_ONLY, DEFINED_ONLY = "annotation-only", "defined-hosts-only"
INTERNAL_HOSTNAME, SRV, ACCESS, ENDPOINTS_TYPE = SERVICE_WORDS = "internal-hostname", "srv", "access", "endpoints-type"
"""Only Services are asked for them; all but the second may be external-dns's, the last two are."""
_THEIRS = frozenset(
    (
        "ttl",
        "target",
        "hostname",
        "controller",
        INGRESS_HOSTS,
        GATEWAY_HOSTS,
        INTERNAL_HOSTNAME,
        ACCESS,
        ENDPOINTS_TYPE,
    )
)
TARGETS, OF_TARGET = "targets", "target."
"""Which of several targets an object is for, and what it is to have on one of them alone."""
HTTPS = "https"
NO_TARGETS = "has no effect: there is no TARGETS_FILE, which names targets"
HTTP_2 = "h2"
"""What is said to be spoken where nothing else is said: every browser and every proxy of today does."""
_NOT_OBEYED = re.compile(r"set-identifier|alias|(?:aws|azure|google|ibmcloud|scw|webhook)-.+")
"""Words of external-dns by which it publishes something else, or to someone else."""
_PRIORITIES = {"high": HIGH, "normal": NORMAL, "low": LOW}
_NOTE_LIMIT = 500
TARGET_LIMIT = 100

_WHOLE = re.compile(r"[-+]?[0-9]{1,18}", re.ASCII)
_GO_DURATION = re.compile(r"[-+]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h))+", re.ASCII)
_GO_PART = re.compile(r"([0-9]*)\.?([0-9]*)(ns|us|µs|μs|ms|s|m|h)", re.ASCII)
_NANOSECONDS = {
    "ns": 1,
    "us": 10**3,
    "µs": 10**3,
    "μs": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}
_DURATION_LIMIT = 200


class Values(NamedTuple):
    """Addresses (sorted), or exactly one host name, or nothing; and what had to be left out to get there. ``refused``
    are those that no source may publish."""

    values: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


class AnnotationRules(NamedTuple):
    """What the operator allows. ``min_ttl`` is in seconds. ``otherwise`` is what is used where a target is not.
    ``idle`` are words that mean nothing for the object, each with the reason. ``target_names`` are those of several
    targets, and ``target_name`` the one that is read for."""

    external_dns: bool = False
    targets: TargetRules = ANY_VALUE
    min_ttl: int = 1
    otherwise: str = "the default address is"
    idle: Mapping[str, str] = {}
    target_name: str = ""
    target_names: tuple[str, ...] = ()


class Annotations(NamedTuple):
    """``refusal`` says why the object publishes nothing, "" when it does. ``hostnames`` and ``exclude`` are as they
    were written. ``host_sources`` are ``ANNOTATION_ONLY`` or ``DEFINED_ONLY`` by the annotation that says so, of which
    there is one for each kind of object."""

    hostnames: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    host_sources: tuple[tuple[str, str], ...] = ()
    target: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    """Of its target annotation, what no source may publish."""
    ttl: int | None = None
    priority: int = NORMAL
    refusal: str = ""
    notes: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()
    internal_hostnames: tuple[str, ...] = ()
    srv: bool = False
    https: str | None = None
    """The protocols (ALPN) that its hosts speak over TLS, as an HTTPS record lists them; "" for no such record, None
    where it says nothing."""
    is_named: bool | None = None
    """Whether the target that is read for is among those that it names; None where it names none."""
    for_services: tuple[tuple[str, str], ...] = ()
    """What only Services are asked for, as (word, text), in the order of precedence."""

    def find_word(self, word: str) -> str:
        """What an annotation of ``for_services`` says, "" when there is none."""
        return next((text for known, text in self.for_services if known == word), "")


_NO_ANNOTATIONS = Annotations()


def read_annotations(annotations: Mapping[Any, object], rules: AnnotationRules) -> Annotations:
    """A bad value is left out, with a warning."""
    prefixes = (PREFIX, *EXTERNAL_DNS_PREFIXES) if rules.external_dns else (PREFIX,)
    ours = {key: value for key, value in annotations.items() if isinstance(key, str) and key.startswith(prefixes)}
    if not ours:
        return _NO_ANNOTATIONS
    return _Reader(ours, prefixes, rules).read_words()


class _Reader:
    def __init__(self, annotations: Mapping[str, object], prefixes: tuple[str, ...], rules: AnnotationRules) -> None:
        self.prefixes = prefixes
        self.rules = rules
        self.refused: tuple[str, ...] = ()
        self.warnings: list[str] = []
        self.texts: dict[str, str] = {}
        for key, value in annotations.items():
            prefix, _, word = key.partition("/")
            if word in (_OURS if prefix + "/" == PREFIX else _THEIRS):
                if why := rules.idle.get(word):
                    self.warnings.append(f"annotation {key} {why}")
                else:
                    self._add_text(key, value)
            elif prefix + "/" == PREFIX and word.startswith(OF_TARGET):
                self._add_target(key, word.removeprefix(OF_TARGET), value)
            elif prefix + "/" == PREFIX:
                self.warnings.append(f"annotation {clip_text(key)} is not known")
            elif _NOT_OBEYED.fullmatch(word):
                self.warnings.append(f"annotation {clip_text(key)} of external-dns has no effect here")

    def _add_target(self, key: str, name: str, value: object) -> None:
        """What the object is to have on the target of that name."""
        if why := self.rules.idle.get("target"):
            self.warnings.append(f"annotation {clip_text(key)} {why}")
        elif not self.rules.target_names:
            self.warnings.append(f"annotation {clip_text(key)} {NO_TARGETS}")
        elif name not in self.rules.target_names:
            self.warnings.append(f"annotation {clip_text(key)}: {self._describe_unknown(name)}")
        elif name == self.rules.target_name:
            self._add_text(key, value)

    def _describe_unknown(self, name: str) -> str:
        return f'there is no target "{clip_text(name)}" (there are {", ".join(self.rules.target_names)})'

    def _add_text(self, key: str, value: object) -> None:
        if isinstance(value, str):
            self.texts[key] = value
        elif isinstance(value, bool | int | float):
            self.texts[key] = str(value).lower()
            self.warnings.append(f"annotation {key} is no text: Kubernetes wants it in quotes")
        elif value is not None:
            self.warnings.append(f"annotation {key} is no text")

    def read_words(self) -> Annotations:
        return Annotations(
            hostnames=self._read_names("hostname"),
            exclude=split_list(self.texts.get(PREFIX + "exclude", "")),
            host_sources=tuple(self._read_host_sources()),
            target=self._read_target(),
            refused=self.refused,
            ttl=self._read_ttl(),
            priority=self._read_priority(),
            refusal=self._find_refusal(),
            notes=tuple(self._read_notes()),
            internal_hostnames=self._read_names(INTERNAL_HOSTNAME),
            srv=bool(self._read_flag(SRV)),
            https=self._read_https(),
            is_named=self._read_named(),
            for_services=tuple((word, text) for word in SERVICE_WORDS for _, text in self._find_texts(word)),
            warnings=tuple(self.warnings),
        )

    def _find_texts(self, word: str) -> Iterator[tuple[str, str]]:
        """The annotations of this word as (key, text), in the order of precedence of their prefixes."""
        for prefix in self.prefixes:
            if (text := self.texts.get(prefix + word)) is not None:
                yield prefix + word, text

    def _read_names(self, word: str) -> tuple[str, ...]:
        return tuple(name for _, text in self._find_texts(word) for name in split_list(text))

    def _read_target(self) -> tuple[str, ...]:
        texts = [*self._find_texts(OF_TARGET + self.rules.target_name), *self._find_texts("target")]
        for key, text in texts:
            values, warnings, refused = settle_values(split_list(text), self.rules.targets)
            self.refused += refused
            self.warnings += (f"annotation {key}: {warning}" for warning in warnings)
            if values:
                return values
            if warnings:
                following = [other for other, _ in texts[texts.index((key, text)) + 1 :]]
                otherwise = f"annotation {following[0]} is" if following else self.rules.otherwise
                self.warnings[-1] += f"; {otherwise} used instead"
        return ()

    def _read_named(self) -> bool | None:
        key = PREFIX + TARGETS
        if (text := self.texts.get(key)) is None:
            return None
        known = self.rules.target_names
        if not known:
            self.warnings.append(f"annotation {key} {NO_TARGETS}")
            return None
        names = split_list(text.lower())
        if not names:
            self.warnings.append(f"annotation {key} names no target: it is passed over")
            return None
        self.warnings += (f"annotation {key}: {self._describe_unknown(name)}" for name in names if name not in known)
        return self.rules.target_name in names

    def _read_ttl(self) -> int | None:
        for key, text in self._find_texts("ttl"):
            try:
                ttl = parse_ttl(text)
            except ValueError as error:
                self.warnings.append(f"annotation {key}: {error}; the default TTL is used instead")
                return None
            least = self.rules.min_ttl
            if ttl < least:
                self.warnings.append(f"annotation {key}: {ttl} s is less than MIN_TTL: {least} s is used instead")
            return max(ttl, least)
        return None

    def _read_host_sources(self) -> Iterator[tuple[str, str]]:
        for word in (INGRESS_HOSTS, GATEWAY_HOSTS):
            for key, text in self._find_texts(word):
                if text in (ANNOTATION_ONLY, DEFINED_ONLY):
                    yield word, text
                else:
                    choices = f"{ANNOTATION_ONLY} nor {DEFINED_ONLY}"
                    self.warnings.append(f'annotation {key}: "{clip_text(text)}" is neither {choices}')
                break

    def _read_priority(self) -> int:
        text = self.texts.get(PREFIX + "priority")
        if text is None:
            return NORMAL
        priority = _PRIORITIES.get(text.strip().lower())
        if priority is None:
            odd = clip_text(text)
            self.warnings.append(f'annotation {PREFIX}priority: "{odd}" is none of high, normal, low: it is normal')
            return NORMAL
        return priority

    def _find_refusal(self) -> str:
        if self._read_flag("ignore"):
            return f"the object is ignored by its annotation {PREFIX}ignore"
        for key, text in self._find_texts("controller"):
            if text != "dns-controller":
                return f'annotation {key} gives the object to "{clip_text(text)}"'
            break
        return ""

    def _read_notes(self) -> Iterator[tuple[str, str]]:
        for word in ("description", "owner"):
            if text := self.texts.get(PREFIX + word, "").strip():
                yield word, clip_text(text, _NOTE_LIMIT)
        for word in ("slack-notify", "auto-remediate"):
            if (flag := self._read_flag(word)) is not None:
                yield word, "true" if flag else "false"

    def _read_https(self) -> str | None:
        text = self.texts.get(PREFIX + HTTPS)
        if text is None:
            return None
        if text.strip().lower() in ("true", "false"):
            return HTTP_2 if text.strip().lower() == "true" else ""
        protocols = ",".join(split_list(text))
        try:
            return clean_params([f"alpn={protocols}"]).removeprefix("alpn=")
        except BadValue as error:
            problem = f'"{clip_text(text)}" is neither true, false nor a list of protocols such as h2,h3: {error}'
            self.warnings.append(f"annotation {PREFIX}{HTTPS}: {problem}")
            return None

    def _read_flag(self, word: str) -> bool | None:
        text = self.texts.get(PREFIX + word)
        if text is None:
            return None
        flag = {"true": True, "false": False}.get(text.strip().lower())
        if flag is None:
            self.warnings.append(f'annotation {PREFIX}{word}: "{clip_text(text)}" is neither true nor false')
        return flag


def split_list(text: str) -> tuple[str, ...]:
    """The elements of a comma list, without blanks around them and without empty ones."""
    return tuple(word for part in text.split(",") if (word := part.strip()))


def settle_values(texts: tuple[str, ...], rules: TargetRules = ANY_VALUE) -> Values:
    """What a record can hold of these addresses and host names: addresses win over names, and there is only one name.
    What the ``rules`` refuse is left out as what is neither.

    Equal texts give the same tuple object, so that ten thousand objects share one.
    """
    texts = tuple(dict.fromkeys(texts))
    if len(texts) > 16 or any(len(text) > 253 for text in texts):
        return _settle_texts(texts, rules)
    return _settle_cached(texts, rules)


def _settle_texts(texts: tuple[str, ...], rules: TargetRules) -> Values:
    addresses: set[str] = set()
    hosts: set[str] = set()
    refused: list[str] = []
    warnings: list[str] = []
    if len(texts) > TARGET_LIMIT:
        warnings.append(f"{len(texts)} values: only the first {TARGET_LIMIT} are read")
    for text in texts[:TARGET_LIMIT]:
        try:
            value = canonical_target(text)
        except BadName as error:
            warnings.append(f'"{clip_text(text)}" is neither address nor host name: {error}')
            continue
        if reason := rules.refuse_value(value):
            refused.append(value)
            warnings.append(f'"{clip_text(text)}": {reason}')
        else:
            (hosts if value_type(value) == "CNAME" else addresses).add(value)
    if addresses and hosts:
        warnings.append(f"addresses and host names together: {clip_text(', '.join(sorted(hosts)))} left out")
    elif len(hosts) > 1:
        warnings.append(f"several host names: only {min(hosts)} is used")
    return Values(tuple(sorted(addresses or sorted(hosts)[:1])), tuple(warnings), tuple(refused))


_settle_cached = lru_cache(maxsize=1024)(_settle_texts)


def parse_seconds(text: str) -> float:
    """Whole seconds (``300``) or a Go duration (``1h30m``, ``1.5s``, ``-2ms``). Raises ``ValueError``."""
    return _parse_nanoseconds(text) / 10**9


def parse_ttl(text: str) -> int:
    """Seconds; fractions are cut. Raises ``ValueError`` for what is no duration or not from 1 to ``MAX_TTL``."""
    ttl = _parse_nanoseconds(text) // 10**9
    if not 1 <= ttl <= MAX_TTL:
        raise ValueError(f'"{clip_text(text.strip())}" is not from 1 to {MAX_TTL} seconds')
    return ttl


def _parse_nanoseconds(text: str) -> int:
    text = text.strip()
    if _WHOLE.fullmatch(text):
        return int(text) * 10**9
    if len(text) > _DURATION_LIMIT or not _GO_DURATION.fullmatch(text):
        raise ValueError(f'"{clip_text(text)}" is neither whole seconds nor a duration such as 90s or 1h30m')
    total = 0
    for whole, fraction, unit in _GO_PART.findall(text):
        scale = _NANOSECONDS[unit]
        total += int(whole or "0") * scale + int(fraction or "0") * scale // 10 ** len(fraction)
    return -total if text.startswith("-") else total
