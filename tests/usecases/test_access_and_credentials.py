"""Bearer tokens, claim tokens and leases: what is accepted, and what is kept."""

from __future__ import annotations

from chalicelib.ports import Scope
from chalicelib.usecases.access import allows
from chalicelib.usecases.credentials import check_claim_token, check_lease, claim_token, lease
from tests.usecases.world import NONCE, OTHER_NONCE, World

KEY = b"k" * 32


def test_a_token_works_and_its_text_is_nowhere_in_the_table(world: World) -> None:
    token, text = world.dispatcher.create_token("ci", [Scope.SUBMIT, Scope.READ])
    assert text.startswith(f"tl_{token.id}_")
    found = world.dispatcher.check_token(text)
    assert found is not None
    assert (found.name, set(found.scopes)) == ("ci", {Scope.SUBMIT, Scope.READ})
    assert text.rpartition("_")[2] not in repr(
        world.clients.dynamodb().scan(TableName="towline")["Items"]
    )


def test_a_wrong_secret_under_a_right_id_is_refused(world: World) -> None:
    _, text = world.dispatcher.create_token("ci", [Scope.READ])
    last = "0" if text[-1] != "0" else "1"
    for wrong in (text[:-1] + last, text[:-1], text + "0", text.upper(), "", "tl__", " " + text):
        assert world.dispatcher.check_token(wrong) is None


def test_a_token_of_another_id_with_this_secret_is_refused(world: World) -> None:
    one, text = world.dispatcher.create_token("one", [Scope.READ])
    two, _ = world.dispatcher.create_token("two", [Scope.ADMIN])
    assert world.dispatcher.check_token(text.replace(one.id, two.id)) is None


def test_a_token_ends_at_its_time_and_when_it_is_revoked(world: World) -> None:
    _, short = world.dispatcher.create_token("short", [Scope.READ], expires_in_s=60)
    token, revoked = world.dispatcher.create_token("revoked", [Scope.READ])
    assert world.dispatcher.check_token(short) is not None
    world.wait(60)
    assert world.dispatcher.check_token(short) is None
    assert world.dispatcher.revoke_token(token.id) is True
    assert world.dispatcher.revoke_token(token.id) is False
    assert world.dispatcher.check_token(revoked) is None


def test_admin_may_do_everything_and_other_scopes_only_what_they_say(world: World) -> None:
    admin, _ = world.dispatcher.create_token("admin", [Scope.ADMIN])
    reader, _ = world.dispatcher.create_token("reader", [Scope.READ])
    assert all(allows(admin, scope) for scope in Scope)
    assert [scope for scope in Scope if allows(reader, scope)] == [Scope.READ]


def test_a_claim_token_is_good_for_its_job_attempt_and_key_alone() -> None:
    token = claim_token(KEY, "job", 3)
    assert token == claim_token(KEY, "job", 3)
    assert check_claim_token(KEY, "job", token) == 3
    assert check_claim_token(KEY, "job2", token) is None
    assert check_claim_token(b"o" * 32, "job", token) is None
    assert check_claim_token(KEY, "job", token.replace("3.", "4.", 1)) is None


def test_a_lease_is_good_for_its_nonce_alone_and_is_no_claim_token() -> None:
    text = lease(KEY, "job", 1, NONCE)
    assert check_lease(KEY, "job", 1, text) == NONCE
    assert check_lease(KEY, "job", 2, text) is None
    assert check_lease(KEY, "job", 1, text.replace(NONCE, OTHER_NONCE)) is None
    assert check_claim_token(KEY, "job", f"1.{text.partition('.')[2]}") is None
