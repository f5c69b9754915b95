"""Slack messages on changes for objects with the annotation ``slack-notify: "true"``."""

from __future__ import annotations

import ipaddress
import json
import logging
import socket
from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import urllib3
from django.utils import timezone

from records.audit import NEWS
from records.audit_tail import wait_settled
from records.models import AuditEntry, Bookmark, Source
from syncer.errors import ToldError
from syncer.redaction import REDACTION
from syncer.tls import make_context

log = logging.getLogger(__name__)

NAME = "slack"
PAUSE = timedelta(seconds=30)
"""Between two messages."""
SETTLING = 10.0
"""Seconds to wait for transactions that may still bring entries; then the next run tells all of it."""
MEMORY = timedelta(days=7)
"""How long an object that is gone is remembered: its last records may go long after it, when they were held."""
LINES = 30
TIMEOUT = 5.0
ANSWER_LIMIT = 64 * 1024


class NotTold(ToldError):
    """``str(error)`` says why; the next run tries again."""


def tell_team(url: str, settling: float = SETTLING) -> str:
    """One message about all that happened since the last one. Raises ``NotTold``."""
    now = timezone.now()
    mark, is_new = Bookmark.objects.get_or_create(name=NAME, defaults={"audit_id": wait_settled(0, settling)})
    sources = _find_sources(mark, now)
    if is_new:
        Bookmark.objects.filter(name=NAME).update(memory=sources)
        return "the first message will be about what happens from now on"
    if mark.at and now - mark.at < PAUSE:
        return "the last message was less than 30 s ago"
    last = wait_settled(mark.audit_id, settling)
    news = AuditEntry.objects.filter(id__gt=mark.audit_id, id__lte=last, action__in=NEWS).order_by("id")
    changes = [entry for entry in news.iterator(chunk_size=500) if entry.source in sources]
    if changes:
        # The process that moves the time sends; another one that read the same bookmark finds it moved.
        if not Bookmark.objects.filter(name=NAME, at=mark.at).update(at=now, memory=sources):
            return "another process does it"
        send_text(url, write_message(changes))
    Bookmark.objects.filter(name=NAME).update(audit_id=max(last, mark.audit_id), memory=sources)
    return f"{len(changes)} changes told"


def _find_sources(mark: Bookmark, now: datetime) -> dict[str, str]:
    """The objects that want to be told of, each with the time when it was last there."""
    remembered = {source: seen for source, seen in mark.memory.items() if datetime.fromisoformat(seen) > now - MEMORY}
    asking = Source.objects.filter(**{"notes__slack-notify": "true"}).order_by()
    return remembered | {str(source): now.isoformat() for source in asking.only("kind", "namespace", "name")}


def write_message(changes: Sequence[AuditEntry]) -> str:
    """As Slack's mrkdwn wants it."""
    count = f"{len(changes)} {'change' if len(changes) == 1 else 'changes'}"
    lines = [f"*DNS: {count}*", *map(_write_line, changes[:LINES])]
    if len(changes) > LINES:
        lines.append(f"… and {len(changes) - LINES} more")
    return "\n".join(lines).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _write_line(entry: AuditEntry) -> str:
    before, after = (", ".join((data or {}).get("values", ())) for data in (entry.before, entry.after))
    values = f"{before} → {after}" if before and after and before != after else after or before
    reason = f": {entry.reason}" if entry.reason else ""
    return f"• {entry.action} `{entry.name}` {entry.type} {values} ({entry.source}){reason}"


def send_text(url: str, text: str) -> None:
    """Raises ``NotTold``, whose text never shows the URL: it is a secret."""
    parts = urlsplit(url)
    try:
        _refuse_metadata_servers(parts.hostname or "", parts.port or 443)
        with urllib3.PoolManager(timeout=TIMEOUT, retries=False, ssl_context=make_context()) as pool:
            answer = pool.request(
                "POST",
                url,
                body=json.dumps({"text": text}),
                headers={"Content-Type": "application/json"},
                redirect=False,
                preload_content=False,
            )
            said = answer.read(ANSWER_LIMIT).decode("utf-8", "replace")
            answer.close()
    except (OSError, urllib3.exceptions.HTTPError) as error:
        raise NotTold(
            f"Slack at {parts.hostname} cannot be reached ({type(error).__name__}); it is tried again"
        ) from None
    if answer.status != 200:
        said = REDACTION.redact_text(said)[:100]  # servers name the path that they do not know
        raise NotTold(f"{parts.hostname} answers {answer.status} {said!r}; it is tried again")


def _refuse_metadata_servers(host: str, port: int) -> None:
    """A cloud's metadata server gives credentials to every process that asks; no name may lead there."""
    for *_, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        ip = ipaddress.ip_address(address[0])
        if ip.is_link_local or ip in ipaddress.ip_network("fd00:ec2::/32"):
            raise NotTold(f"{host} leads to {ip}, which is not asked: see SLACK_WEBHOOK_URL")
