"""What the doors share: opens a vault, runs its pads and keeps them in step with their relays."""

from cryptpad_tui.engine.alarms import AlarmView
from cryptpad_tui.engine.engine import Engine
from cryptpad_tui.engine.errors import (
    AmbiguousTitle,
    EngineError,
    NoAlarm,
    NoRelay,
    NotAllowed,
    RelayRefused,
    RelayUnreachable,
    UnknownPad,
)
from cryptpad_tui.engine.notices import NoticeLine
from cryptpad_tui.engine.session import PadSession
from cryptpad_tui.engine.values import (
    AlarmLine,
    LogLine,
    PadListing,
    PadStatus,
    Person,
    RelayState,
    SessionEvent,
    SyncReport,
    SyncWord,
)

__all__ = [
    "AlarmLine",
    "AlarmView",
    "AmbiguousTitle",
    "Engine",
    "EngineError",
    "LogLine",
    "NoAlarm",
    "NoRelay",
    "NotAllowed",
    "NoticeLine",
    "PadListing",
    "PadSession",
    "PadStatus",
    "Person",
    "RelayRefused",
    "RelayState",
    "RelayUnreachable",
    "SessionEvent",
    "SyncReport",
    "SyncWord",
    "UnknownPad",
]
