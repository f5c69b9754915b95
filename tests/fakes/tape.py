"""Plays the tape of a real Technitium against a server, and says which answers differ."""

from __future__ import annotations

import gzip
import http.client
import json
import re
import socket
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

TAPES = Path(__file__).parent.parent / "tapes"
NUMBERS = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28, "SRV": 33}
RCODES = {0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 5: "REFUSED"}
FORM = "application/x-www-form-urlencoded"
PASSWORD = "admin"

Step = dict[str, Any]


class Player:
    """``form_token``: for servers before 15.0, which know no Bearer header."""

    def __init__(self, url: str, token: str, dns: tuple[str, int], *, form_token: bool = False) -> None:
        parts = urlsplit(url)
        self._http = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
        self.token, self._dns, self._form_token = token, dns, form_token

    def close(self) -> None:
        self._http.close()

    def send_request(
        self, method: str, path: str, headers: dict[str, str], body: bytes | None
    ) -> tuple[int, str | None, Any]:
        """(status, content type, answer)"""
        self._http.request(method, path, body, headers)
        response = self._http.getresponse()
        raw = response.read()
        kind = response.headers["Content-Type"]
        content = json.loads(raw) if (kind or "").startswith("application/json") else raw.decode()
        if response.will_close:
            self._http.close()
        return response.status, kind, content

    def play_random(self, step: Step) -> Any:
        if "query" in step:
            rcode, authoritative, answers = self.ask_name(*step["query"])
            listed = [[name, type, ttl, _format_random(type, data, text)] for name, type, ttl, data, text in answers]
            return {"rcode": rcode, "aa": authoritative, "answers": sorted(listed)}
        params, headers, path = dict(step.get("params", {})), {"Content-Type": FORM}, step["path"]
        if self._form_token:
            params["token"] = self.token
        else:
            headers["Authorization"] = f"Bearer {self.token}"
        if "body" in step:
            path, body, headers["Content-Type"] = f"{path}?{urlencode(params)}", step["body"], "text/plain"
        else:
            body = urlencode(params)
        status, _, answer = self.send_request("POST", path, headers, body.encode())
        return {"status": status, "answer": scrub_answer(answer)}

    def play_ordered(self, step: Step, tokens: dict[str, str]) -> Any:
        """``tokens`` learns the tokens that the server gives out: under "user" and "low"."""
        if "query" in step:
            rcode, authoritative, answers = self.ask_name(step["query"]["name"], step["query"]["type"])
            listed = [
                {"type": type, "ttl": ttl, "data": _format_ordered(type, data)} for _, type, ttl, data, _ in answers
            ]
            return {"rcode": RCODES[rcode], "aa": authoritative, "answers": listed}
        request, name = step["request"], step["step"]
        params: dict[str, Any] = dict(request["params"])
        if "user" in params and "login" in name:
            params["pass"] = "wrong" if "wrong" in name else PASSWORD
        if name == "create user":
            params["pass"] = "secret"
        headers: dict[str, str] = {}
        token = _choose_token(name, tokens)
        if request["auth"] == "bearer":
            headers["Authorization"] = f"Bearer {token}"
        if name == "bearer beats form token":
            params["token"] = "bad"
        elif name == "bad bearer beats good form token":
            headers["Authorization"], params["token"] = "Bearer bad", token
        elif request["auth"] in ("form", "query"):
            params["token"] = token
        if name == "gzip asked":
            headers["Accept-Encoding"] = "identity"
        path, body = request["path"], None
        if request["how"] in ("query", "raw"):
            path += f"?{urlencode(params)}" if params else ""
        if request["how"] == "raw":
            body, headers["Content-Type"] = request.get("body", "").encode(), request["content_type"]
        elif request["how"] == "form":
            body, headers["Content-Type"] = urlencode(params).encode(), FORM
        elif request["how"] == "json":
            body, headers["Content-Type"] = json.dumps(params).encode(), "application/json"
        status, kind, answer = self.send_request(request["method"], path, headers, body)
        if isinstance(answer, dict):
            _learn_token(name, answer, tokens)
        return {"status": status, "content_type": kind, "answer": scrub_answer(answer)}

    def ask_name(self, name: str, type: str) -> tuple[int, bool, list[tuple[str, int, int, bytes, str]]]:
        """(rcode, authoritative, answers of (name, type, TTL, raw data, the data as a name))"""
        labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".") if label)
        packet = struct.pack(">6H", 7, 0x0100, 1, 0, 0, 0) + labels + struct.pack(">BHH", 0, NUMBERS[type], 1)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(5)
            sock.sendto(packet, self._dns)
            message = sock.recv(65535)
        flags, _, count = struct.unpack_from(">3H", message, 2)
        at = _read_name(message, 12)[1] + 4
        answers = []
        for _ in range(count):
            owner, at = _read_name(message, at)
            number, _, ttl, length = struct.unpack_from(">HHIH", message, at)
            data = message[at + 10 : at + 10 + length]
            text = _read_name(message, at + 10)[0] if number in (2, 5, 12) else ""
            answers.append((owner, number, ttl, data, text))
            at += 10 + length
        return flags & 15, bool(flags & 0x0400), answers


