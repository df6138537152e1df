"""The runner's folder works in images that hold next to nothing, and leaves no trace in them."""

from __future__ import annotations

import pytest

from tests.image.in_image import InImage

pytestmark = pytest.mark.docker

USERS = ["0", "12345", "12345:54321"]


@pytest.fixture(params=["busybox_image", "musl_image", "base_image"])
def image(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(request.param))


@pytest.mark.parametrize("user", USERS)
def test_interpreter_and_its_extension_modules_load_as_any_user(
    in_image: InImage, image: str, user: str
) -> None:
    code = """
import asyncio, base64, bz2, ctypes, decimal, email, fcntl, gzip, hashlib, hmac, http.client, json
import lzma, mmap, queue, resource, select, selectors, shutil, signal, socket, ssl, subprocess
import tempfile, termios, threading, urllib.request, uuid, zlib, os, sys
hashlib.sha256(zlib.compress(json.dumps({}).encode())).hexdigest()
result = [os.getuid(), os.getgid(), sys.prefix]
"""
    uid, _, gid = user.partition(":")
    assert in_image.value(image, code, user=user) == [int(uid), int(gid or 0), "/towline"]


def test_library_comes_from_the_folder_alone(in_image: InImage, image: str) -> None:
    code = """
import _ssl, http.client, os, sys
files = {m.__file__ for m in sys.modules.values() if getattr(m, "__file__", None)}
mapped = {line.split()[-1] for line in open("/proc/self/maps") if ".so" in line}
result = sorted(f for f in files | mapped if not f.startswith("/towline/"))
"""
    assert in_image.value(image, code) == []


def test_thread_that_ends_by_pthread_exit_finds_its_unwinder(in_image: InImage, image: str) -> None:
    # glibc opens libgcc_s by name there, and aborts the process when it is missing.
    code = """
import ctypes, os, threading, time
thread = threading.Thread(target=lambda: ctypes.CDLL(None).pthread_exit(None))
thread.start()
while os.path.exists(f"/proc/self/task/{thread.native_id}"):
    time.sleep(0.01)
print("alive", flush=True)
os._exit(0)
"""
    assert in_image.text(image, code) == "alive\n"


def test_child_is_started_without_a_trace_of_the_folder_in_its_environment(
    in_image: InImage, image: str
) -> None:
    code = """
import os
first = open("/proc/self/environ", "rb").read().split(b"\\0")
result = sorted(entry.decode() for entry in first if entry)
"""
    given = {"PATH": "/bin:/usr/bin", "HOSTNAME": "h", "HOME": "/", "GREETING": "hello"}
    found = in_image.value(image, code, environment=given, hostname="h")
    assert found == sorted(f"{name}={value}" for name, value in given.items())


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONHOME": "/nowhere", "PYTHONPATH": "/nowhere", "PYTHONSTARTUP": "/nowhere"},
        {"LD_LIBRARY_PATH": "/nowhere:/lib:/usr/lib"},
        {"LC_ALL": "tlh_KL.UTF-8", "LANG": "nonsense"},
    ],
    ids=["python", "loader", "locale"],
)
def test_environment_of_the_image_does_not_mislead_the_interpreter(
    in_image: InImage, image: str, environment: dict[str, str]
) -> None:
    code = "import sys, ssl; result = [sys.prefix, sys.flags.isolated]"
    assert in_image.value(image, code, environment=environment) == ["/towline", 1]


def test_script_sees_and_can_change_nothing_in_the_mounted_folder(
    in_image: InImage, image: str
) -> None:
    code = """
try:
    open("/towline/lib/mine", "w")
    result = "written"
except OSError as trouble:
    import errno
    result = errno.errorcode[trouble.errno]
"""
    assert in_image.value(image, code, user="0") == "EROFS"


def test_folder_is_small(in_image: InImage, busybox_image: str) -> None:
    code = """
import os
result = sum(os.lstat(os.path.join(d, f)).st_size for d, _, fs in os.walk("/towline") for f in fs)
"""
    assert in_image.value(busybox_image, code) < 60_000_000
