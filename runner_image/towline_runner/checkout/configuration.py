"""Git's environment: nothing of the image's or the user's is read, nothing of a repository's runs.

A repository can't bring configuration along (git reads ``.git/config``, which we make), but it can
bring attributes, submodule addresses and hooks of a template. Without a configured driver an
attribute runs nothing; the rest is shut here. The token travels in the environment of git's own
processes: not in arguments, which all users of a machine see, and not in a file.
https://git-scm.com/docs/git-config#Documentation/git-config.txt-GITCONFIGCOUNT
"""

from __future__ import annotations

import base64
import os

from towline_runner.checkout.order import Order

# Fewer bytes for longer than this is a connection that hangs. Not shorter: a server may count the
# objects of a large repository for minutes.
_SLOWEST_BYTES_A_SECOND = 1
_SLOW_FOR_S = 300

FIXED = (
    ("advice.detachedHead", "false"),
    ("core.askPass", ""),
    ("core.attributesFile", os.devnull),
    ("core.autocrlf", "false"),
    ("core.fsmonitor", "false"),
    ("core.hooksPath", os.devnull),
    ("core.pager", "cat"),
    ("core.protectHFS", "true"),
    ("core.protectNTFS", "true"),
    ("credential.helper", ""),
    ("fetch.recurseSubmodules", "false"),
    ("gc.auto", "0"),
    ("http.lowSpeedLimit", str(_SLOWEST_BYTES_A_SECOND)),
    ("http.lowSpeedTime", str(_SLOW_FOR_S)),
    ("init.defaultBranch", "towline"),
    ("maintenance.auto", "false"),
    ("safe.directory", "*"),
    ("submodule.recurse", "false"),
    ("transfer.bundleURI", "false"),
)
# What of the job's environment a connection needs.
_NETWORK = ("http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
_NO_NETWORK = ("no_proxy", "NO_PROXY")


def build(order: Order, *, path: str, exec_path: str | None, ca_file: str | None) -> dict[str, str]:
    """The whole environment of every git process."""
    made = {
        "PATH": path,
        "HOME": "/nonexistent",  # no .netrc, no configuration
        "LC_ALL": "C",  # failures are told apart by git's words
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "",
        "SSH_ASKPASS": "",
        "GIT_SSH": "/nonexistent",  # git-lfs would use it where a repository says so
        "GIT_ALLOW_PROTOCOL": "https:http" if order.url.startswith("http:") else "https",
        "GIT_OPTIONAL_LOCKS": "0",
        "OPENSSL_CONF": os.devnull,
    }
    if exec_path is not None:
        made["GIT_EXEC_PATH"] = exec_path
    if ca_file is not None:
        made["GIT_SSL_CAINFO"] = ca_file
    for name in (*_NETWORK, *_NO_NETWORK):
        if name in order.environment:
            made[name] = order.environment[name]
    settings = [*FIXED, ("http.followRedirects", "false" if order.token else "initial")]
    if order.token is not None:
        pair = f"{order.token.username}:{order.token.password}".encode()
        header = f"Authorization: Basic {base64.b64encode(pair).decode('ascii')}"
        settings.append((f"http.{order.token.server}.extraHeader", header))
    made["GIT_CONFIG_COUNT"] = str(len(settings))
    for number, (name, value) in enumerate(settings):
        made[f"GIT_CONFIG_KEY_{number}"] = name
        made[f"GIT_CONFIG_VALUE_{number}"] = value
    return made
