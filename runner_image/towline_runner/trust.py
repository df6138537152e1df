"""TLS: which certificates are trusted. Imported for https addresses alone (``ssl`` takes 15 ms)."""

from __future__ import annotations

import os
import socket
import sys

# Read once, when ssl is imported: the configuration of the image's OpenSSL, or one that its
# environment names, may ask ours for what it doesn't have, and TLS would fail. No child inherits
# it.
os.environ["OPENSSL_CONF"] = os.devnull

import ssl

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _socket


_BUNDLE = "etc/ca-certificates.crt"
_extra: list[str] = []
_context: ssl.SSLContext | None = None


def also_trust(files: list[str]) -> None:
    """Certificates to trust besides the public ones: paths of PEM files. Missing ones are
    ignored."""
    global _context
    _extra[:] = files
    _context = None


def wrap(connected: _socket.socket, host: str) -> _socket.socket:
    """Speak TLS on a connected socket, checking the certificate and the host's name.

    Raises OSError (``ssl.SSLError`` is one).
    """
    global _context
    if _context is None:
        _context = _new_context()
    plain = socket.socket(fileno=connected.detach())
    plain.settimeout(15.0)
    return _context.wrap_socket(plain, server_hostname=host)


def _new_context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    bundle = own_bundle()
    if bundle:
        context.load_verify_locations(bundle)
    for file in _extra:
        if os.path.exists(file):
            context.load_verify_locations(file)
    return context


def own_bundle() -> str | None:
    """The public certificates that the runner's folder brings along, as an image may have none.

    ``etc/ca-certificates.crt`` beside the interpreter or in a folder above this package.
    """
    places = [sys.prefix, sys.base_prefix]
    folder = os.path.dirname(os.path.abspath(__file__))
    while folder != "/":
        folder = os.path.dirname(folder)
        places.append(folder)
    # "/" itself would be the job's image, which the standard search covers.
    for place in places:
        file = os.path.join(place, _BUNDLE)
        if place != "/" and os.path.isfile(file):
            return file
    return None
