"""One ModelAdmin a model; importing the package registers them all."""

from records.admin import audit, drift, entries, holds, records, requests, sources, status, tokens, users

__all__ = ["audit", "drift", "entries", "holds", "records", "requests", "sources", "status", "tokens", "users"]
