"""How much one connection or address may ask for: token buckets with the time passed in.

A limit slows a client down; it never decides what is true. An address is forgotten once its bucket is full.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from ipaddress import IPv6Address, ip_address
from typing import Final, NamedTuple


class Rate(NamedTuple):
    """`burst` at once, `per_s` each second after that."""

    burst: float
    per_s: float


class Limits(NamedTuple):
    """What a relay allows. The defaults let one person upload a drive of thousands of pads in an hour."""

    creates_per_connection: Rate = Rate(500, 5)
    creates_per_address: Rate = Rate(2_000, 10)
    proofs_per_connection: Rate = Rate(2_000, 100)
    """SUB and OWNER_REC: a signature check and a signature each."""
    entries_per_connection: Rate = Rate(50_000, 5_000)
    bytes_per_connection: Rate = Rate(256 * 2**20, 32 * 2**20)
    presence_per_connection: Rate = Rate(64, 16)
    tables_per_connection: Rate = Rate(32 * 2**20, 4 * 2**20)
    """Bytes of the tables of writers that SNAPSHOTs made this relay compute: two of the largest at once."""
    faults_per_connection: Rate = Rate(64, 0.5)
    """Requests that no client of this protocol makes; beyond them the connection is closed."""
    meetings_per_address: Rate = Rate(20, 0.1)
    guests_per_address: Rate = Rate(10, 0.1)
    """Numbers tried: each may end somebody's code, and guesses one in 65,536."""
    meetings: int = 1_024
    meetings_per_connection: int = 4
    meeting_s: float = 600.0
    meeting_messages: int = 8
    logins: int = 65_536
    """Login blocks that are kept: 0 keeps none, and answers no question for one."""
    login_asks_per_connection: Rate = Rate(20, 0.2)
    login_asks_per_address: Rate = Rate(60, 0.2)
    """Questions for a block and changes of one: each question may be a guess of a passphrase."""
    login_asks_per_block: Rate = Rate(20, 0.1)
    login_makes_per_address: Rate = Rate(10, 0.005)
    mails_per_connection: Rate = Rate(32, 0.2)
    mails_per_address: Rate = Rate(120, 0.2)
    mails_per_door: Rate = Rate(30, 1 / 60)
    mails_per_pass: Rate = Rate(240, 0.2)
    """Messages left in one mailbox, by anybody and by who knows its pass."""
    mails_at_door: int = 64
    mails_by_pass: int = 512
    mail_days: int = 60
    mailbox_days: int = 400
    """After so long a message is dropped, and a mailbox whose owner did not come."""
    mailboxes_per_connection: int = 4
    subscriptions: int = 20_000
    loose_chunk_bytes: int = 640 * 2**20
    """Chunks of one pad that no SNAPSHOT names yet: one of the largest snapshots, and some."""
    file_bytes_per_pad: int = 8 * 2**30
    file_bytes: int = 64 * 2**30
    """Of sealed files, for one pad and for all of this relay: more is QUOTA."""
    settle_s: float = 60.0
    """After a loss came out: time for everybody who is online to give back what they have of it."""
    loss_hold_s: float = 72 * 3_600.0
    restored_hold_s: float = 24 * 3_600.0
    """How long appends wait for what a backup lacks: where clients proved it, and with --restored."""
    archive_days: int = 0
    """How long the sealed bytes of a pad stay here after its end, given to nobody; 0 erases them with it."""
    proxies: int = 0
    """How many of the operator's own stand before this relay, each of which adds whom it heard to the
    X-Forwarded-For of a request. Without it all who come through one share what an address may ask for."""
    unproven_bytes: int = 4_096
    unproven_s: float = 10.0
    unproven_connections: int = 1_024
    connections: int = 50_000
    unfinished_bytes: int = 64 * 2**20
    """Of messages that are not whole yet, over all connections: 250 chunks on their way at once."""
    unread_bytes: int = 256 * 2**20
    """Of answers that wait for their readers, over all connections."""

    def within(self, files: int) -> Limits:
        """The same where only so many files may be open: strangers never get the last ones."""
        unproven = max(1, min(self.unproven_connections, files // 4))
        return self._replace(
            unproven_connections=unproven, connections=max(1, min(self.connections, files - 64))
        )


class Bucket:
    """A token bucket. `take` says 0 when the tokens were there, else in how many milliseconds they are."""

    __slots__ = ("_at", "_rate", "_tokens")

    def __init__(self, rate: Rate, now: float) -> None:
        self._rate = rate
        self._tokens = rate.burst
        self._at = now

    def take(self, tokens: float, now: float) -> int:
        self._refill(now)
        # More than the burst at once may only ever be taken from a full bucket, and leaves a debt.
        if self._tokens >= min(tokens, self._rate.burst):
            self._tokens -= tokens
            return 0
        return max(1, math.ceil((min(tokens, self._rate.burst) - self._tokens) / self._rate.per_s * 1000))

    def full(self, now: float) -> bool:
        self._refill(now)
        return self._tokens >= self._rate.burst

    def _refill(self, now: float) -> None:
        if now > self._at:
            self._tokens = min(self._rate.burst, self._tokens + (now - self._at) * self._rate.per_s)
            self._at = now


def limited_as(host: str) -> str:
    """As what an address is known to the limits: of IPv6 its /64, since whoever has one has all of that."""
    try:
        found = ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(found, IPv6Address):
        mapped = found.ipv4_mapped
        return str(mapped or IPv6Address(int(found) >> 64 << 64))
    return str(found)


class AddressBuckets:
    """One bucket an address, dropped when full again; of more than MAX_ADDRESSES the oldest go first."""

    MAX_ADDRESSES: Final = 65_536

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def take(self, address: str, tokens: float, now: float) -> int:
        bucket = self._buckets.get(address)
        if bucket is None:
            bucket = self._buckets[address] = Bucket(self._rate, now)
            while len(self._buckets) > self.MAX_ADDRESSES:
                self._buckets.popitem(last=False)
        return bucket.take(tokens, now)

    def forget_idle(self, now: float) -> None:
        """Called now and then: what an address did long ago is nobody's business."""
        for address in [address for address, bucket in self._buckets.items() if bucket.full(now)]:
            del self._buckets[address]
