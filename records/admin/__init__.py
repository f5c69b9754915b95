"""One ModelAdmin a model; importing the package registers them all."""

from records.admin import audit, entries, holds, records, requests, sources, status, tokens, users

__all__ = ["audit", "entries", "holds", "records", "requests", "sources", "status", "tokens", "users"]
