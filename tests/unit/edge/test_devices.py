"""A coarse word for the device, from the header that browsers send."""

import pytest

from edge.devices import device

MOZILLA = "Mozilla/5.0 ({}) AppleWebKit/537.36 (KHTML, like Gecko) {}"


@pytest.mark.parametrize(
    ("user_agent", "word"),
    [
        (MOZILLA.format("Windows NT 10.0; Win64; x64", "Chrome/142.0.0.0 Safari/537.36"), "desktop"),
        (MOZILLA.format("Macintosh; Intel Mac OS X 10_15_7", "Version/18.0 Safari/605.1.15"), "desktop"),
        (MOZILLA.format("X11; Linux x86_64; rv:140.0", "Firefox/140.0"), "desktop"),
        (MOZILLA.format("Linux; Android 10; K", "Chrome/142.0.0.0 Mobile Safari/537.36"), "phone"),
        (MOZILLA.format("iPhone; CPU iPhone OS 18_0 like Mac OS X", "Mobile/15E148"), "phone"),
        (MOZILLA.format("Linux; Android 14; SM-X810", "Chrome/142.0.0.0 Safari/537.36"), "tablet"),
        (MOZILLA.format("iPad; CPU OS 12_0 like Mac OS X", "Mobile/15E148"), "tablet"),
        ("curl/8.5.0", "desktop"),
        ("", ""),
        ("x" * 600 + "iPhone", "desktop"),
    ],
)
def test_a_browser_says_what_it_runs_on(user_agent: str, word: str) -> None:
    assert device(user_agent) == word
