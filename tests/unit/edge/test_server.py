"""The private parts of uvicorn that ``SocketProtocol`` leans on; a new version must show itself here."""

import inspect

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from edge.server import SocketProtocol, listen


def test_uvicorns_class_still_has_what_we_use() -> None:
    """Names in its constructor and methods that we call or override."""
    made = inspect.getsource(WebSocketsSansIOProtocol.__init__)
    for name in ("conn", "queue", "writable", "close_sent", "disconnected", "read_paused", "close_timer"):
        assert f"self.{name}" in made, name
    assert "close_timer.cancel()" in inspect.getsource(WebSocketsSansIOProtocol.handle_close)
    assert '"extensions": {' in inspect.getsource(WebSocketsSansIOProtocol.handle_connect)
    for name in ("run_asgi", "resume_writing", "connection_lost"):
        assert name in vars(SocketProtocol)
        assert name in vars(WebSocketsSansIOProtocol)


def test_port_zero_listens_on_a_free_port() -> None:
    """IPv4 and IPv6."""
    for address in ("127.0.0.1:0", "[::1]:0"):
        with listen(address) as listener:
            assert listener.getsockname()[1] > 0
