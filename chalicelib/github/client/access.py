"""Who asks GitHub, and how they show it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from pydantic import SecretStr

from chalicelib.github.client.errors import BadCredentials


class Access(Protocol):
    """Who asks: an installation, the App itself, or the owner of a plain token."""

    @property
    def who(self) -> str:
        """For logs and limits; the same for the same token. Holds nothing secret."""
        ...

    def headers(self) -> Mapping[str, str]:
        """``authorization``, or nothing. May itself ask GitHub, and raise what a call raises."""
        ...

    def forget(self) -> bool:
        """The token was not accepted: whether another one may be."""
        ...


class Bearer:
    """A plain token, or none. The token is in no text that this object gives of itself."""

    def __init__(self, token: SecretStr | None, who: str) -> None:
        """Raises ``BadCredentials`` for what can't be a token."""
        text = token.get_secret_value() if token is not None else ""
        if token is not None and (not text or not text.isascii() or not text.isprintable()):
            raise BadCredentials("GitHub's token is empty or holds spaces or other odd characters")
        if " " in text:
            raise BadCredentials("GitHub's token is empty or holds spaces or other odd characters")
        self._token = token
        self.who = who

    def headers(self) -> Mapping[str, str]:
        """Nothing without a token."""
        if self._token is None:
            return {}
        return {"authorization": f"Bearer {self._token.get_secret_value()}"}

    def forget(self) -> bool:
        """There is no other."""
        return False
