"""Through which proxy the API server is asked, if any."""

from __future__ import annotations

import ipaddress
import ssl
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import HTTPError

from syncer.errors import KubernetesError
from syncer.tls import make_blind_context, make_context

SOCKS = frozenset({"socks4", "socks4a", "socks5", "socks5h"})


def choose_proxy(server: str, configured: str | None) -> str:
    """The URL of the proxy for the API server at ``server``, "" for a direct connection.

    ``configured`` is what the kubeconfig says; None leaves it to HTTPS_PROXY, HTTP_PROXY and ALL_PROXY. NO_PROXY
    exempts a server from either.
    """
    if configured == "" or (configured is None and is_loopback(server)):
        return ""
    from urllib.request import getproxies  # in a pod, where no proxy is asked, its memory is saved

    found = getproxies()
    proxy = configured or found.get(urlsplit(server).scheme) or found.get("all", "")
    return "" if is_exempt(server, found.get("no", "")) else proxy


def is_loopback(url: str) -> bool:
    """Go, and so kubectl, never asks a proxy for these."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_exempt(url: str, no_proxy: str) -> bool:
    """Whether NO_PROXY names the host: "*", a name with all below it, with or without a port, or a network."""
    split = urlsplit(url)
    host, host_and_port = split.hostname or "", split.netloc.lower()
    for entry in (part.strip().lower() for part in no_proxy.split(",")):
        if entry == "*" or _is_in_network(host, entry):
            return True
        name = entry.lstrip(".")
        if name and any(whole == name or whole.endswith(f".{name}") for whole in (host, host_and_port)):
            return True
    return False


def _is_in_network(host: str, entry: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return False


def make_pools(proxy: str, **options: object) -> urllib3.PoolManager:
    """``options`` are those of ``urllib3.PoolManager``. Raises ``KubernetesError`` for a proxy that it cannot use."""
    if not proxy:
        return urllib3.PoolManager(**options)  # type: ignore[arg-type]
    try:
        if urlsplit(proxy).scheme.lower() in SOCKS:
            from urllib3.contrib.socks import SOCKSProxyManager  # needs PySocks, which is no dependency

            return SOCKSProxyManager(proxy, **options)  # type: ignore[arg-type]
        if urlsplit(proxy).scheme.lower() == "https":
            verifies = options.get("cert_reqs") != ssl.CERT_NONE
            options["proxy_ssl_context"] = make_context() if verifies else make_blind_context()
        return urllib3.ProxyManager(proxy, **options)  # type: ignore[arg-type]
    except (HTTPError, ImportError, ValueError) as error:
        login, _, place = proxy.rpartition("@")
        said = str(error).replace(login, "") if login else str(error)
        raise KubernetesError(f"the proxy {place} is not usable: {said}") from None
