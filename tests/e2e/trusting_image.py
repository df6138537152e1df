"""An image of a company: it knows the authority that vouches for the company's own servers."""

from __future__ import annotations

import io
import tarfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import docker


@contextmanager
def trusting_image(engine: docker.DockerClient, base: str, authority: Path) -> Iterator[str]:
    """The image with a certificate that its checkouts then trust, as a company's own images do."""
    tag = f"towline-test-github:{uuid.uuid4().hex}"
    dockerfile = f"FROM {base}\nCOPY own.pem /etc/ssl/certs/ca-certificates.crt\n"
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as tar:
        for name, content in (
            ("Dockerfile", dockerfile.encode()),
            ("own.pem", authority.read_bytes()),
        ):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    context.seek(0)
    engine.images.build(fileobj=context, custom_context=True, tag=tag, rm=True)
    try:
        yield tag
    finally:
        engine.images.remove(tag)