def load_tape(name: str) -> list[Step]:
    with gzip.open(TAPES / f"technitium-{name}.json.gz", "rt", encoding="utf-8") as tape:
        steps: list[Step] = json.load(tape)
    return steps


def find_differences(expected: Any, got: Any, path: str = "") -> Iterator[str]:
    """One line for each place where two answers differ."""
    if isinstance(expected, dict) and isinstance(got, dict):
        for key in expected | got:
            yield from find_differences(expected.get(key, "<absent>"), got.get(key, "<absent>"), f"{path}/{key}")
    elif isinstance(expected, list) and isinstance(got, list) and len(expected) == len(got):
        for i, (one, other) in enumerate(zip(expected, got, strict=True)):
            yield from find_differences(one, other, f"{path}/{i}")
    elif expected != got:
        yield f"{path}: {expected!r} there, {got!r} here"


def sort_members(answer: Any) -> Any:
    """Without the order inside an RRset and without the time of last use: the server defines neither."""
    answer = json.loads(json.dumps(answer))
    content = answer.get("answer")
    response = content.get("response") if isinstance(content, dict) else None
    if isinstance(response, dict):
        records = response.get("records", [])
        records.sort(key=lambda r: (r["name"].lower(), r["type"], json.dumps(r["rData"], sort_keys=True)))
        for record in [*records, response.get("addedRecord", {}), response.get("updatedRecord", {})]:
            record.pop("lastUsedOn", None)
    return answer


def scrub_answer(value: Any, key: str = "") -> Any:
    """With placeholders for what changes from run to run, as on the tapes."""
    if isinstance(value, dict):
        return {k: scrub_answer(v, k) for k, v in value.items()}
    if isinstance(value, list):
        return [scrub_answer(v, key) for v in value]
    if not isinstance(value, str):
        return value
    if key in ("DatagramSize", "RoundTripTime"):
        return "<measured>"
    if key == "NameServer":
        return re.sub(r"(:\d+)? \(", " (", value)
    if key == "stackTrace":
        return "<trace>"
    if key == "token":
        return "<token>"
    if re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z?", value):
        return "<never>" if value.startswith("0001") else "<time>"
    return re.sub(r"^(\w+) \d+$", r"\1 <number>", value, flags=re.M) if value.startswith("# HELP") else value


def _choose_token(step: str, tokens: dict[str, str]) -> str:
    if step.startswith("bad token"):
        return "bad"
    if step == "create token from session":
        return tokens["session"]
    return tokens["low" if step.startswith("low:") else "user"]


def _learn_token(step: str, answer: dict[str, Any], tokens: dict[str, str]) -> None:
    if step == "login":
        tokens["session"] = answer["token"]
    elif step == "create token from session":
        tokens["user"] = answer["token"]
    elif step == "token for user":
        tokens["low"] = answer["response"]["token"]


def _read_name(message: bytes, at: int) -> tuple[str, int]:
    """(the name there in lower case, where it ends)"""
    labels: list[str] = []
    end = 0
    while length := message[at]:
        if length >= 0xC0:
            end = end or at + 2
            at = (length & 0x3F) << 8 | message[at + 1]
        else:
            labels.append(message[at + 1 : at + 1 + length].decode().lower())
            at += 1 + length
    return ".".join(labels), end or at + 1


def _format_random(type: int, data: bytes, text: str) -> str:
    if type == 6:
        return "soa"
    return text or _format_ordered(type, data)


def _format_ordered(type: int, data: bytes) -> str:
    return ".".join(map(str, data)) if type == 1 else data.hex()
