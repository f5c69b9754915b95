"""Exec plugins of a kubeconfig: a program that prints credentials (client.authentication.k8s.io)."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from syncer.errors import KubernetesError
from syncer.kube.access import Identity, make_bearer
from syncer.redaction import REDACTION, SECRET_KEYS, Redaction

TIMEOUT = 60.0
SKEW = 10.0
"""Seconds before its expiry at which a credential is renewed."""
LONG = 8
"""Characters from which on a value that the kubeconfig gives a plugin counts as a secret, whatever its name."""


@dataclass(frozen=True, slots=True)
class ExecPlugin:
    place: str
    command: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str]
    api_version: str
    hint: str
    withheld: frozenset[str]
    """Variables of our own environment that it does not get."""

    @classmethod
    def read_fields(
        cls, place: str, fields: Any, folder: Path, cluster: Mapping[str, Any], withheld: Collection[str] = ()
    ) -> ExecPlugin:
        try:
            command, api_version = str(fields["command"]), str(fields["apiVersion"])
            arguments = [str(argument) for argument in fields.get("args") or ()]
            environment = {str(pair["name"]): str(pair["value"]) for pair in fields.get("env") or ()}
        except (AttributeError, KeyError, TypeError) as error:
            raise KubernetesError(f"{place}: exec needs a command and an apiVersion, args and env are lists") from error
        if fields.get("interactiveMode") == "Always":
            raise KubernetesError(f"{place}: the exec plugin {command} needs a terminal, and there is none")
        if os.sep in command:
            command = str(folder / command)
        spec: dict[str, Any] = {"interactive": False}
        if fields.get("provideClusterInfo") is True:
            spec["cluster"] = _describe_cluster(cluster)
        info = {"apiVersion": api_version, "kind": "ExecCredential", "spec": spec}
        return cls(
            place=place,
            command=(command, *arguments),
            folder=folder,
            environment=environment | {"KUBERNETES_EXEC_INFO": json.dumps(info)},
            api_version=api_version,
            hint=str(fields.get("installHint") or ""),
            withheld=frozenset(withheld),
        )

    def obtain_identity(self) -> Identity:
        """A failing plugin is an error with its own words, never an anonymous request."""
        import subprocess

        try:
            done = subprocess.run(
                self.command,
                capture_output=True,
                stdin=subprocess.DEVNULL,
                cwd=self.folder,
                env={**self._inherited_environment(), **self.environment},
                timeout=TIMEOUT,
                check=True,
                text=True,
            )
        except subprocess.CalledProcessError as error:
            said = " ".join(self._clean_words(error.stderr or "").split())[-500:] or "it said nothing"
            # Without what it came from, which quotes the whole command.
            raise self._make_failure(f"ended with code {error.returncode}: {said}") from None
        except subprocess.TimeoutExpired as error:
            raise self._make_failure(f"did not end within {TIMEOUT:.0f} s") from error
        except (OSError, ValueError) as error:
            raise self._make_failure(
                f"does not start: {getattr(error, 'strerror', None) or error}. {self.hint}"
            ) from error
        return self._read_credential(done.stdout)

    def _inherited_environment(self) -> dict[str, str]:
        """What a plugin finds its own login in. Our secrets are none of its business, under no name."""
        return {
            name: value
            for name, value in os.environ.items()  # noqa: TID251
            if name not in self.withheld and value not in REDACTION.secrets
        }

    def _clean_words(self, said: str) -> str:
        """What it said, without what it was given: plugins print their environment and their command when they fail."""
        inherited = self._inherited_environment().items()
        secrets = {value for name, value in inherited if SECRET_KEYS.search(name)}
        secrets |= {value for name, value in self.environment.items() if len(value) >= LONG or SECRET_KEYS.search(name)}
        secrets.update(_find_secret_arguments(self.command))
        secrets |= {line for secret in secrets for line in secret.splitlines() if len(line) >= LONG}
        # The known ones first: a pattern would take a bite out of one that has blanks in it.
        return REDACTION.redact_text(Redaction({*secrets, *REDACTION.secrets}).redact_text(said))

    def _read_credential(self, answer: str) -> Identity:
        try:
            credential = json.loads(answer)
            status = credential["status"]
            token, chain, key = (
                str(status.get(field) or "").strip() for field in ("token", "clientCertificateData", "clientKeyData")
            )
            expires = status.get("expirationTimestamp")
            deadline = _parse_time(expires) - SKEW if expires else math.inf
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise self._make_failure("did not print an ExecCredential with a status") from error
        if credential.get("apiVersion") != self.api_version:
            raise self._make_failure(f"speaks {credential.get('apiVersion')}, not {self.api_version}")
        if not (token or (chain and key)):
            raise self._make_failure("printed neither a token nor a certificate with its key")
        authorization = make_bearer(token, f"{self.place}: the exec plugin {self.command[0]}") if token else ""
        return Identity(authorization, f"{chain}\n{key}\n" if chain and key else "", deadline)

    def _make_failure(self, what: str) -> KubernetesError:
        return KubernetesError(f"{self.place}: the exec plugin {self.command[0]} {what}".strip())


def _find_secret_arguments(command: Sequence[str]) -> Iterator[str]:
    """``--client-secret=…``, and what follows a ``--client-secret``."""
    for option, following in pairwise((*command, "")):
        name, _, value = option.partition("=")
        if SECRET_KEYS.search(name):
            yield value or following


def _describe_cluster(cluster: Mapping[str, Any]) -> dict[str, Any]:
    """The Cluster of client.authentication.k8s.io: the kubeconfig's, its extension for plugins as ``config``."""
    info = {key: value for key, value in cluster.items() if key != "extensions"}
    for extension in cluster.get("extensions") or ():
        if isinstance(extension, Mapping) and extension.get("name") == "client.authentication.k8s.io/exec":
            info["config"] = extension.get("extension")
    return info


def _parse_time(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
