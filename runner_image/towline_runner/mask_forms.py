"""The forms in which a secret may turn up in a log (docs/protocol.md)."""

from __future__ import annotations

import binascii

from towline_runner import codec

SHORTEST = 4
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~")


def needles(secrets: dict[str, str]) -> tuple[list[bytes], list[str]]:
    """All byte strings to mask, longest first, and the names of secrets too short to be masked."""
    found: set[bytes] = set()
    short = []
    for name, value in secrets.items():
        if len(value) < SHORTEST:
            short.append(name)
            continue
        for text in (value, *_strings_inside(value)):
            found |= _forms(text)
    usable = (needle for needle in found if len(needle) >= SHORTEST)
    return sorted(usable, key=lambda needle: (-len(needle), needle)), sorted(short)


def _strings_inside(value: str) -> list[str]:
    """The string values of a secret that is JSON (a cloud account's key, say)."""
    if value.lstrip()[:1] not in ("{", "["):
        return []
    try:
        heads = [codec.loads(value.encode("utf-8", "surrogatepass"))]
    except (ValueError, RecursionError):
        return []
    found = []
    while heads:
        head = heads.pop()
        if isinstance(head, str):
            found.append(head)
        elif isinstance(head, dict):
            heads += head.values()
        elif isinstance(head, list):
            heads += head
    return [text for text in found if len(text) >= SHORTEST]


def _forms(text: str) -> set[bytes]:
    raw = text.encode("utf-8", "surrogatepass")
    forms = {raw, raw.strip(), *(line.strip(b"\r") for line in raw.split(b"\n"))}
    forms |= _json(text, raw) | _quoted(raw)
    for start in range(3):
        forms |= _base64(raw, start)
    return forms


def _json(text: str, raw: bytes) -> set[bytes]:
    ascii_only = codec.dumps(text)[1:-1]
    readable = b"".join(
        codec.dumps(character)[1:-1]
        if character < " " or character in '"\\'
        else character.encode("utf-8", "surrogatepass")
        for character in text
    )
    return {ascii_only, readable, readable.replace(b"/", b"\\/"), raw}


def _quoted(raw: bytes) -> set[bytes]:
    def quote(safe: frozenset[int], pattern: str) -> bytes:
        return b"".join(
            bytes((byte,)) if byte in safe else (pattern % byte).encode("ascii") for byte in raw
        )

    path = _UNRESERVED | {ord("/")}
    forms = {
        quote(safe, pattern) for safe in (_UNRESERVED, path) for pattern in ("%%%02X", "%%%02x")
    }
    return forms | {form.replace(b"%20", b"+") for form in forms}


def _base64(raw: bytes, start: int) -> set[bytes]:
    """The characters that depend on the secret alone when it begins ``start`` bytes into a group.

    What stands before and after it in the encoded text decides the rest.
    """
    bits = 8 * start
    first = -(-bits // 6)
    last = (bits + 8 * len(raw)) // 6
    encoded = binascii.b2a_base64(bytes(start) + raw, newline=False)[first:last]
    return {encoded, encoded.replace(b"+", b"-").replace(b"/", b"_")}
