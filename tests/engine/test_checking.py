"""`vault check` names what changed behind the vault's back, and finds nothing in a vault that is whole."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from cryptpad_tui.engine import Engine
from cryptpad_tui.engine.checking import check_vault
from cryptpad_tui.host.paths import DATABASE_NAME
from cryptpad_tui.vault.care import compact, file_problems
from support.relay import RelayProcess

MakeEngine = Callable[..., Engine]


async def test_every_kind_of_change_is_found_and_a_whole_vault_has_none(
    make_engine: MakeEngine, relay: RelayProcess
) -> None:
    anna = make_engine("anna", relay_url=relay.url)
    pad = anna.create_pad("Plan", text="one").pad_id
    anna.create_pad("Other", text="two")
    await anna.sync()
    assert check_vault(anna) == []
    database, short = anna.vault._database, anna.listing_of(pad).short_id
    number = database.scalar("SELECT id FROM pad WHERE pad_id=?", (pad,))
    changes = (
        "UPDATE log SET entry=zeroblob(300) WHERE pad=? AND n=2",
        "UPDATE log SET void=1 WHERE pad=? AND n=2",
        "DELETE FROM log WHERE pad=? AND n=1",
        "UPDATE pad SET secret=zeroblob(32) WHERE id=?",
        "UPDATE pad SET genesis=zeroblob(236) WHERE id=?",
        "INSERT INTO outbox(pad, writer_pk, seq, entry_id, entry) VALUES(?,x'00',0,x'00',x'00')",
    )
    for statement in changes:
        found = []
        with contextlib.suppress(InterruptedError), database.transaction():
            database.execute(statement, (number,))
            anna.open_pads.take_out(pad, keep_writer=False)
            found = check_vault(anna)
            # What was changed is taken back.
            raise InterruptedError
        assert {each for each, _ in found} == {short}, statement
        anna.open_pads.take_out(pad, keep_writer=False)
    assert check_vault(anna) == []


async def test_compacting_gives_back_what_a_forgotten_pad_took(make_engine: MakeEngine) -> None:
    anna = make_engine("anna")
    pad = anna.create_pad("Plan", text="one " * 200_000).pad_id
    anna.create_pad("Other", text="two")
    anna.remove(pad)
    anna.vault._database.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    before, after = compact(anna.vault)
    assert after < before // 2
    assert file_problems(anna.vault) == []
    assert b"two" not in (anna.vault.directory / DATABASE_NAME).read_bytes()


async def test_a_changed_page_is_found(make_engine: MakeEngine) -> None:
    anna = make_engine("anna")
    anna.create_pad("Plan", text="one " * 50_000)
    await anna.close()
    path = anna.vault.directory / DATABASE_NAME
    raw = bytearray(path.read_bytes())
    # A page of the long text: nothing that opening reads.
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)
    again = make_engine("anna")
    assert file_problems(again.vault)
