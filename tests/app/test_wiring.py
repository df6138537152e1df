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


ROLE = "arn:aws:iam::111122223333:role/towline-prod-job-site"


def test_where_and_with_which_roles_jobs_run_is_read() -> None:
    settings = Settings.from_environment(
        {
            **ENVIRONMENT,
            "TOWLINE_STAGE": "prod",
            "TOWLINE_PUBLIC_IP": "disabled",
            "TOWLINE_JOB_ROLES": f"acme/site={ROLE}, other={ROLE}2",
            "TOWLINE_IMAGE_CHECK": "off",
            "TOWLINE_RUNNER_ARCHS": "x86_64,arm64",
        }
    )
    assert not settings.public_ip
    assert settings.job_roles == {"acme/site": ROLE, "other": f"{ROLE}2"}
    assert not settings.image_check
    assert settings.runner_archs == ("x86_64", "arm64")
    plain = Settings.from_environment(ENVIRONMENT)
    assert (plain.public_ip, plain.job_roles, plain.image_check) == (True, {}, True)
    assert plain.runner_archs == ()


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("PUBLIC_IP", "yes", "it must be enabled or disabled"),
        ("IMAGE_CHECK", "no", "it must be on or off"),
        ("RUNNER_ARCHS", "amd64", "takes x86_64 and arm64"),
        ("JOB_ROLES", "site", "it must be project=role-arn"),
        ("JOB_ROLES", f"={ROLE}", "it must be project=role-arn"),
        ("JOB_ROLES", "site=towline-prod-job-site", "it must be project=role-arn"),
        ("JOB_ROLES", f"site={ROLE.replace('role/', 'role/x/')}", "the role must have no path"),
        ("JOB_ROLES", f"a={ROLE.replace('-job-', '-')}", "must begin with towline-prod-job-"),
        ("JOB_ROLES", f"a={ROLE.replace('prod', 'dev')}", "must begin with towline-prod-job-"),
        ("JOB_ROLES", f"a={ROLE},a={ROLE}", "names the project a twice"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_refused(name: str, text: str, words: str) -> None:
    environment = {**ENVIRONMENT, "TOWLINE_STAGE": "prod", f"TOWLINE_{name}": text}
    with pytest.raises(SettingsError, match=f"TOWLINE_{name} .*{words}"):
        Settings.from_environment(environment)


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


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ({}, "https://logs.s3.cn-north-1.amazonaws.com.cn/"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}, "http://127.0.0.1:4566/logs/"),
        (
            {"AWS_ENDPOINT_URL": "http://x", "TOWLINE_UPLOAD_URL": "http://relay/upload"},
            "http://relay/upload",
        ),
    ],
)
def test_permits_point_where_the_sdk_does_unless_an_address_is_set(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], url: str
) -> None:
    keys = {"AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": "secret"}
    region = {"AWS_REGION": "cn-north-1", "AWS_ENDPOINT_URL": "", "AWS_ENDPOINT_URL_S3": ""}
    for name, value in {**ENVIRONMENT, **keys, **region, **given}.items():
        monkeypatch.setenv(name, value)
    wiring.use(None)
    try:
        assert wiring.dispatcher().collaborators.logs.permit("j", 1).url == url
    finally:
        wiring.use(None)


@pytest.mark.parametrize(("text", "days"), [("", None), ("0", None), ("1", 1), ("365", 365)])
def test_jobs_are_kept_unless_a_retention_is_set(text: str, days: int | None) -> None:
    settings = Settings.from_environment({**ENVIRONMENT, "TOWLINE_JOB_RETENTION_DAYS": text})
    assert settings.job_retention_days == days


@pytest.mark.parametrize("text", ["-3", "a week", "1.5", "٣"])
def test_a_retention_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="TOWLINE_JOB_RETENTION_DAYS"):
        Settings.from_environment({**ENVIRONMENT, "TOWLINE_JOB_RETENTION_DAYS": text})
