"""Reads the one form that an S3 upload is: text fields, then ``file``, the last.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-post-example.html; fields after ``file`` are
ignored by S3 and refused here. The file is found by position and never searched, so its size
costs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

MAX_FIELDS = 20 * 1024
"""Bytes of text fields together; S3 takes 20 KB."""

_BOUNDARY = re.compile(r'multipart/form-data\s*;.*?boundary="?([^";,]{1,70})"?', re.IGNORECASE)
_FILENAME = re.compile(rb';\s*filename="([^"]*)"')
_NAME = re.compile(rb'(?:^|;)\s*name="([^"]*)"')


class MalformedForm(Exception):  # noqa: N818 - an answer (400)
    """The body is not such a form; the text says where it fails."""


@dataclass(frozen=True, slots=True)
class UploadForm:
    fields: Mapping[str, str]
    filename: str
    file: memoryview


def parse_upload(content_type: str, body: bytes | bytearray) -> UploadForm:
    """The fields, names in lower case, and the file. Raises ``MalformedForm``."""
    found = _BOUNDARY.match(content_type)
    if found is None:
        raise MalformedForm("the body must be multipart/form-data with a boundary")
    line = b"--" + found[1].encode("latin-1")
    if not body.startswith(line + b"\r\n"):
        raise MalformedForm("the form does not begin with its boundary")
    fields: dict[str, str] = {}
    at = len(line) + 2
    while True:
        head_end = body.find(b"\r\n\r\n", at, at + 4096)
        if head_end < 0:
            raise MalformedForm("a part has no end to its headers")
        name, filename = _names(bytes(body[at:head_end]))
        at = head_end + 4
        if name == "file":
            return UploadForm(fields, filename, _file(body, at, line))
        end = body.find(b"\r\n" + line + b"\r\n", at, at + MAX_FIELDS)
        if end < 0:
            raise MalformedForm(f"the field {name!r} has no end, or no file follows it")
        fields[name] = body[at:end].decode("utf-8", "replace")
        at = end + len(line) + 4
        if at > MAX_FIELDS:
            raise MalformedForm(f"the fields have more than {MAX_FIELDS} bytes")


def _names(head: bytes) -> tuple[str, str]:
    """A part's name, in lower case, and its filename ('' without one)."""
    for line in head.split(b"\r\n"):
        key, _, value = line.partition(b":")
        if key.strip().lower() == b"content-disposition":
            found = _NAME.search(value)
            if found:
                filename = _FILENAME.search(value)
                return _text(found[1]).lower(), _text(filename[1]) if filename else ""
    raise MalformedForm("a part has no name")


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _file(body: bytes | bytearray, at: int, line: bytes) -> memoryview:
    end = b"\r\n" + line + b"--"
    stop = body.rfind(end, max(at, len(body) - len(end) - 4))
    if stop < 0:
        raise MalformedForm("the file must be the last part, and the form must be closed")
    return memoryview(body)[at:stop]
