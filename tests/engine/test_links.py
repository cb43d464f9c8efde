"""Links with a name: locked, listed, and ended one by one, with real vaults and a real relay."""

from __future__ import annotations

import asyncio

import pytest

from cryptpad_relay.protocol.owner_records import parse_record
from cryptpad_tui.crypto.errors import BadLink, LinkStaysLocked
from cryptpad_tui.crypto.keys import Role, identity_of
from cryptpad_tui.crypto.links import decode_link
from cryptpad_tui.crypto.locked_links import LockedLink, read_link
from cryptpad_tui.engine import Engine, SyncWord, codes, link_book, linking, member_book, membership, schedule
from cryptpad_tui.engine.errors import LinkNameTaken, NotOwner, RelayRefused, UnknownLink
from cryptpad_tui.pad.codes import Code, CodeError, WrongCode
from cryptpad_tui.pad.spoken import owner_words
from support.relay import RelayProcess
from support.sessions import MakeEngine, append


def text_of(engine: Engine, pad_id: bytes) -> str:
    with engine.borrowed(pad_id) as session:
        return session.view.text()


async def write(engine: Engine, pad_id: bytes, text: str) -> None:
    with engine.borrowed(pad_id) as session:
        append(session, text)
    await engine.sync([pad_id])


async def by_code(anna: Engine, pad_id: bytes, guest: Engine, url: str) -> str:
    """Anna shows a code and the guest enters it."""
    shown: asyncio.Future[Code] = asyncio.get_running_loop().create_future()
    giving = asyncio.create_task(codes.give_link(anna, pad_id, view=False, show=shown.set_result))
    link = await codes.take_link_here(guest, await shown, url=url)
    await giving
    return link


async def test_a_locked_link_a_code_and_a_link_that_ends_alone(
    relay: RelayProcess, make_engine: MakeEngine
) -> None:
    """The owner ends one link: whoever has it is out, whoever has another stays, and may still come."""
    anna = make_engine("Anna", relay_url=relay.url)
    boris, carla, dora = make_engine("Boris"), make_engine("Carla"), make_engine("Dora")
    pad_id = anna.create_pad("Plans", text="Plans.\n").pad_id
    for_boris = await anna.make_link(pad_id, view=False, label="Boris", passphrase=b"tulips in may")
    for_carla = await anna.make_link(pad_id, view=False, label="Carla")
    assert [link.name for link in membership.links(anna, pad_id)] == ["Boris", "Carla"]
    with pytest.raises(LinkNameTaken):
        await anna.make_link(pad_id, view=True, label="Carla")

    locked = read_link(for_boris)
    assert isinstance(locked, LockedLink)
    with pytest.raises(LinkStaysLocked):
        locked.unlock(b"roses in may")
    with pytest.raises(BadLink, match="locked"):
        await boris.join(for_boris)
    opened = locked.unlock(b"tulips in may")
    facts = await linking.look(boris, opened, wait_s=10)
    assert (facts.role, facts.words, facts.is_here) == ("edit", owner_words(pad_id), False)
    assert facts.relay == opened.address
    assert boris.listing() == []
    await boris.join(opened)
    await carla.join(for_carla)
    await dora.join(await by_code(anna, pad_id, dora, relay.url))
    await write(boris, pad_id, "Boris.\n")

    await anna.sync([pad_id])
    ended = await membership.end_link(anna, pad_id, "Carla")
    assert ended.label == "Carla"
    assert [link.name for link in membership.links(anna, pad_id)] == ["Boris"]
    await write(anna, pad_id, "Not for Carla.\n")
    for engine in (boris, carla, dora):
        await engine.sync([pad_id])
    assert text_of(boris, pad_id) == text_of(anna, pad_id)
    assert "Not for Carla" not in text_of(carla, pad_id)
    assert carla.listing_of(pad_id).sync is SyncWord.REMOVED
    assert dora.listing_of(pad_id).sync is SyncWord.REMOVED, "a link without a name ends with any"
    with pytest.raises(BadLink, match="ended it"):
        await make_engine("Eve").join(for_carla)

    emil = make_engine("Emil")
    await emil.join(opened)
    assert text_of(emil, pad_id) == text_of(anna, pad_id), "the link that stayed opens the pad as it is"
    await write(emil, pad_id, "Emil.\n")
    await anna.sync([pad_id])
    assert "Emil." in text_of(anna, pad_id)


