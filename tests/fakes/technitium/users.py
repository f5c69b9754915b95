"""Users, tokens and rights."""

from __future__ import annotations

import secrets
from typing import NamedTuple

from tests.fakes.technitium.refusal import Refusal
from tests.fakes.technitium.tree import Zone

VIEW, MODIFY, DELETE = 0, 1, 2
SECTIONS = (
    "Dashboard", "Zones", "Cache", "Allowed", "Blocked", "Apps", "DnsClient", "Settings", "DhcpServer",
    "Administration", "Logs",
)  # fmt: skip
HIDDEN_SECTIONS = ("Settings", "Administration")
"""What the group Everyone may not even view."""
LOGIN_ATTEMPTS = 5


class User:
    def __init__(self, name: str, display_name: str, password: str, *, admin: bool = False) -> None:
        self.name, self.display_name, self.password, self.admin = name, display_name, password, admin

    def may(self, section: str, right: int) -> bool:
        return self.admin or (right == VIEW and section not in HIDDEN_SECTIONS)

    def may_in(self, zone: Zone, right: int) -> bool:
        return self.admin or zone.permissions.get(self.name, (False, False, False))[right]


class Session(NamedTuple):
    user: User
    token: str
    token_name: str | None
    """None for the session of a login."""


class Users:
    def __init__(self, token: str) -> None:
        admin = User("admin", "Administrator", "admin", admin=True)
        self._users = {admin.name: admin}
        self._sessions = {token: Session(admin, token, "double")}
        self._failures = 0

    def find_session(self, token: str) -> Session | None:
        return self._sessions.get(token)

    def find_user(self, name: str) -> User:
        if name.lower() not in self._users:
            raise Refusal(f"No such user exists: {name}")
        return self._users[name.lower()]

    def is_known(self, name: str) -> bool:
        return name.lower() in self._users

    def add_user(self, name: str, display_name: str, password: str) -> User:
        if self.is_known(name):
            raise Refusal(f"User already exists: {name}")
        user = self._users[name.lower()] = User(name.lower(), display_name or name, password)
        return user

    def remove_user(self, name: str) -> None:
        user = self.find_user(name)
        del self._users[user.name]
        self._sessions = {token: session for token, session in self._sessions.items() if session.user is not user}

    def adopt(self, other: Users) -> None:
        """Users and tokens become those of the other server; who has logged in here stays so."""
        logins = [s for s in self._sessions.values() if s.token_name is None and s.user.name in other._users]
        self._users = dict(other._users)
        tokens = {token: s for token, s in other._sessions.items() if s.token_name is not None}
        self._sessions = tokens | {s.token: s._replace(user=self._users[s.user.name]) for s in logins}

    def log_in(self, name: str, password: str) -> User:
        if self._failures >= LOGIN_ATTEMPTS:
            raise Refusal(f"Max limit of {LOGIN_ATTEMPTS} attempts exceeded. Access blocked for 300 seconds.")
        user = self._users.get(name.lower())
        if user is None or user.password != password:
            self._failures += 1
            raise Refusal(f"Invalid username or password for user: {name}")
        self._failures = 0
        return user

    def open_session(self, user: User, token_name: str | None) -> Session:
        session = Session(user, secrets.token_hex(32), token_name)
        self._sessions[session.token] = session
        return session

    def close_session(self, token: str) -> None:
        self._sessions.pop(token, None)
