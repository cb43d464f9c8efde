"""Who is in a pad, and taking people out of it: members, revoking, a day of expiry, destroying.

A member is an identity's public key with a name. The owner keeps the list; each change of keys is sealed to
those on it, and to nobody else. What is begun here and not done is remembered, and done by asking again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from cryptpad_relay.protocol.errors import Refused
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crypto.keys import Role
from cryptpad_tui.crypto.slots import NoMemberKey, box_key_of
from cryptpad_tui.engine import (
    appearing,
    chatting,
    creating,
    keyrings,
    known_members,
    lifetime,
    link_book,
    member_book,
    member_lines,
    member_notes,
    owner_list,
    owner_notes,
    people,
    removal,
    schedule_notes,
    standing,
    whereabouts,
)
from cryptpad_tui.engine.errors import (
    RelayRefused,
    UnknownMember,
)
from cryptpad_tui.engine.folders import agreeing, holders, owed_keys
from cryptpad_tui.engine.folders.book import FolderBook
from cryptpad_tui.engine.folders.owed_keys import Progress, Wanted
from cryptpad_tui.engine.link_book import BookLink
from cryptpad_tui.engine.member_book import BookMember
from cryptpad_tui.engine.member_lines import MemberLine, Membership
from cryptpad_tui.engine.owned_pads import in_step, owned
from cryptpad_tui.engine.teams import book as team_book
from cryptpad_tui.engine.verifying import connection_of
from cryptpad_tui.pad import flows, flows_epoch
from cryptpad_tui.pad.flows_epoch import Plan
from cryptpad_tui.pad.replica import Replica
from cryptpad_tui.pad.snapshots import make_snapshot
from cryptpad_tui.pad.spoken import owner_words

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine
    from cryptpad_tui.engine.session import PadSession

WHAT_REVOKING_DOES: Final = (
    "Whoever is out can read and change nothing that is written from now on, and every link made before opens"
    " the pad no more; what they have read or copied, nobody can take back."
)
WHAT_ENDING_A_LINK_DOES: Final = (
    "Whoever has this link can read and change nothing that is written from now on, and links without a name"
    " open the pad no more; members and the other named links go on. What was read or copied, nobody can take"
    " back."
)
MIN_KEY_CHARS: Final = 8


def members(engine: Engine, pad_id: bytes) -> Membership:
    """By the owner's list, and by who introduced themselves since the keys changed last."""
    with engine.borrowed(pad_id) as session:
        fold = session.replica.fold
        on_list = member_lines.listed(engine, session)
        profile = session.replica.profile
        lines = [MemberLine(profile.identity.public, profile.name, session.record.role, "me")]
        owners = owner_notes.lines(engine, pad_id)
        lines += [
            MemberLine(each.ident_pk, member_lines.name_of(session, each), each.role, "member")
            for each in on_list
            if each.ident_pk not in profile.own and each.ident_pk not in owners
        ]
        lines += [MemberLine(ident, name, role, how) for ident, (name, role, how) in owners.items()]
        known = {line.ident_pk for line in lines} | profile.own
        known |= known_members.aliases_of(engine, pad_id, known)
        for writer in fold.writers.values():
            if writer.ident_pk not in known and any(writer.ident_pk):
                known.add(writer.ident_pk)
                name = people.name_of(writer.ident_pk, fold.everybody)
                lines.append(MemberLine(writer.ident_pk, name, "edit", "link"))
        unfinished = member_book.is_unfinished(engine, pad_id)
        ends, (days, history) = lifetime.of(engine, session), member_book.schedule_of(engine, pad_id)
        return Membership(
            fold.epoch,
            tuple(lines),
            ends.expires_ms,
            unfinished,
            owner_words(pad_id),
            ends.idle_days,
            owed_keys.progress(engine, pad_id),
            every_days=days,
            every_history=history,
            by_card=not profile.is_pseudonym,
        )


def keep(
    engine: Engine, pad_id: bytes, ident_pk: bytes, *, role: Role, name: str = "", box_pk: bytes = b""
) -> None:
    """Put somebody on the owner's list: from the next change of keys on they get them by slot.

    `box_pk`: the X25519 key of their card; without one their identity's. Raises NotOwner or UnknownMember.
    """
    record = owned(engine, pad_id)
    try:
        box_pk or box_key_of(ident_pk)
    except NoMemberKey:
        raise UnknownMember from None
    with engine.borrowed(record.pad_id) as session:
        others = [each for each in member_lines.listed(engine, session) if each.ident_pk != ident_pk]
        word = "edit" if role is Role.EDIT else "view"
        name = name or people.name_of(ident_pk, session.replica.fold.everybody)
        member, epoch = BookMember(ident_pk, word, name, box_pk), session.replica.fold.epoch
        with engine.drive_session.replica.store.transaction():
            member_book.write(engine, pad_id, [*others, member])
            member_notes.put(engine, pad_id, epoch, member)
            owner_notes.note_epoch(engine, pad_id, epoch)
            engine.drive_session.flush()


