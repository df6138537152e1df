"""Which GitHub is meant, by what a user writes."""

from __future__ import annotations

import pytest

from chalicelib.github.client.site import GITHUB_COM, site_of


@pytest.mark.parametrize("text", ["", "https://github.com", "https://api.github.com/"])
def test_github_com(text: str) -> None:
    assert site_of(text) == GITHUB_COM


@pytest.mark.parametrize(
    ("text", "api", "web"),
    [
        ("https://ghe.example.com", "https://ghe.example.com/api/v3", "https://ghe.example.com"),
        (
            "https://GHE.example.com:8443/api/v3/",
            "https://ghe.example.com:8443/api/v3",
            "https://ghe.example.com:8443",
        ),
        ("https://octo.ghe.com", "https://api.octo.ghe.com", "https://octo.ghe.com"),
        ("https://api.octo.ghe.com", "https://api.octo.ghe.com", "https://octo.ghe.com"),
        ("http://127.0.0.1:80", "http://127.0.0.1:80/api/v3", "http://127.0.0.1:80"),
        ("http://[::1]:80", "http://[::1]:80/api/v3", "http://[::1]:80"),
    ],
)
def test_an_enterprises_own(text: str, api: str, web: str) -> None:
    site = site_of(text)
    assert (site.api_url, site.web_url) == (api, web)


@pytest.mark.parametrize(
    "text",
    [
        "ghe.example.com",
        "http://ghe.example.com",
        "http://github.com",
        "ftp://ghe.example.com",
        "https://",
        "https://user:secret@ghe.example.com",
        "https://ghe.example.com/some/page",
        "https://ghe.example.com?x=1",
        "https://ghe.example.com:port",
        "https://[::1",
    ],
)
def test_what_is_no_address_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match=r"^GitHub's address ") as refusal:
        site_of(text)
    assert "user:secret" not in str(refusal.value)


def test_where_a_repository_is_cloned_from() -> None:
    assert GITHUB_COM.clone_url("octo/hello") == "https://github.com/octo/hello.git"
