"""What a vault can refuse. The docstring of each class is the sentence that a person reads.

- `VaultError`
    - `NoVault`, `VaultExists`: none where one is needed; one where none may be.
    - `HeaderMissing`: a database alone, which nothing opens.
    - `WrongSecret`
        - `WrongPassphrase`, `WrongRecoveryKey`, `WrongKeyfile`: does not open this vault.
        - `MistypedRecoveryKey`: cannot be a recovery key at all.
        - `MistypedKit`: cannot be a recovery kit.
        - `NoSuchSlot`: the vault was never given this way of opening it.
        - `RekeyDone`, `RekeyNotDone`: of an interrupted rekey, the secret that does not count.
        - `EmptyPassphrase`
    - `VaultLocked`: used after close().
    - `VaultBusy`: another process kept it for too long.
    - `VaultInUse`: another process has it open, where one must be alone.
    - `VaultDamaged`: truncated, foreign or changed files; `detail` says which.
    - `VaultTooNew`: made by a newer version.
    - `VaultUnsafe`: wrong owner, mode, link or file system; `detail` says which.
    - `KdfCostRefused`: a password cost that is too low to protect or too high to compute.
    - `NotEnoughMemory`: the password hash found no memory.
    - `EncryptionMissing`: the database engine here does not encrypt.
    - `DiskFull`, `StorageFailed`: a write that did not happen.
    - `NotABackup`, `BackupTooNew`, `BackupDamaged`: files that nothing can be restored from.
    - `NotOverwritten`: a file that is no backup, where one was to be written.
    - `AgentDidNotStart`
    - `UnknownPad`: no such pad in this vault.
    - `LogConflict`, `SeqReused`: storage that would contradict what is stored.
"""

from __future__ import annotations


class VaultError(Exception):
    """The vault refused. Nothing was changed."""

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        """More for the person, never secret: a path, a number. May be empty."""


class NoVault(VaultError):
    """There is no vault here yet. Make one with `cryptpad-tui init`."""


class HeaderMissing(VaultError):
    """A vault.db lies there without its vault.hdr, and nothing else opens it. It was left as it is. Put
    vault.hdr back from a backup, or begin anew with `cryptpad-tui init`, which keeps vault.db aside."""


class VaultExists(VaultError):
    """There is a vault here already, and it was left as it is. Choose another folder or use that vault."""


class WrongSecret(VaultError):
    """That does not open this vault. Nothing was changed; try again."""


class WrongPassphrase(WrongSecret):
    """The passphrase is wrong, or the vault's header was changed. Nothing was changed now; try again, and if
    you are sure of the passphrase, use the recovery key or a backup."""


class WrongRecoveryKey(WrongSecret):
    """This recovery key belongs to another vault or was replaced by a later one. Nothing was changed."""


class WrongKeyfile(WrongSecret):
    """This keyfile belongs to another vault or was changed. Nothing was changed."""


class MistypedRecoveryKey(WrongSecret):
    """This is not a recovery key: a character is missing or mistyped. Nothing was changed; compare it with
    the paper."""


class MistypedKit(WrongSecret):
    """This is not the whole of a recovery kit: a line is missing or mistyped. Nothing was changed; compare it
    with the paper."""


class NoSuchSlot(WrongSecret):
    """This vault was never set up to be opened in this way. Use its passphrase."""


class RekeyDone(WrongSecret):
    """The vault's key was changed, and that was interrupted at its very end. Nothing is lost; use the
    passphrase, recovery key or keyfile that was chosen then."""


class RekeyNotDone(WrongSecret):
    """The change of the vault's key was interrupted before it took effect. Nothing is lost; use the
    passphrase, recovery key or keyfile of before, and begin again."""


class EmptyPassphrase(WrongSecret):
    """An empty passphrase protects nothing. Nothing was changed; choose another."""


class VaultLocked(VaultError):
    """The vault is locked. What was saved is safe; unlock it to go on."""


class VaultBusy(VaultError):
    """Another window or command keeps the vault busy. Nothing was changed; try again in a moment."""


class VaultInUse(VaultError):
    """Another window or command has the vault open, and this must be done alone. Nothing was changed; end the
    others and try again."""


class VaultDamaged(VaultError):
    """A file of the vault is not as the vault left it: cut short, changed, or not a vault at all. It was not
    written to. Restore it from a backup; what reached a relay can also be joined again."""


class VaultTooNew(VaultError):
    """This vault was made by a newer version of cryptpad-tui. It was not touched; update the program."""


class VaultUnsafe(VaultError):
    """The vault's place is not safe, so it was not opened. Fix what is named and try again."""


class KdfCostRefused(VaultError):
    """The cost of the passphrase check must be 64 MiB to 1 GiB, a power of two, with 3 to 8 passes: less does
    not protect, more may stop this machine. Nothing was changed."""


class NotEnoughMemory(VaultError):
    """There is not enough free memory to check the passphrase. Nothing was changed; close something first."""


class EncryptionMissing(VaultError):
    """The database engine installed here cannot encrypt, so the vault was not opened. Install
    `apsw-sqlite3mc` and remove `apsw`."""


class DiskFull(VaultError):
    """There is no room left on the disk. What was saved before is safe, the last change was not saved; make
    room and go on."""


class StorageFailed(VaultError):
    """The disk refused to read or write. What was saved before is safe, the last change was not saved."""


class NotABackup(VaultError):
    """This file is not a backup of cryptpad-tui. Nothing was changed."""


class BackupTooNew(VaultError):
    """This backup was made by a newer version of cryptpad-tui. Nothing was changed; update the program."""


class BackupDamaged(VaultError):
    """This backup is not as it was written: cut short, or changed. Nothing of it was taken over; use another
    copy or an earlier backup."""


class NotOverwritten(VaultError):
    """There is a file of this name already, and it is no backup, so it was left as it is. Choose another
    name."""


class AgentDidNotStart(VaultError):
    """The process that would hold the key did not start, so the vault stays locked. Nothing was changed."""


class UnknownPad(VaultError):
    """There is no such pad in this vault. Nothing was changed."""


class LogConflict(VaultError):
    """A pad's history would change at a place that was verified before. It was not stored; the pad stays as
    it was."""


class SeqReused(VaultError):
    """A writer would sign a second entry at a place in its sequence. It was not stored; another writer must
    be started."""
