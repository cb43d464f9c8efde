"""The HTTP request that opens a WebSocket, read by the websockets package's sans-IO core.

It offers no compression, and lets in nothing but programs at the root.
"""

from __future__ import annotations

import logging
from ipaddress import ip_address
from typing import Final

from websockets.http11 import Request
from websockets.server import ServerProtocol

_QUIET: Final = logging.getLogger("cryptpad_relay.websocket")
_QUIET.disabled = True


def http_answer(request: bytes) -> tuple[bool, bytes]:
    """Whether this is a WebSocket handshake for the relay, and what to answer.

    A request with an Origin comes from a web page, and no page has business with a relay.
    """
    core = ServerProtocol(origins=[None], extensions=None, logger=_QUIET)
    core.receive_data(request)
    for event in core.events_received():
        if isinstance(event, Request):
            if event.path != "/":
                core.send_response(core.reject(404, "The address of a relay has no path.\n"))
            else:
                core.send_response(core.accept(event))
    answer = b"".join(core.data_to_send())
    return answer.startswith(b"HTTP/1.1 101 "), answer


def forwarded_for(request: bytes, proxies: int) -> str:
    """Whom the outermost of so many proxies heard; empty where they do not say.

    What stands further left in the list came from the far end itself, which may write anything there.
    """
    heard: list[str] = []
    for line in request.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"x-forwarded-for":
            heard += [each.strip() for each in value.decode("ascii", "replace").split(",")]
    try:
        return str(ip_address(heard[-proxies])) if 0 < proxies <= len(heard) else ""
    except ValueError:
        return ""