def find_member(engine: Engine, pad_id: bytes, reference: str) -> MemberLine:
    """By name, or the beginning of the key in hex; raises UnknownMember where that is none or several."""
    lines = [line for line in members(engine, pad_id).lines if line.how != "me"]
    if meant := [line for line in lines if line.ident_pk.hex() == reference.lower()]:
        return meant[0]
    named = [line for line in lines if line.name == reference]
    if len(reference) >= MIN_KEY_CHARS:
        # Names are anybody's: one that is the beginning of another's key means neither of them.
        by_key = [line for line in lines if line.ident_pk.hex().startswith(reference.lower())]
        named += [line for line in by_key if line not in named]
    if len(named) != 1:
        raise UnknownMember
    return named[0]


async def revoke(
    engine: Engine,
    pad_id: bytes,
    *,
    drop: Sequence[bytes] = (),
    keep_links: Sequence[BookLink] = (),
    history: bool = True,
    wait_s: float = 10.0,
    told: Callable[[bytes, Progress], None] | None = None,
) -> Membership:
    """Change the keys: links end but for the named ones in `keep_links`, and of the members those in `drop`.
    The rest get the new keys by slot. Who is dropped may hold any link, so with them no link is kept.
    Of a shared folder, what is in it follows.

    Raises NotOwner, Alarm, RelayRefused or RelayUnreachable; asked again it goes on from where it was.
    """
    await _hear_other_machines(engine, wait_s)
    await change_keys(engine, pad_id, drop=drop, keep_links=keep_links, history=history, wait_s=wait_s)
    if owned(engine, pad_id).kind == PadKind.FOLDER:
        from cryptpad_tui.engine.folders import changing

        await changing.go_on(engine, told=told or changing.untold)
    return members(engine, pad_id)


async def _hear_other_machines(engine: Engine, wait_s: float) -> None:
    """Another one of one's own may have put somebody on the list, whom this would leave out."""
    drive = creating.drive_record(engine)
    if drive.uploaded:
        await engine.sync([drive.pad_id], wait_s=wait_s)


async def change_keys(
    engine: Engine,
    pad_id: bytes,
    *,
    drop: Sequence[bytes] = (),
    keep_links: Sequence[BookLink] = (),
    history: bool = True,
    quiet: bool = False,
    wait_s: float = 10.0,
) -> None:
    """The same for this pad alone: of a folder, what is in it is owed from here on.

    `quiet`: who is dropped was told already, of the folder that this one is in.
    """
    history &= owned(engine, pad_id).kind != PadKind.DRIVE
    team_book.refuse_seated(engine, pad_id, drop)
    wanted = [*drop, *member_book.dropping_of(engine, pad_id)]
    owner_notes.refuse_owners(engine, pad_id, known_members.all_keys(engine, pad_id, wanted))
    await in_step(engine, pad_id, wait_s)
    await owner_list.bring(engine, pad_id)
    drop = _still_out(engine, pad_id, wanted)
    kept_links = [] if drop else list(keep_links)
    session = engine.open_pad(pad_id)
    try:
        listed = [each for each in member_lines.listed(engine, session) if each.ident_pk not in drop]
        epoch, note = session.replica.fold.epoch, team_book.note_for(engine, session)
        with engine.drive_session.replica.store.transaction():
            member_book.begin(engine, pad_id, listed, drop=drop, history=history)
            ended = [link for link in link_book.links(engine, pad_id) if link not in kept_links]
            link_book.forget(engine, pad_id, ended)
            if session.kind is PadKind.FOLDER:
                owed_keys.begin(engine, pad_id, Wanted(tuple(drop), history))
        links = (
            *[link.kept() for link in kept_links],
            *holders.kept(engine, pad_id, owed_keys.newest_given(engine, pad_id)),
        )
        kept = tuple([member_lines.kept(each) for each in listed])
        plan = Plan(kept, history, note=note, links=links)
        await _turn(engine, session, plan, epoch, kept_links, () if quiet else drop)
    except Refused as refused:
        raise RelayRefused(refused.code) from None
    finally:
        session.close()
    await engine.sync([pad_id], wait_s=wait_s)


def _still_out(engine: Engine, pad_id: bytes, idents: Sequence[bytes]) -> tuple[bytes, ...]:
    """Every key of these, but for whom the team let in anew: while this change was on its way, or before it
    was begun again."""
    every = known_members.all_keys(engine, pad_id, idents)
    seated = set(every).difference(team_book.not_seated(engine, pad_id, every))
    stays = known_members.all_keys(engine, pad_id, sorted(seated))
    return tuple([ident for ident in every if ident not in stays])


