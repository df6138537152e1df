"""What jobs can reach, attacked: forged, foreign, expired and oversized uploads, other routes."""

from __future__ import annotations

import gzip
import http.client
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from chalicelib.aws.permits import MAX_UPLOAD_BYTES, UploadPermits
from chalicelib.domain.ids import new_id
from chalicelib.ports import UploadPermit
from towline.local.service import LocalService

BOUNDARY = "towline-test"
MINE, OTHERS = (new_id(datetime.now(UTC), bytes([n] * 10)) for n in (1, 2))
CHUNK = "000000000000000-00000000-5.gz"
BODY = gzip.compress(b"hello", mtime=0)


def permit(service: LocalService, job: str = MINE) -> UploadPermit:
    return service.dispatcher.collaborators.logs.permit(job, 1)


def form(fields: dict[str, str], name: str = CHUNK, body: bytes = BODY) -> bytes:
    head = "".join(
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'
        for field, value in fields.items()
    )
    head += (
        f"--{BOUNDARY}\r\nContent-Disposition: form-data; "
        f'name="file"; filename="{name}"\r\nContent-Type: application/gzip\r\n\r\n'
    )
    return head.encode() + body + f"\r\n--{BOUNDARY}--\r\n".encode()


def post(service: LocalService, body: bytes, path: str | None = None) -> tuple[int, bytes]:
    url = urlsplit(permit(service).url)
    connection = http.client.HTTPConnection(str(url.hostname), url.port, timeout=30)
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    connection.request("POST", path or url.path, body, headers)
    response = connection.getresponse()
    answer = response.status, response.read()
    connection.close()
    return answer


def stored(service: LocalService, job: str) -> bytes:
    return service.dispatcher.collaborators.logs.read(job, 1, 0, 1 << 20).data


def test_an_upload_that_its_permit_allows_is_what_a_reader_gets(service: LocalService) -> None:
    fields = dict(permit(service).fields)
    assert post(service, form(fields)) == (204, b"")
    assert stored(service, MINE) == b"hello"
    assert post(service, form(fields)) == (204, b""), "repeating a chunk is harmless"


def test_nothing_reaches_the_log_of_another_job(service: LocalService) -> None:
    mine = dict(permit(service).fields)
    prefix = permit(service, OTHERS).prefix
    attacks: list[dict[str, Any]] = [
        {"fields": {**mine, "key": prefix + CHUNK}},
        {"fields": {**mine, "key": prefix + "${filename}"}},
        {"fields": {**mine, "key": "${filename}"}, "name": prefix + CHUNK},
        {"fields": mine, "name": f"../../{OTHERS}/1/{CHUNK}"},
        {"fields": {**mine, "KEY": prefix + CHUNK}},
    ]
    for attack in attacks:
        status, _ = post(service, form(**attack))
        assert status == 403, attack
    assert stored(service, OTHERS) == b""


def test_a_permit_that_was_forged_or_changed_is_refused(service: LocalService) -> None:
    mine, others = (dict(permit(service, job).fields) for job in (MINE, OTHERS))
    attacks = [
        {},
        {name: value for name, value in mine.items() if name != "x-amz-signature"},
        {**mine, "x-amz-signature": "0" * 64},
        {**mine, "policy": others["policy"]},
        {**others, "x-amz-signature": mine["x-amz-signature"]},
        {**mine, "x-amz-credential": mine["x-amz-credential"].replace("us-east", "eu-west")},
        {**mine, "x-amz-date": "20200101T000000Z"},
        {**mine, "acl": "public-read"},
    ]
    for fields in attacks:
        status, answer = post(service, form(fields, body=BODY))
        assert status == 403, fields
        assert b"AccessDenied" in answer


def test_a_permit_signed_with_a_guessed_key_is_refused(service: LocalService) -> None:
    from chalicelib.aws.clients import AwsCredentials

    guessed = UploadPermits(
        bucket=service.dispatcher.collaborators.settings.bucket,
        region="us-east-1",
        credentials=lambda: AwsCredentials("local", "local"),
        clock=lambda: datetime.now(UTC),
    )
    assert post(service, form(dict(guessed.make(OTHERS, 1).fields)))[0] == 403


def test_an_expired_permit_is_refused(
    service: LocalService, monkeypatch: pytest.MonkeyPatch
) -> None:
    fields = dict(permit(service).fields)
    later = datetime.now(UTC) + timedelta(hours=1, seconds=1)
    monkeypatch.setattr(service.relay, "_clock", lambda: later)
    status, answer = post(service, form(fields))
    assert status == 403
    assert b"expired" in answer


def test_an_upload_has_a_size_and_a_form(service: LocalService) -> None:
    fields = dict(permit(service).fields)
    assert post(service, form(fields, body=b""))[0] == 403
    too_large = form(fields, body=bytes(MAX_UPLOAD_BYTES + 1))
    assert post(service, too_large)[0] == 403
    whole = form(fields)
    for broken in (b"", b"nonsense", whole[:-8], whole.replace(b'name="file"', b'name="file2"')):
        assert post(service, broken)[0] == 400, broken[:40]


@pytest.mark.parametrize(
    "path",
    ["/jobs", "/tokens", "/secrets?project=default", "/health", "/", "/runner/claim/../../jobs"],
)
def test_the_api_is_not_behind_this_address(service: LocalService, path: str) -> None:
    url = urlsplit(permit(service).url)
    for method in ("GET", "POST", "PUT", "DELETE"):
        connection = http.client.HTTPConnection(str(url.hostname), url.port, timeout=10)
        headers = {"Authorization": f"Bearer {service.token}"}
        connection.request(method, path, b"{}", headers)
        assert connection.getresponse().status == 404
        connection.close()


def test_a_claim_needs_its_own_jobs_token(service: LocalService) -> None:
    claim = b'{"protocol": 1, "job": "%s", "token": "1.%s", "nonce": "%s", "runner": "x"}' % (
        MINE.encode(),
        b"0" * 64,
        b"0" * 32,
    )
    assert post(service, claim, "/runner/claim")[0] in (401, 415)


LISTENING = """
import os
from pathlib import Path
from towline.local.service import LocalService

service = LocalService.start("process")
ours = {os.readlink(entry) for entry in Path("/proc/self/fd").iterdir() if entry.is_symlink()}
for table in ("tcp", "tcp6"):
    for line in Path(f"/proc/self/net/{table}").read_text().splitlines()[1:]:
        words = line.split()
        if words[3] == "0A" and f"socket:[{words[9]}]" in ours:
            print(words[1].partition(":")[0], int(words[1].partition(":")[2], 16))
permit = service.dispatcher.collaborators.logs.permit("0" * 26, 1)
print("api", service.url.rpartition(":")[2], "relay", permit.url.split(":")[2].partition("/")[0])
service.close()
"""


def test_this_process_listens_for_the_api_and_the_relay_only() -> None:
    """There is no AWS to reach: moto has no socket, whatever credentials one shows."""
    done = subprocess.run(
        [sys.executable, "-c", LISTENING], check=True, capture_output=True, text=True
    )
    *listening, last = done.stdout.split("\n")[:-1]
    _, api, _, relay = last.split()
    loopback = "0100007F"
    assert sorted(listening) == sorted([f"{loopback} {api}", f"{loopback} {relay}"])
