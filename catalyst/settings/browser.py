"""What browsers are told: where a page may load things from, and for how long to come by HTTPS only."""

from __future__ import annotations

from typing import Any

from csp.constants import NONE, SELF

from catalyst.settings.environment import Environment

CONTENT_SECURITY_POLICY: dict[str, Any] = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],  # the icons of Swagger UI
        "connect-src": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "object-src": [NONE],
    }
}
PERMISSIONS_POLICY = ", ".join(
    f"{feature}=()"
    for feature in ("camera", "display-capture", "geolocation", "microphone", "payment", "serial", "usb", "hid", "midi")
)


def read_hsts_seconds(env: Environment) -> int:
    return env.read_integer("HSTS_SECONDS", "0")
