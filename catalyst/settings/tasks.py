"""The settings of the background tasks and of django-q2, which runs them."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from catalyst.settings.environment import Environment
from syncer.core.annotations import parse_seconds, split_list

Q_CLUSTER: dict[str, Any] = {
    "name": "catalyst",
    "label": "Background tasks",
    "orm": "default",
    "broker_class": "records.broker.Broker",
    "workers": 1,
    "recycle": 50,
    "timeout": 300,
    "retry": 600,  # longer than the timeout, or a slow task would be run twice
    "max_attempts": 3,
    "ack_failures": True,  # the schedule tries again
    "catch_up": False,  # after a pause once, not once for each time that was missed
    "poll": 2,
    "guard_cycle": 1,
    "save_limit": 50,
}
SHORTEST_PATH = 8
"""Characters from which on a path of a webhook is no mere word, such as "hook"."""
LONGEST = 500 * 60
"""Minutes. The column of a schedule holds 32,767."""


def read_retention(env: Environment) -> int:
    return env.read_integer("AUDIT_RETENTION_DAYS", "365", most=36_500)


def read_audit_rows(env: Environment) -> int:
    """How many audit entries there may be; 0: any number."""
    return env.read_integer("AUDIT_MAX_ROWS", "1000000")


def read_propagation_rate(env: Environment) -> float:
    """Queries a second to each DNS server, by which all names are asked for in turn; 0: they are not."""
    return env.read_number("PROPAGATION_RATE", "2", most=100)


def read_backup_dir(env: Environment) -> Path | None:
    text = env.read_text("BACKUP_DIR")
    return Path(text).absolute() if text else None


def read_backup_minutes(env: Environment) -> int:
    return env.read_value("BACKUP_INTERVAL", "24h", parse_minutes, "give a Go duration from 1m to 500h, such as 24h")


def read_backup_keep(env: Environment) -> int:
    return env.read_integer("BACKUP_KEEP", "7", least=1)


def read_slack_url(env: Environment) -> str:
    """The webhook's URL is its password: it is never shown."""
    allowed = split_list(env.read_text("SLACK_ALLOWED_HOSTS", "hooks.slack.com").lower())
    url = env.read_secret("SLACK_WEBHOOK_URL")
    if not url:
        return ""
    try:
        parts = urlsplit(url)
        is_whole = bool(parts.hostname) and parts.port != 0 and "@" not in parts.netloc
    except ValueError:
        is_whole = False
    if not is_whole or parts.netloc.lower() not in allowed:
        env.refuse(
            f"SLACK_WEBHOOK_URL is not at {' or '.join(allowed)} (its value is not shown): "
            "give the URL of an incoming webhook, or allow its host in SLACK_ALLOWED_HOSTS."
        )
        return ""
    if parts.scheme != "https" and (parts.scheme != "http" or parts.netloc.lower() == "hooks.slack.com"):
        env.refuse(
            "SLACK_WEBHOOK_URL does not begin with https:// (its value is not shown): "
            "give the URL of an incoming webhook as Slack shows it."
        )
    # Libraries and servers tell of a path without its host.
    path = url.partition(parts.netloc)[2].strip("/")
    env.secrets |= {text for text in (path, path.rpartition("/")[2]) if len(text) >= SHORTEST_PATH}
    return url


def parse_minutes(text: str) -> int:
    minutes = parse_seconds(text) / 60
    if not 1 <= minutes <= LONGEST:
        raise ValueError("too short or too long")
    return round(minutes)
