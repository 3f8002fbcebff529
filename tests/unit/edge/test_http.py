"""Small pure parts of the HTTP side: ranges, statuses, the site, close codes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.http.media import Span, parse_range
from edge.problems import rejected
from edge.site import Site, site
from edge.viewer import SENTENCES as CLOSING_SENTENCES
from schemas.frames import CLOSE_CODES
from schemas.rejections import Code, rejection
from schemas.settings import Settings, SettingsError


@pytest.mark.parametrize(
    ("header", "span"),
    [
        ("bytes=0-0", Span(0, 1)),
        ("bytes=0-99", Span(0, 100)),
        ("bytes=90-", Span(90, 100)),
        ("bytes=90-1000", Span(90, 100)),
        ("bytes=-10", Span(90, 100)),
        ("bytes=-1000", Span(0, 100)),
        ("bytes=100-", None),
        ("bytes=50-40", None),
        ("bytes=-0", None),
        ("bytes=-", Span(0, 100)),  # What is not understood is the whole (RFC 9110 §14.2).
        ("bytes=0-1,5-6", Span(0, 100)),
        ("lines=0-1", Span(0, 100)),
    ],
)
def test_a_range_is_read_as_the_rfc_says(header: str, span: Span | None) -> None:
    """For an object of 100 bytes."""
    assert parse_range(header, 100) == span


@given(st.text(max_size=30) | st.from_regex(r"bytes=\d{0,6}-\d{0,6}", fullmatch=True), st.integers(0, 10_000))
def test_a_satisfiable_range_lies_inside_the_object(header: str, size: int) -> None:
    """Whatever is asked."""
    span = parse_range(header, size)
    assert span is None or 0 <= span.start <= span.end <= size


@pytest.mark.parametrize("code", list(Code))
def test_every_rejection_has_a_client_error_or_says_when_to_come_back(code: Code) -> None:
    """No refusal looks like success or like our mistake."""
    problem = rejected(rejection(code))
    assert problem.code == code
    assert 400 <= problem.status < 500 or (problem.status == 503 and "Retry-After" in problem.headers)


def test_every_close_code_has_words() -> None:
    """For the people in front of the page."""
    assert set(CLOSING_SENTENCES) == set(CLOSE_CODES)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://class.example", Site("https://class.example", True)),
        ("https://class.example:443/", Site("https://class.example", True)),
        ("https://class.example:8443", Site("https://class.example:8443", True)),
        ("http://127.0.0.1:8000", Site("http://127.0.0.1:8000", False)),
        ("http://[::1]:80", Site("http://[::1]", False)),
        ("", Site("http://127.0.0.1:8000", False)),
    ],
)
def test_the_origin_is_what_a_browser_would_send(url: str, expected: Site) -> None:
    """Without a default port and without a path."""
    assert site(Settings(public_url=url)) == expected


@pytest.mark.parametrize("url", ["class.example", "ftp://class.example", "https://class.example/path"])
def test_a_public_url_that_no_browser_has_is_refused(url: str) -> None:
    """At the start, not at the first request."""
    with pytest.raises(SettingsError):
        site(Settings(public_url=url))


def test_cookies_are_bound_to_the_host_where_that_is_possible() -> None:
    """``__Host-`` needs https and the path /."""
    secure, plain = Site("https://x", True), Site("http://x", False)
    assert (secure.access_cookie, secure.csrf_cookie) == ("__Host-cw_access", "__Host-cw_csrf")
    assert secure.refresh_cookie == "__Secure-cw_refresh"
    assert (plain.access_cookie, plain.csrf_cookie, plain.refresh_cookie) == (
        "cw_access",
        "cw_csrf",
        "cw_refresh",
    )
