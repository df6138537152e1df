"""Settings from the environment, and the one dispatcher that the app works on."""

from __future__ import annotations

import pytest

from chalicelib import wiring
from chalicelib.settings import Settings, SettingsError
from tests.app.caller import Caller
from tests.usecases.world import World

ENVIRONMENT = {
    "TOWLINE_TABLE": "jobs",
    "TOWLINE_BUCKET": "logs",
    "TOWLINE_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/launch",
}


def test_settings_have_the_defaults_of_their_stage() -> None:
    settings = Settings.from_environment({**ENVIRONMENT, "TOWLINE_STAGE": "prod"})
    assert (settings.table, settings.prefix, settings.flush_s) == ("jobs", "/towline/prod", 2.0)
    assert (settings.subnets, settings.upload_url) == ((), None)


def test_settings_are_read_as_they_are_given() -> None:
    settings = Settings.from_environment(
        {
            **ENVIRONMENT,
            "TOWLINE_PREFIX": "/ci/",
            "TOWLINE_PUBLIC_URL": "https://towline.test/api/",
            "TOWLINE_SUBNETS": "subnet-1, subnet-2",
            "TOWLINE_FLUSH_S": "0.5",
        }
    )
    assert settings.prefix == "/ci"
    assert settings.public_url == "https://towline.test/api"
    assert settings.subnets == ("subnet-1", "subnet-2")
    assert settings.flush_s == 0.5


@pytest.mark.parametrize("name", ENVIRONMENT)
def test_a_setting_that_is_missing_is_named_with_what_it_should_hold(name: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} is not set: it must hold"):
        Settings.from_environment({**ENVIRONMENT, name: ""})


@pytest.mark.parametrize("text", ["fast", "-1", "nan", "inf"])
def test_a_number_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="TOWLINE_FLUSH_S"):
        Settings.from_environment({**ENVIRONMENT, "TOWLINE_FLUSH_S": text})


def test_the_environments_dispatcher_is_made_once_and_works_on_fargate(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in {**ENVIRONMENT, "AWS_REGION": "us-east-1"}.items():
        monkeypatch.setenv(name, value)
    wiring.use(None)
    try:
        assert wiring.dispatcher() is wiring.dispatcher()
        assert wiring.dispatcher().backend_name == "ecs"
    finally:
        wiring.use(None)


def test_a_service_without_its_settings_answers_and_shows_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    wiring.use(None)
    assert Caller("tl_x")("GET", "/jobs").error == (500, "internal", None)


def test_the_app_works_on_the_dispatcher_that_was_put_in_place(world: World) -> None:
    assert wiring.dispatcher() is world.dispatcher