async def _turn(
    engine: Engine,
    session: PadSession,
    plan: Plan,
    after: int,
    kept_links: Sequence[BookLink],
    drop: Sequence[bytes],
) -> None:
    """Bring the owner's record to the relay, note that it is done, and begin the epoch."""
    async with session.flows, connection_of(engine, session) as connection:
        try:
            await connection.run(
                flows_epoch.rotate(
                    session.replica,
                    session.record.secret,
                    plan,
                    connection.greeting,
                    rng=engine.rng,
                    after=after,
                )
            )
        finally:
            session.folded()
        link_book.led_on(engine, session.pad_id, kept_links, session.replica.fold.epoch)
        with engine.drive_session.replica.store.transaction():
            member_book.done(engine, session.pad_id, at_ms=engine.wall_ms())
            schedule_notes.put(engine, session.pad_id)
            owner_notes.note_epoch(engine, session.pad_id, session.replica.fold.epoch)
            leavers = team_book.who_left(engine, session.pad_id, drop)
            left = known_members.all_keys(engine, session.pad_id, leavers)
            removal.tell(engine, session.pad_id, [each for each in drop if each not in left])
            if session.kind is PadKind.FOLDER:
                owed_keys.turned(engine, session.pad_id, FolderBook(engine, session).contents().entries)
        await connection.run(flows.subscribe(session.replica, connection.greeting, rng=engine.rng))
        await connection.run(_first_snapshot(engine, session))


def _first_snapshot(engine: Engine, session: PadSession) -> flows.Flow[bool]:
    """What newcomers of the epoch begin at. Any editor makes one where this does not come through."""
    replica = session.replica
    if replica.fold.checkpoint_n != replica.fold.n:
        return False
    made = make_snapshot(replica.fold, rng=engine.rng)
    entries = flows.snapshot_entries(replica, made)
    try:
        return (yield from flows.send_snapshot(replica, made, entries))
    except Refused:
        return False


async def set_expiry(engine: Engine, pad_id: bytes, unix_ms: int, *, wait_s: float = 10.0) -> None:
    """Name the day on which the relay deletes the pad; 0 takes it back."""
    await _say(engine, pad_id, lambda replica, root: flows_epoch.expire(replica, root, unix_ms), wait_s)


async def set_unused(engine: Engine, pad_id: bytes, days: int, *, wait_s: float = 10.0) -> None:
    """Let the relay delete the pad after so many days without use; 0 takes it back."""
    await _say(engine, pad_id, lambda replica, root: flows_epoch.expire_unused(replica, root, days), wait_s)


async def destroy(engine: Engine, pad_id: bytes, *, wait_s: float = 10.0) -> None:
    """Delete the pad at its relay, for everybody and for good. The copy here stays until it is removed."""
    now_ms = engine.wall_ms()
    await _say(engine, pad_id, lambda replica, root: flows_epoch.delete(replica, root, now_ms=now_ms), wait_s)


async def _say(
    engine: Engine, pad_id: bytes, flow: Callable[[Replica, bytes], flows.Flow[object]], wait_s: float
) -> None:
    """Bring a record of the owner's to the relay, and fold it."""
    record = owned(engine, pad_id)
    await in_step(engine, pad_id, wait_s)
    session = engine.open_pad(pad_id)
    try:
        async with session.flows, connection_of(engine, session) as connection:
            await connection.run(flow(session.replica, record.secret))
    except Refused as refused:
        raise RelayRefused(refused.code) from None
    finally:
        session.close()
    await engine.sync([pad_id], wait_s=wait_s)


async def end_link(
    engine: Engine, pad_id: bytes, reference: str, *, history: bool = True, wait_s: float = 10.0
) -> BookLink:
    """End one named link, and every link without a name; members and the other named links go on.

    Raises what `revoke` does, and UnknownLink.
    """
    owned(engine, pad_id)
    ended = link_book.find(engine, pad_id, reference)
    others = [link for link in link_book.links(engine, pad_id) if link.key != ended.key]
    await revoke(engine, pad_id, keep_links=others, history=history, wait_s=wait_s)
    return ended


def links(engine: Engine, pad_id: bytes) -> list[BookLink]:
    """The owner's named links; raises NotOwner."""
    owned(engine, pad_id)
    return link_book.links(engine, pad_id)


def forget(engine: Engine, pad_id: bytes) -> None:
    """The pad was taken out of this vault."""
    keyrings.forget(engine, pad_id)
    member_book.forget(engine, pad_id)
    standing.forget(engine, pad_id)
    whereabouts.forget(engine, pad_id)
    lifetime.forget(engine, pad_id)
    chatting.forget(engine, pad_id)
    owner_notes.forget(engine, pad_id)
    agreeing.forget(engine, pad_id)
    appearing.forget(engine, pad_id)
