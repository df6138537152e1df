"""The token that a job's checkout shows: from the project's secrets."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.checkout import Checkout
from chalicelib.domain.job import Job
from chalicelib.ports import CheckoutToken, NoCheckoutToken, SecretStore

USERNAME = "x-access-token"
"""What GitHub wants beside a token; other servers take any name beside one."""


@dataclass(frozen=True, slots=True)
class SecretTokens:
    """``CheckoutTokens`` by the secret that the spec names; ``name:password`` is taken apart."""

    secrets: SecretStore

    def token(self, job: Job, checkout: Checkout) -> CheckoutToken | None:
        """None: none is asked for, or the code is a stranger's, as such a secret may allow more
        than to read. Raises ``NoCheckoutToken`` when the secret is missing."""
        name = checkout.token_secret
        if name is None or job.restricted:
            return None
        value = self.secrets.get(job.project, (name,)).get(name, "").strip()
        if not value:
            raise NoCheckoutToken(
                f"project {job.project!r} has no secret named {name}, which the checkout needs: "
                "store it, then run the job again"
            )
        return token_of(value)


def token_of(value: str) -> CheckoutToken:
    """What a kept value shows: a token, or ``name:password``."""
    username, colon, password = value.partition(":")
    return CheckoutToken(username, password) if colon else CheckoutToken(USERNAME, value)
