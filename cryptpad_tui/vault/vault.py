"""A person's vault, opened: the facade that the rest of the program holds.

Opening needs one secret of three. What it gives out is rows and the account's root; what it never gives out
is the master key. All processes that have the vault open share it, and none of them can sign for another.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, TypeVar, cast

from cryptpad_tui.host import files
from cryptpad_tui.host.clock import ClockMs, wall_ms
from cryptpad_tui.host.entropy import Rng, random_bytes
from cryptpad_tui.host.paths import DATABASE_NAME, HEADER_NAME
from cryptpad_tui.vault import headerfile
from cryptpad_tui.vault.database import Database, remove_files
from cryptpad_tui.vault.errors import (
    NoSuchSlot,
    NoVault,
    VaultDamaged,
    VaultError,
    VaultExists,
    VaultInUse,
    VaultLocked,
    WrongSecret,
)
from cryptpad_tui.vault.header import MASTER_KEY_BYTES, Header, SlotType
from cryptpad_tui.vault.keys import MasterKey
from cryptpad_tui.vault.leases import Leases
from cryptpad_tui.vault.opening import (
    PROCESSES_NAME,
    Entered,
    check_place,
    chosen_secret,
    create_database,
    enter,
    make_header,
)
from cryptpad_tui.vault.passwords import DEFAULT_MEMORY_MIB, KdfCost
from cryptpad_tui.vault.processes import ProcessLock, others_alive
from cryptpad_tui.vault.recovery import RECOVERY_SECRET_BYTES, format_recovery_key
from cryptpad_tui.vault.seam import host_errors_translated
from cryptpad_tui.vault.slots import make_slot, open_slot
from cryptpad_tui.vault.tables import Tables

ROOT_BYTES: Final = 32
T = TypeVar("T")


class Vault(Tables):
    """Made by create() or open(); close() locks it. What the disk refuses arrives as VaultError."""

    def __init__(
        self,
        directory: Path,
        *,
        database: Database,
        master_key: MasterKey,
        opened_by: SlotType,
        process: ProcessLock,
        rng: Rng,
        now: ClockMs,
    ) -> None:
        super().__init__(database)
        self.directory = directory
        self._master_key = master_key
        self._opened_by = opened_by
        self._process = process
        self._leases = Leases(database, process, now)
        self._rng = rng
        self.__account_root = cast(
            bytes, database.scalar("SELECT value FROM secret WHERE name='account_root'") or b""
        )
        if len(self.__account_root) != ROOT_BYTES:
            raise VaultDamaged("vault.db has no account in it")

    @classmethod
    def create(
        cls,
        directory: Path,
        passphrase: bytes,
        *,
        name: str,
        relay_url: str | None,
        kdf_memory_mib: int = DEFAULT_MEMORY_MIB,
        recovery: bool = False,
        keyfile: Path | None = None,
        account_root: bytes | None = None,
        fill: Callable[[Tables], None] = lambda tables: None,
        allow_network: bool = False,
        rng: Rng = random_bytes,
        now: ClockMs = wall_ms,
    ) -> tuple[Vault, str | None]:
        """Make a vault; also the recovery key, to be shown once, where `recovery` asks for one.

        `account_root`: of an account that there is already; without it, this is a new one. `fill` writes what
        is in the vault from its first moment.

        The header is written last, so a crash leaves no vault rather than half of one.
        """
        cost = KdfCost.of_memory(kdf_memory_mib)
        with host_errors_translated():
            files.ensure_private_dir(directory)
        check_place(directory, allow_network)
        with headerfile.header_locked(directory):
            if os.path.lexists(directory / HEADER_NAME):
                raise VaultExists(str(directory))
            master_key = MasterKey(rng(MASTER_KEY_BYTES))
            secrets: dict[SlotType, bytes] = {SlotType.PASSPHRASE: passphrase}
            if recovery:
                secrets[SlotType.RECOVERY_KEY] = rng(RECOVERY_SECRET_BYTES)
            if keyfile is not None:
                secrets[SlotType.KEYFILE] = headerfile.make_or_read_keyfile(keyfile, rng)
            header = make_header(secrets, master_key, cost, rng)
            database = create_database(
                directory, master_key, account_root or rng(ROOT_BYTES), name, relay_url, fill
            )
            try:
                headerfile.write_header(directory, header)
            except BaseException:
                database.close()
                remove_files(directory / DATABASE_NAME)
                raise
            with host_errors_translated():
                process = ProcessLock.take(directory / PROCESSES_NAME, rng)
        entered = Entered(database, master_key, process)
        vault = cls._opened(directory, entered, SlotType.PASSPHRASE, rng, now)
        return vault, format_recovery_key(secrets[SlotType.RECOVERY_KEY]) if recovery else None

    @classmethod
    def open(
        cls,
        directory: Path,
        *,
        passphrase: bytes | None = None,
        recovery_key: str | None = None,
        keyfile: Path | None = None,
        allow_network: bool = False,
        rng: Rng = random_bytes,
        now: ClockMs = wall_ms,
    ) -> Vault:
        """Open with exactly one secret; with a passphrase this takes the whole cost of its hash."""
        if not os.path.lexists(directory):
            raise NoVault(str(directory))
        slot_type, secret = chosen_secret(passphrase, recovery_key, keyfile)
        entered = enter(
            directory,
            lambda header: open_slot(header, slot_type, secret),
            rng,
            allow_network=allow_network,
        )
        return cls._opened(directory, entered, slot_type, rng, now)

    @classmethod
    def open_held(
        cls,
        directory: Path,
        vault_id: bytes,
        master_key: bytes,
        *,
        rng: Rng = random_bytes,
        now: ClockMs = wall_ms,
    ) -> Vault:
        """Open with a key that was held since an earlier opening; WrongSecret where it is another vault's."""

        def key_of(header: Header) -> bytes:
            if header.vault_id != vault_id:
                raise WrongSecret("held key")
            return master_key

        return cls._opened(directory, enter(directory, key_of, rng), SlotType.PASSPHRASE, rng, now)

    @classmethod
    def _opened(cls, directory: Path, entered: Entered, opened_by: SlotType, rng: Rng, now: ClockMs) -> Vault:
        with contextlib.ExitStack() as undo:
            undo.callback(entered.process.release)
            undo.callback(entered.database.close)
            vault = cls(
                directory,
                database=entered.database,
                master_key=entered.master_key,
                opened_by=opened_by,
                process=entered.process,
                rng=rng,
                now=now,
            )
            undo.pop_all()
        with contextlib.suppress(VaultError):
            vault.purge_forgotten()
        return vault

    def __repr__(self) -> str:
        return f"Vault({str(self.directory)!r})"

    def close(self) -> None:
        """Lock: give back leases, drop keys. Idempotent; a later call of another method is VaultLocked."""
        self.__account_root = b""
        self._master_key.wipe()
        # A full disk keeps the rows, and the dead process lock passes them on all the same.
        with contextlib.suppress(VaultError):
            self._leases.release_all()
        self._database.close()
        self._process.release()

    @property
    def account_root(self) -> bytes:
        """32 bytes: the root of the person's identity and drive."""
        if not self.__account_root:
            raise VaultLocked()
        return self.__account_root

    def set_account_root(self, account_root: bytes) -> None:
        """Become another account: for a vault that nothing was kept in."""
        if len(account_root) != ROOT_BYTES:
            raise ValueError("account root of wrong length")
        self._database.execute("UPDATE secret SET value=? WHERE name='account_root'", (account_root,))
        self.__account_root = account_root

    def change_passphrase(self, old: bytes, new: bytes) -> None:
        """Seal the master key for `new` in place of `old`. Copies of the old header still open with `old`."""
        self._replace_slot(SlotType.PASSPHRASE, new, old=old)

    def reset_passphrase(self, new: bytes) -> None:
        """The same without the old one, for who came in by recovery key or keyfile; else NoSuchSlot."""
        if self._opened_by is SlotType.PASSPHRASE:
            raise NoSuchSlot("opened by passphrase")
        self._replace_slot(SlotType.PASSPHRASE, new)

    def make_recovery_key(self) -> str:
        """A recovery key, to be shown once; an earlier one opens this vault no more."""
        secret = self._rng(RECOVERY_SECRET_BYTES)
        self._replace_slot(SlotType.RECOVERY_KEY, secret)
        return format_recovery_key(secret)

    def _replace_slot(self, slot_type: SlotType, secret: bytes, *, old: bytes | None = None) -> None:
        master_key = self._master_key.reveal()
        with headerfile.header_locked(self.directory):
            header = headerfile.read_header(self.directory)
            if old is not None and open_slot(header, slot_type, old) != master_key:
                raise VaultDamaged("vault.hdr belongs to another vault")
            before = header.slot(slot_type)
            cost = before.cost if before is not None else None
            slot = make_slot(slot_type, secret, master_key, header.vault_id, cost, self._rng)
            headerfile.write_header(self.directory, header.with_slot(slot))

    def sealing_key(self) -> bytes:
        """The master key, for a backup that opens like this vault and for the agent. Secret."""
        return self._master_key.reveal()

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """While nobody else has the vault open, nor can open it; raises VaultInUse."""
        with headerfile.header_locked(self.directory):
            if others_alive(self.directory / PROCESSES_NAME, self.process_token()):
                raise VaultInUse()
            yield

    def backup_rows(self, rows_of: Callable[[Database], Iterator[T]]) -> Iterator[T]:
        """Rows of this moment, while other windows go on writing."""
        with self._database.snapshot():
            yield from rows_of(self._database)

    def process_token(self) -> str:
        """This process's name among those that have the vault open; another one after each opening."""
        return self._process.token

    def is_alive(self, token: str) -> bool:
        """Whether that process still has the vault open. Needs no clock: see processes.py."""
        return self._process.is_alive(token)

    def register_writer(self, pad_id: bytes, writer_pk: bytes) -> None:
        self._leases.register_writer(pad_id, writer_pk)

    def writer_owner(self, pad_id: bytes, writer_pk: bytes) -> str | None:
        return self._leases.writer_owner(pad_id, writer_pk)

    def acquire_lease(self, pad_id: bytes) -> bool:
        return self._leases.acquire(pad_id)

    def release_lease(self, pad_id: bytes) -> None:
        self._leases.release(pad_id)

    def lease_heartbeat_ms(self, pad_id: bytes) -> int | None:
        return self._leases.heartbeat_ms(pad_id)
