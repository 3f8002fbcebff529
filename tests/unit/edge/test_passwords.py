"""What is strong enough; what is sealed; what a mail may say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.identity import Person
from edge.letters import Addressee, stolen_login_mail
from edge.mail import Mail, Smtp, compose, read_smtp
from edge.passwords import complaint, own_words
from edge.tokens import RemoteTokenError, new_ring, open_sealed, seal
from schemas.ids import TenantId
from schemas.limits import PASSWORD_CHARS_MAX, PASSWORD_CHARS_MIN
from schemas.settings import SettingsError

NORA = Addressee(
    Person("user", "u1", TenantId("demo"), "Nora Quintessenz"),
    "n.quintessenz@hillside.example",
    "Hillside Grammar",
    False,
    False,
)


@pytest.mark.parametrize(
    "password",
    [
        "",
        "a" * (PASSWORD_CHARS_MIN - 1),
        "a" * (PASSWORD_CHARS_MAX + 1),
        "aaaaaaaaaaaaaaaa",
        "1234567890123",
        "qwertyuiop12",
        "password2026!",
        "Quintessenz",
        "nora-quintessenz",
        "n.quintessenz@hillside.example",
        "HillsideGrammar1",
        "classwire classwire",
    ],
)
def test_what_is_guessed_first_is_no_password(password: str) -> None:
    """Common ones, patterns, and what is known of the person and the school."""
    assert complaint(password, own_words(NORA)) is not None


@pytest.mark.parametrize(
    "password",
    ["glacier marmalade tuba eleven", "Xk9#vQ2$mL7z", "пять зелёных дирижаблей", "glacier tuba " * 12],
)
def test_a_long_or_random_one_is_a_password_whatever_its_characters(password: str) -> None:
    """No rules of composition (NIST SP 800-63B §5.1.1.2)."""
    assert complaint(password, own_words(NORA)) is None


@given(st.text(max_size=40))
def test_whatever_is_typed_is_judged(password: str) -> None:
    """Nothing that a person can type makes the judge fall over."""
    assert complaint(password, own_words(NORA)) is None or len(complaint(password, []) or "x") > 0


def test_what_is_sealed_opens_in_its_own_place_only() -> None:
    """Another row, another ring, a changed byte: nothing."""
    ring, secret = new_ring(0), b"a secret of a school"
    sealed = seal(ring, "provider/a", secret)
    assert open_sealed(ring, "provider/a", sealed) == secret
    assert secret not in sealed
    assert seal(ring, "provider/a", secret) != sealed
    for place, key, text in (
        ("provider/b", ring, sealed),
        ("provider/a", new_ring(0), sealed),
        ("provider/a", ring, sealed[:-1] + bytes([sealed[-1] ^ 1])),
        ("provider/a", ring, b""),
    ):
        with pytest.raises(RemoteTokenError):
            open_sealed(key, place, text)


@pytest.mark.parametrize("field", ["to", "subject"])
def test_a_name_cannot_add_a_line_to_the_head_of_a_mail(field: str) -> None:
    """Header injection."""
    fields = {"to": "a@b.test", "subject": "Hello", "text": "x", field: "a@b.test\r\nBcc: all@evil.test"}
    with pytest.raises(ValueError, match=r"[Hh]eader|line"):
        compose(Mail(**fields), "Classwire <classwire@localhost>")


def test_a_mail_says_that_a_machine_wrote_it() -> None:
    """So that no holiday note comes back (RFC 3834)."""
    message = compose(stolen_login_mail(NORA, "phone"), "Classwire <no-reply@school.example>")
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"].endswith("@school.example>")
    assert "phone" in message.get_content()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("smtps://u:p%40ss@mail.example", Smtp("mail.example", 465, "u", "p@ss", True)),
        ("smtp://u:p@mail.example", Smtp("mail.example", 587, "u", "p", False)),
        ("smtp://mail.example:2525", Smtp("mail.example", 2525, None, None, False)),
        ("smtp://127.0.0.1", Smtp("127.0.0.1", 25, None, None, False)),
    ],
)
def test_a_mail_server_is_read(text: str, expected: Smtp) -> None:
    """With its usual ports; a plain line is only for loopback."""
    assert read_smtp(text) == expected
    assert expected.starts_tls == (not expected.is_tls and expected.host != "127.0.0.1")


@pytest.mark.parametrize(
    "text", ["mail.example", "http://mail.example", "smtp://", "smtp://h:x", "smtp://h/p"]
)
def test_what_is_no_mail_server_is_refused_without_its_password(text: str) -> None:
    """At the start, in words that may lie in a log."""
    with pytest.raises(SettingsError) as error:
        read_smtp(text)
    assert "u:p" not in str(error.value)
