"""``catalyst-dns-sync qcluster``: the background tasks."""

from __future__ import annotations

import logging
from multiprocessing import active_children
from typing import Any

from django.db import connections
from django_q.management.commands.qcluster import Command as ClusterCommand
from django_q.scheduler import scheduler

from records.propagation.asker import start_asking
from records.tasks import ensure_schedules


class Command(ClusterCommand):  # type: ignore[misc]
    help = "Run the background tasks (retention, backups, Slack messages), and ask DNS servers for all names in turn."
    requires_system_checks: list[str] = []  # noqa: RUF012

    def handle(self, *args: Any, **options: Any) -> None:
        # It logs six lines for each task that ran well, the first two here; what failed is logged as an error.
        if not logging.getLogger().isEnabledFor(logging.DEBUG):
            logging.getLogger("django-q").setLevel(logging.WARNING)
        ensure_schedules()
        scheduler()  # what is due runs now, not in half a minute
        connections.close_all()  # the children are forked
        super().handle(*args, **options)  # returns when the cluster runs
        children = active_children()
        if children:
            start_asking()  # not before the fork: threads and connections do not survive it
        for child in children:
            # Python would wait at its exit, too. But by then it starts no threads any more (3.12), which the names that
            # are asked need, and the server of /healthz.
            child.join()
