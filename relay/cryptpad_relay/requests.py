"""What each request means: one handler an op, called by its session (docs/wire.md).

A handler answers at once, stages rows and leaves the answer to the commit, or returns work to do in slices.
It raises Malformed or Refused for what it will not do, and changes nothing then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from hmac import compare_digest
from typing import TYPE_CHECKING, Final

from cryptpad_relay.appending import append
from cryptpad_relay.batch import OpenPad
from cryptpad_relay.epochs import Epoch, epoch_at, newest_that_fit
from cryptpad_relay.filing import drop_file, is_announced, look_at_file, put_file
from cryptpad_relay.freezing import freeze
from cryptpad_relay.limits import Bucket
from cryptpad_relay.logins import LOGINS
from cryptpad_relay.mailboxes import MAILBOXES
from cryptpad_relay.moving import MOVES
from cryptpad_relay.protocol import frames, labels
from cryptpad_relay.protocol.chain import chain_start
from cryptpad_relay.protocol.entry import parse_presence
from cryptpad_relay.protocol.errors import Code, Malformed, Refused
from cryptpad_relay.protocol.frames import MAX_BODY, MAX_CHUNK_BYTES, Op, PadHead, join_frame
from cryptpad_relay.protocol.labels import u32, u64
from cryptpad_relay.protocol.records import UNBOUND, parse_genesis
from cryptpad_relay.rendezvous import MEETINGS
from cryptpad_relay.restoring import restore

if TYPE_CHECKING:
    from cryptpad_relay.session import Session

SLICE_TICKETS: Final = 256
FETCH_OVERHEAD: Final = 8 + 32 + 2
MAX_FETCH_ENTRIES: Final = 65_535
MAX_POSITION: Final = 2**63
TABLE_PART: Final = MAX_CHUNK_BYTES - 4
NO_PAD: Final = PadHead(frames.REFUSED_TICKET_N, bytes(32))

Work = Iterator[None] | None


# Pads: CREATE, SUB, UNSUB, OWNER_REC


def _create(session: Session, req: int, body: bytes, now: float) -> Work:
    genesis = parse_genesis(frames.Create.decode(body).genesis)
    if genesis.relay_id not in (UNBOUND, session.hub.relay_pk):
        raise Refused(Code.WRONG_RELAY)
    session.proven = True
    existing = session.hub.open_pad(genesis.pad_id)
    if existing is not None:
        end = existing.log.committed
        session.answer(Op.CREATE, req, u64(end.n) + end.head)
        return None
    retry_ms = session.create_tokens.take(1, now) or session.hub.creates_by_address.take(
        session.address, 1, now
    )
    if retry_ms:
        raise Refused(Code.CREATE_LIMIT, retry_ms)
    session.stall()
    head = chain_start(genesis.pad_id)
    session.hub.stage_create(genesis.pad_id, genesis.raw, session, req, u64(0) + head)
    return None


def _subscribe(session: Session, req: int, body: bytes, now: float) -> Work:
    sub = frames.Sub.decode(body)
    _take(session.proof_tokens, 1, now)
    pad = session.pads.get(sub.pad_id) or session.hub.open_pad(sub.pad_id)
    if pad is None:
        raise Refused(Code.UNKNOWN_PAD)
    epoch = pad.log.committed_epoch
    if sub.epoch != epoch.number:
        raise Refused(Code.NOT_AUTHORISED)
    _check_proof(session, sub.pad_id, epoch, sub.signature)
    if len(session.pads) >= session.hub.limits.subscriptions:
        raise Refused(Code.QUOTA)
    session.proven = True
    session.pads[sub.pad_id] = pad
    end, mark = pad.log.committed, pad.log.committed_snapshot
    signed = session.hub.sign_head(sub.pad_id, end, sub.challenge)
    reply = frames.Subscribed(
        end.n,
        end.head,
        signed.unix_ms,
        signed.signature,
        mark.n if mark else 0,
        mark.hello_n if mark else 0,
        session.hub.keys.ticket(sub.pad_id, epoch.number, session.hub.day()),
    )
    session.answer(Op.SUB, req, reply.encode())
    session.hub.subscribe(pad, session)
    return None


def _unsubscribe(session: Session, req: int, body: bytes, now: float) -> Work:
    if len(body) != 32:
        raise Malformed("pad id")
    session.hub.unsubscribe(_pad(session, body), session)
    del session.pads[body]
    session.answer(Op.UNSUB, req)
    return None


def _owner_records(session: Session, req: int, body: bytes, now: float) -> Work:
    request = frames.OwnerRec.decode(body)
    _take(session.proof_tokens, 1, now)
    row = session.hub.store.find(request.pad_id)
    if row is None:
        raise Refused(Code.UNKNOWN_PAD)
    index = session.hub.store.pad_index(row)
    epoch = epoch_at(parse_genesis(row.genesis), index, request.epoch)
    if epoch is None:
        raise Refused(Code.NOT_AUTHORISED)
    _check_proof(session, request.pad_id, epoch, request.signature)
    answer = frames.OwnerRecords(row.genesis, newest_that_fit(index.records_back()))
    session.answer(Op.OWNER_REC, req, answer.encode())
    return None


def _check_proof(session: Session, pad_id: bytes, epoch: Epoch, signature: bytes) -> None:
    parts = (pad_id, u32(epoch.number), session.nonce, session.hub.relay_pk)
    if not labels.verify_parts(epoch.fetch_pk, signature, labels.SUBSCRIBE, *parts):
        raise Refused(Code.NOT_AUTHORISED)


# The log: FETCH, BRIDGE, LOOKUP, STH


def _fetch(session: Session, req: int, body: bytes, now: float) -> Work:
    fetch = frames.Fetch.decode(body)
    log = _pad(session, fetch.pad_id).log
    if fetch.limit == 0 or fetch.after_n >= MAX_POSITION:
        raise Malformed("range")
    after_n = min(fetch.after_n, log.committed.n)
    up_to_n = min(log.committed.n, after_n + min(fetch.limit, MAX_FETCH_ENTRIES))
    entries, head, room = [], b"", MAX_BODY - FETCH_OVERHEAD
    for entry in log.index.read(after_n, up_to_n):
        room -= 4 + len(entry.raw)
        if room < 0:
            break
        entries.append(entry.raw)
        head = entry.head
    head = head or log.index.head(after_n) or bytes(32)
    session.answer(Op.FETCH, req, frames.Fetched(fetch.after_n + 1, head, tuple(entries)).encode())
    return None


def _bridge(session: Session, req: int, body: bytes, now: float) -> Work:
    bridge = frames.Bridge.decode(body)
    log = _pad(session, bridge.pad_id).log
    if bridge.from_n >= bridge.to_n:
        raise Malformed("range")
    if bridge.to_n > log.committed.n:
        raise Refused(Code.NOT_FOUND)
    steps = log.proof(bridge.to_n, bridge.from_n)
    session.answer(Op.BRIDGE, req, frames.Bridged(tuple(steps)).encode())
    return None


def _lookup(session: Session, req: int, body: bytes, now: float) -> Work:
    request = frames.PadAndHash.decode(body)
    log = _pad(session, request.pad_id).log
    n = log.index.position(request.hash)
    if n is None or n > log.committed.n:
        raise Refused(Code.NOT_FOUND)
    entry = next(log.index.read(n - 1, n))
    session.answer(Op.LOOKUP, req, frames.Found(n, entry.raw).encode())
    return None


def _signed_head(session: Session, req: int, body: bytes, now: float) -> Work:
    request = frames.SthRequest.decode(body)
    end = _pad(session, request.pad_id).log.committed
    _take(session.proof_tokens, 1, now)
    signed = session.hub.sign_head(request.pad_id, end, request.challenge)
    reply = frames.SthReply(end.n, end.head, signed.unix_ms, signed.signature)
    session.answer(Op.STH, req, reply.encode())
    return None


# Chunks, presence, watching


def _chunk_put(session: Session, req: int, body: bytes, now: float) -> Work:
    put = frames.ChunkPut.decode(body)
    pad = _pad(session, put.pad_id)
    _take(session.byte_tokens, len(put.chunk), now)
    chunk_id = labels.hash_parts(labels.CHUNK, put.chunk)
    if pad.log.index.chunk_size(chunk_id) is not None:
        session.answer(Op.CHUNK_PUT, req, chunk_id)
        return None
    loose = pad.log.index.loose_chunk_bytes() + len(put.chunk)
    if loose > session.hub.limits.loose_chunk_bytes and not is_announced(pad, chunk_id, len(put.chunk)):
        raise Refused(Code.QUOTA)
    session.hub.stage_chunk(pad, chunk_id, put.chunk, session, req)
    return None


def _chunk_get(session: Session, req: int, body: bytes, now: float) -> Work:
    request = frames.PadAndHash.decode(body)
    index = _pad(session, request.pad_id).log.index
    if (index.chunk_size(request.hash) or 0) > MAX_CHUNK_BYTES:
        raise Refused(Code.TOO_LARGE)
    chunk = index.chunk(request.hash)
    if chunk is None or index.is_erased(request.hash):
        raise Refused(Code.NOT_FOUND)
    session.answer(Op.CHUNK_GET, req, chunk)
    return None


def _table(session: Session, req: int, body: bytes, now: float) -> Work:
    request = frames.TablePart.decode(body)
    index = _pad(session, request.pad_id).log.index
    size = index.chunk_size(request.table_id)
    if size is None or index.is_erased(request.table_id):
        raise Refused(Code.NOT_FOUND)
    if request.start >= size:
        raise Malformed("range")
    part = index.chunk(request.table_id, request.start, TABLE_PART) or b""
    session.answer(Op.TABLE, req, frames.TableGiven(size, part).encode())
    return None


def _presence(session: Session, req: int, body: bytes, now: float) -> Work:
    presence = parse_presence(body)
    pad = _pad(session, presence.pad_id)
    others = [peer for other, peer in pad.subscribers.items() if other is not session]
    if not others or session.presence_tokens.take(1, now):
        return None
    if not labels.verify_parts(
        presence.writer_pk, presence.signature, labels.PRESENCE_SIGNATURE, presence.entry_id
    ):
        raise Refused(Code.BAD_SIGNATURE)
    session.hub.fan_out(others, join_frame(Op.PRESENCE, 0, body), droppable=True)
    return None


def _watch(session: Session, req: int, body: bytes, now: float) -> Work:
    return _watch_slices(session, req, frames.Watch.decode(body).tickets)


def _watch_slices(session: Session, req: int, tickets: tuple[frames.Ticket, ...]) -> Iterator[None]:
    for pad_id in session.watched:
        session.hub.unwatch(pad_id, session)
    session.watched = frozenset([ticket.pad_id for ticket in tickets])
    heads: list[PadHead] = []
    keys, today = session.hub.keys, session.hub.day()
    for i, (pad_id, ticket) in enumerate(tickets, 1):
        number = _epoch_number(session, pad_id)
        proven = any(compare_digest(ticket, keys.ticket(pad_id, number, day)) for day in (today, today - 1))
        heads.append((session.hub.watch(pad_id, session) if proven else None) or NO_PAD)
        if i % SLICE_TICKETS == 0 and i < len(tickets):
            yield
    session.answer(Op.WATCH, req, frames.Watched(tuple(heads)).encode())


def _epoch_number(session: Session, pad_id: bytes) -> int:
    row = session.hub.store.find(pad_id)
    return session.hub.store.pad_index(row).epoch_number() if row else 0


def _take(bucket: Bucket, tokens: float, now: float) -> None:
    retry_ms = bucket.take(tokens, now)
    if retry_ms:
        raise Refused(Code.RETRY, retry_ms)


def _pad(session: Session, pad_id: bytes) -> OpenPad:
    pad = session.pads.get(pad_id)
    if pad is None:
        raise Refused(Code.NOT_SUBSCRIBED)
    return pad


HANDLERS: Final[dict[int, Callable[[Session, int, bytes, float], Work]]] = {
    Op.CREATE: _create,
    Op.SUB: _subscribe,
    Op.APPEND: append,
    Op.FETCH: _fetch,
    Op.BRIDGE: _bridge,
    Op.CHUNK_PUT: _chunk_put,
    Op.CHUNK_GET: _chunk_get,
    Op.TABLE: _table,
    Op.FILE_PUT: put_file,
    Op.FILE_LOOK: look_at_file,
    Op.FILE_DROP: drop_file,
    Op.PRES: _presence,
    Op.OWNER_REC: _owner_records,
    Op.FREEZE: freeze,
    Op.RESTORE: restore,
    Op.STH: _signed_head,
    Op.WATCH: _watch,
    Op.LOOKUP: _lookup,
    Op.UNSUB: _unsubscribe,
    **MEETINGS,
    **MOVES,
    **MAILBOXES,
    **LOGINS,
}
