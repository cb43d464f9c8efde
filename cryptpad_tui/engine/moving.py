"""What follows a change of the account's root: others are told, pads begin anew, the old drive ends.

Each step is done or not begun, and this is called again until none is left. A pad that begins anew is in the
drive under both roots until the one of before lies in the trash: never in neither.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cryptpad_relay.protocol.errors import Code
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crypto.keys import identity_of, pseudonym_of
from cryptpad_tui.engine import logins, membership, rotating, standing
from cryptpad_tui.engine.errors import EngineError, RelayRefused, RelayUnreachable
from cryptpad_tui.engine.keyrings import former_roots
from cryptpad_tui.engine.listing import tree_of
from cryptpad_tui.engine.quoting import take_along
from cryptpad_tui.engine.values import SyncWord
from cryptpad_tui.pad.objects import FileBroken

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine
    from cryptpad_tui.engine.files.copying import Copy
    from cryptpad_tui.engine.session import PadSession


@dataclass(slots=True)
class Moved:
    """What became of one's own pads: how many began anew, and titles, raw."""

    anew: int = 0
    stay: list[str] = field(default_factory=list)
    """As they were, since others are in them."""
    broken: list[str] = field(default_factory=list)
    """As they were, since nobody has the bytes of the file, or they cannot be read."""
    shared: list[str] = field(default_factory=list)
    """Begun anew although others were in them, who need new links."""
    lost: list[str] = field(default_factory=list)
    """Files of pads that began anew, which nobody has."""
    later: int = 0
    """Whose text is not here yet."""
    waits_for: tuple[str, ...] = ()
    is_done: bool = False


def is_owed(engine: Engine) -> bool:
    return rotating.moving(engine) is not None if engine.vault.setting(rotating.PLAN) else False


async def go_on(engine: Engine, *, everything: bool = False, give_up: bool = False) -> Moved:
    """Do what can be done. `everything`: also pads that others are in, who then need new links. New keys for
    the same pad would not do: whoever has the old root has the owner's key, from which they all follow.

    `give_up`: wait no more for devices that have not come.
    """
    told, done = rotating.moving(engine), Moved()
    if told is None:
        done.is_done = True
        return done
    report = await engine.sync(wait_s=30.0)
    drive = engine.vault.pad(engine.drive_session.pad_id)
    if not report.unreachable and drive is not None and drive.uploaded:
        # The others' word first: without it they would go on where nobody is any more.
        report = await engine.sync_one(told.old_drive)
    await logins.drop_ended(engine)
    for name in sorted(engine.vault.settings_under(rotating.OWED)):
        await _begin_anew(engine, name, done, everything=everything)
    await engine.sync(wait_s=30.0)
    told = rotating.moving(engine) or told
    done.waits_for = () if give_up else told.waits_for
    if not (report.unreachable or report.waiting or done.waits_for or done.later):
        await _end_old_drive(engine, told.old_drive)
        done.is_done = rotating.moving(engine) is None
    return done


async def _begin_anew(engine: Engine, name: str, done: Moved, *, everything: bool) -> None:
    """One pad, as a pad of its own with the same content and place; the old one goes into the trash."""
    from cryptpad_tui.engine.files.copying import copy_of

    pad_id, vault = bytes.fromhex(name.removeprefix(rotating.OWED)), engine.vault
    record = vault.pad(pad_id)
    if record is None or record.role != "owner" or tree_of(engine).placed(pad_id.hex()).trashed_ms:
        vault.set_setting(name, None)
        return
    with engine.borrowed(pad_id) as session:
        if record.uploaded and not session.replica.fold.n:
            done.later += 1
            return
        title, own = session.title(), own_keys(engine, pad_id)
        is_shared = not is_alone(engine, session, own)
        if session.kind is PadKind.FOLDER or (is_shared and not everything):
            done.stay.append(title)
            vault.set_setting(name, None)
            return
        try:
            async with copy_of(engine, pad_id, whole=True) as copy:
                _put_in_its_place(engine, name, copy, str(session.view.meta("title") or ""), own)
        except RelayUnreachable:
            done.later += 1
            return
        except (EngineError, FileBroken):
            done.broken.append(title)
            vault.set_setting(name, None)
            return
    done.anew += 1
    done.lost += [ref.name for ref in copy.missing]
    done.shared += [title] if is_shared else []


def _put_in_its_place(engine: Engine, name: str, copy: Copy, title: str, own: Collection[bytes]) -> None:
    pad_id, drive, tree = bytes.fromhex(name.removeprefix(rotating.OWED)), engine.drive, tree_of(engine)
    placed = tree.placed(pad_id.hex())
    with engine.drive_session.replica.store.transaction():
        made = copy.make(title, lambda source, into: take_along(source, into, own))
        drive.move_pad(made.pad_id, tree.folder_of(pad_id.hex()))
        if placed.name:
            drive.set_name(made.pad_id, placed.name)
        drive.tag(made.pad_id, placed.tags, ())
        drive.set_template(made.pad_id, on=placed.template)
        drive.trash(pad_id, engine.wall_ms())
        engine.drive_session.flush()
        engine.vault.set_setting(name, None)


def own_keys(engine: Engine, pad_id: bytes) -> set[bytes]:
    """By which others know this person in a pad, also from before."""
    roots = [engine.vault.account_root, *former_roots(engine)]
    return {key.public for root in roots for key in (pseudonym_of(root, pad_id), identity_of(root))}


def is_alone(engine: Engine, session: PadSession, own: Collection[bytes]) -> bool:
    """Whether nobody else is known to be in it: no writer, nobody on the list, and no named link."""
    others = [line for line in membership.members(engine, session.pad_id).lines if line.how != "me"]
    named = membership.links(engine, session.pad_id)
    return all(line.ident_pk in own for line in others) and not named


async def _end_old_drive(engine: Engine, old_drive: bytes) -> None:
    """Deleted at its relay: who has the root of before alone finds no keys there. Then forgotten here."""
    if standing.standing_of(engine, old_drive) is not SyncWord.DELETED:
        try:
            await membership.destroy(engine, old_drive)
        except RelayRefused as refused:
            if refused.code is not Code.DELETED:
                raise
    session = engine.session_of(old_drive)
    with engine.drive_session.replica.store.transaction():
        engine.vault.set_setting(rotating.PLAN, None)
        engine.vault.forget_pad(old_drive)
        membership.forget(engine, old_drive)
    if session is not None:
        engine.open_pads.take_out(old_drive, keep_writer=False)
        engine.relays.let_go(session)
