"""The one error of the double: what the real server answers with ``"status":"error"``."""

from __future__ import annotations


class Refusal(Exception):
    """``text`` becomes ``errorMessage``, ``inner`` (if any) ``innerErrorMessage``."""

    def __init__(self, text: str, inner: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.inner = inner
