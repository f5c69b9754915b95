"""The settings of the packages that the REST API is made of."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from catalyst import __version__
from catalyst.settings.environment import Environment
from syncer.config import TargetConfig, TechnitiumConfig
from syncer.core.annotations import split_list
from syncer.core.names import canonical_target

APPS = [
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "drf_standardized_errors",
    "knox",
    "rest_framework",
]

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "records.api.access.BearerAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["records.api.access.RolePermission"],
    "DEFAULT_THROTTLE_CLASSES": ["records.api.access.PerUser"],
    "DEFAULT_PARSER_CLASSES": ["records.api.parsers.JSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PAGINATION_CLASS": "records.api.pages.Pages",
    "DEFAULT_FILTER_BACKENDS": [
        "django_filters.rest_framework.DjangoFilterBackend",
        "records.api.filters.KnownOrdering",
        "rest_framework.filters.SearchFilter",
    ],
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_SCHEMA_CLASS": "records.api.schema.Schema",
    "EXCEPTION_HANDLER": "drf_standardized_errors.handler.exception_handler",
    "UNICODE_JSON": False,  # a lone surrogate of the input, quoted in an error, has no UTF-8
    "URL_FORMAT_OVERRIDE": None,  # `format` is a parameter of the export
}
DRF_STANDARDIZED_ERRORS = {
    "EXCEPTION_HANDLER_CLASS": "records.api.error_format.Handler",
    "EXCEPTION_FORMATTER_CLASS": "records.api.error_format.Formatter",
}
REST_KNOX = {
    "AUTH_HEADER_PREFIX": "Bearer",
    "TOKEN_PREFIX": "cds_",  # secret scanners know tokens by their prefix
    "TOKEN_TTL": timedelta(days=90),
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Catalyst DNS Sync",
    "VERSION": __version__,
    "DESCRIPTION": "DNS records of a Kubernetes cluster: what is managed, why, and what to do about it.",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"persistAuthorization": False, "displayRequestDuration": True},
    "ENUM_NAME_OVERRIDES": {
        "RecordType": "records.entry_values.TYPES",
        "ErrorType": "records.api.schema.ERROR_TYPES",
        "RecordState": "records.models.STATES",
        "EntryState": "records.effect.ENTRY_STATES",
        "AnswerResult": "records.answer_models.RecordAnswer.Result",
        "EntryMode": "records.models.MODES",
        "HoldStatus": "records.models.HeldPlan.Status",
        "RequestAction": "records.models.SyncRequest.Action",
    },
}


SERVER_RIGHT = "give host or host:port, such as 192.168.1.53 or dns.talos00:53"


def read_dns_servers(env: Environment, targets: Iterable[TargetConfig]) -> list[str]:
    """The servers that ``test-dns`` asks, as host:port, beginning with the one that we write to, or with the nodes of
    its cluster; those of the ``targets`` where nothing else is said."""
    if given := split_list(env.read_text("DNS_TEST_SERVERS")):
        return env.parse_texts("DNS_TEST_SERVERS", given, parse_server_address, SERVER_RIGHT)
    settings = [target.settings for target in targets]
    urls = [url for server in settings if isinstance(server, TechnitiumConfig) for url in server.urls]
    return list(dict.fromkeys(parse_url_host(url) for url in urls if url))


def read_target_servers(env: Environment, targets: Iterable[TargetConfig]) -> dict[str, list[str]]:
    """Those of each target of a file, by its name."""
    return {
        target.name: list(settings.dns_servers) or read_dns_servers(env, [target])
        for target in targets
        if target.scope.target_name and isinstance(settings := target.settings, TechnitiumConfig)
    }


def parse_url_host(url: str) -> str:
    return parse_server_address(urlsplit(url).hostname or "")


def parse_server_address(text: str) -> str:
    if text.count(":") > 1 and not text.startswith("["):
        text = f"[{text}]"
    parts = urlsplit(f"//{text}")  # raises ValueError for a bad port or bracket
    if not parts.hostname or parts.netloc != text or "@" in text:
        raise ValueError("not the address of a server")
    host = canonical_target(parts.hostname)
    host = f"[{host}]" if ":" in host else host
    return f"{host}:{53 if parts.port is None else parts.port}"
