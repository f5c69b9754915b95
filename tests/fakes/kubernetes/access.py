"""Who may do what: bearer tokens, client certificates and a table of refusals."""

from __future__ import annotations

from typing import NamedTuple

from tests.fakes.kubernetes.errors import ApiError
from tests.fakes.kubernetes.resources import Manifest, Resource

USER = "system:serviceaccount:dns:syncer"


class Refusal(NamedTuple):
    """``namespace``: None is everywhere, "" is the cluster scope only. "*" is every verb, every resource."""

    verb: str
    resource: str
    namespace: str | None

    def covers(self, verb: str, resource: str, namespace: str) -> bool:
        return (
            self.verb in ("*", verb)
            and self.resource in ("*", resource)
            and (self.namespace is None or self.namespace == namespace)
        )


class Access:
    """Without ``tokens`` and ``certificates`` everybody comes in. All that no refusal covers is allowed."""

    def __init__(self, token: str = "", certificates: bool = False) -> None:
        self.tokens = {token} if token else set()
        self.certificates = certificates
        self.refusals: list[Refusal] = []

    def check_identity(self, authorization: str, has_certificate: bool) -> None:
        if not self.tokens and not self.certificates:
            return
        scheme, _, token = authorization.partition(" ")
        if not (scheme.lower() == "bearer" and token in self.tokens) and not (self.certificates and has_certificate):
            raise ApiError(401, "Unauthorized")

    def allows(self, verb: str, resource: str, namespace: str) -> bool:
        return not any(refusal.covers(verb, resource, namespace) for refusal in self.refusals)

    def check_right(self, verb: str, resource: Resource, subresource: str, namespace: str, name: str) -> None:
        plural = f"{resource.plural}/{subresource}" if subresource else resource.plural
        full = f"{plural}.{resource.group}" if resource.group else plural
        if self.allows(verb, full, namespace):
            return
        quoted = f' "{name}"' if name else ""
        where = f'in the namespace "{namespace}"' if namespace else "at the cluster scope"
        message = (
            f'{resource}{quoted} is forbidden: User "{USER}" cannot {verb} resource "{plural}" '
            f'in API group "{resource.group}" {where}'
        )
        details = {"name": name, "group": resource.group, "kind": resource.plural}
        raise ApiError(403, message, **{key: value for key, value in details.items() if value})

    def answer_review(self, body: Manifest) -> Manifest:
        """Answer a SelfSubjectAccessReview."""
        asked = (body.get("spec") or {}).get("resourceAttributes") or {}
        plural, group = asked.get("resource", ""), asked.get("group", "")
        if asked.get("subresource"):
            plural = f"{plural}/{asked['subresource']}"
        full = f"{plural}.{group}" if group else plural
        allowed = self.allows(asked.get("verb", ""), full, asked.get("namespace", ""))
        reason = "" if allowed else "refused by the rights table"
        return {**body, "status": {"allowed": allowed, "reason": reason}}
