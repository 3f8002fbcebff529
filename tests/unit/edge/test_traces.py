"""A request's names: taken over when they are harmless words, made otherwise."""

import contextvars
import logging
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from edge.traces import RequestFilter, enter, trace_of

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


def scope(**headers: bytes) -> Any:
    """A request with these headers."""
    return {"headers": [(name.replace("_", "-").encode(), value) for name, value in headers.items()]}


def test_a_trace_goes_on_in_a_span_of_ours() -> None:
    """W3C Trace Context §3.2; the flags stay."""
    trace = trace_of(scope(traceparent=f"00-{TRACE}-{SPAN}-00".encode(), x_request_id=b"mine.1"))
    version, id_, span, flags = trace.parent.split("-")
    assert (version, id_, flags, trace.request_id) == ("00", TRACE, "00", "mine.1")
    assert span != SPAN


def test_a_request_keeps_its_names() -> None:
    """Whoever asks, and whenever."""
    request = scope()
    assert trace_of(request) is trace_of(request)


@given(st.binary(max_size=100), st.binary(max_size=100))
def test_whatever_is_sent_names_are_words(traceparent: bytes, request_id: bytes) -> None:
    """They go into log lines and headers."""
    trace = trace_of(scope(traceparent=traceparent, x_request_id=request_id))
    assert 0 < len(trace.request_id) <= 64
    assert trace.request_id.isascii()
    assert trace.request_id.isprintable()
    version, id_, span, flags = trace.parent.split("-")
    assert (version, len(id_), len(span), len(flags)) == ("00", 32, 16, 2)
    assert int(id_, 16)
    assert int(span, 16)


def test_log_lines_of_a_request_name_it() -> None:
    """And others name nothing."""
    record = logging.LogRecord("edge", logging.INFO, "", 0, "text", (), None)
    assert RequestFilter().filter(record)
    assert vars(record)["request"] == ""

    def within() -> None:
        enter(scope(x_request_id=b"mine.1"))
        RequestFilter().filter(record)

    contextvars.copy_context().run(within)
    assert vars(record)["request"].startswith(" request=mine.1 trace=")
