"""The host names under which the web may be called."""

from __future__ import annotations

from catalyst.settings.environment import Environment
from syncer.core.annotations import split_list
from syncer.core.names import BadName, canonical_address, canonical_name, is_wildcard

LOCAL_HOSTS = "localhost,127.0.0.1,[::1]"


def read_allowed_hosts(env: Environment) -> list[str]:
    """In the spelling that Django compares. Django itself would ignore in silence what no request can ever name."""
    right = "give names and addresses without scheme and port, such as dns.home.lab, .home.lab for all in it, or *"
    text = env.read_text("ALLOWED_HOSTS", LOCAL_HOSTS)
    hosts = list(env.parse_list("ALLOWED_HOSTS", text, parse_host, right))
    if not split_list(text):
        env.refuse_value("ALLOWED_HOSTS", text, right)
    return hosts


def parse_host(text: str) -> str:
    if text == "*":
        return text
    try:
        address = canonical_address(text.removeprefix("[").removesuffix("]"))
    except BadName:
        name = canonical_name(text.removeprefix("."))
    else:
        return f"[{address}]" if ":" in address else address
    if is_wildcard(name):
        raise ValueError(f"a domain with all hosts in it is written {name[1:]}")
    return f".{name}" if text.startswith(".") else name