async def test_taking_somebody_out_ends_named_links_too_and_says_which(
    relay: RelayProcess, make_engine: MakeEngine
) -> None:
    anna, boris = make_engine("Anna", relay_url=relay.url), make_engine("Boris")
    pad_id = anna.create_pad("Plans", text="Plans.\n").pad_id
    link = await anna.make_link(pad_id, view=False, label="everybody")
    await boris.join(link)
    await write(boris, pad_id, "Boris.\n")
    await anna.sync([pad_id])
    with pytest.raises(NotOwner):
        await boris.make_link(pad_id, view=True, label="mine")
    with pytest.raises(NotOwner):
        membership.links(boris, pad_id)
    out = membership.find_member(anna, pad_id, "Boris")
    named = membership.links(anna, pad_id)
    # Who is taken out may hold any link, so that keeping one is not kept to.
    await membership.revoke(anna, pad_id, drop=[out.ident_pk], keep_links=named)
    assert membership.links(anna, pad_id) == []
    await boris.sync([pad_id])
    assert boris.listing_of(pad_id).sync is SyncWord.REMOVED
    with pytest.raises(UnknownLink):
        await membership.end_link(anna, pad_id, "everybody")
    with pytest.raises(BadLink, match="ended it"):
        await make_engine("Carla").join(link)


async def test_keys_that_change_while_an_invitation_is_on_its_way_shut_no_member_out(
    relay: RelayProcess, make_engine: MakeEngine
) -> None:
    """The owner's record lets them in, by the right that it names; the link alone opens nothing any more."""
    anna = make_engine("Anna", relay_url=relay.url)
    boris, carla = make_engine("Boris"), make_engine("Carla")
    pad_id = anna.create_pad("Plans", text="Plans.\n").pad_id
    link = await anna.make_link(pad_id, view=False)
    membership.keep(anna, pad_id, identity_of(boris.vault.account_root).public, role=Role.VIEW, name="Boris")
    await membership.revoke(anna, pad_id)
    await boris.join(link)
    assert text_of(boris, pad_id) == "Plans.\n"
    with boris.borrowed(pad_id) as session:
        assert not session.can_edit
    with pytest.raises(BadLink, match="changed its keys"):
        await carla.join(link)


async def test_keys_that_change_by_themselves_take_nobody_with_a_named_link_out(
    relay: RelayProcess, make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor do they give newcomers the history that the owner keeps from them."""
    anna, boris = make_engine("Anna", relay_url=relay.url), make_engine("Boris")
    pad_id = anna.create_pad("Plans", text="Plans.\n").pad_id
    link = await anna.make_link(pad_id, view=True, label="readers")
    await boris.join(link)
    schedule.set_schedule(anna, pad_id, 7, history=False)
    now = anna.wall_ms
    monkeypatch.setattr(anna, "wall_ms", lambda: now() + 8 * member_book.DAY_MS)
    assert await schedule.rotate_due(anna) == [pad_id]
    [named] = link_book.links(anna, pad_id)
    assert (named.epoch, named.role) == (1, "view")
    await write(anna, pad_id, "Under other keys.\n")
    await boris.sync([pad_id])
    assert text_of(boris, pad_id) == text_of(anna, pad_id)
    assert not boris.vault.pad(pad_id) or boris.vault.pad(pad_id).epoch == 1  # type: ignore[union-attr]
    with anna.borrowed(pad_id) as session:
        raw = session.replica.stored_entry(session.replica.fold.mark.n)
        assert raw is not None
        assert session.replica.ring.roster(parse_record(raw)).previous_view_seed is None  # type: ignore[arg-type]


async def test_a_wrong_guess_at_a_code_burns_it_for_who_was_meant(
    relay: RelayProcess, make_engine: MakeEngine
) -> None:
    """A code guessed online, over a real relay: the guesser gets nothing, and the owner is told."""
    anna = make_engine("Anna", relay_url=relay.url)
    guesser, boris = make_engine("Mallory"), make_engine("Boris")
    pad_id = anna.create_pad("Plans").pad_id
    shown: asyncio.Future[Code] = asyncio.get_running_loop().create_future()
    giving = asyncio.create_task(codes.give_link(anna, pad_id, view=False, show=shown.set_result))
    code = await shown
    wrong = Code(code.number, ("cedar", "tulip") if code.words != ("cedar", "tulip") else ("cedar", "tiger"))
    with pytest.raises(WrongCode):
        await codes.take_link_here(guesser, wrong, url=relay.url)
    with pytest.raises(WrongCode):
        await giving
    with pytest.raises((CodeError, RelayRefused)):
        await codes.take_link_here(boris, code, url=relay.url)
    assert decode_link(await by_code(anna, pad_id, boris, relay.url)).pad_id == pad_id
