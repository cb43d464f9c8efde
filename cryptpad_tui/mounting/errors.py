"""What can be wrong with a folder on disk. Each class's docstring is the sentence that a person reads."""

from __future__ import annotations


class MountError(Exception):
    """The folder on disk could not be kept in step. The pads are safe in the drive."""


class NoSuchDirectory(MountError):
    """There is no such folder on disk that you may write to. Nothing was changed; make it first."""


class MountGone(MountError):
    """The folder on disk is not there any more, or is another one. Nothing was removed from the
    drive; bring it back and start `mount-dir` again."""


class MountedAlready(MountError):
    """Another `mount-dir` keeps this folder on disk in step. Nothing was changed; stop that one first."""


class MountedElsewhere(MountError):
    """This folder on disk follows another folder of a drive. Nothing was changed; use an empty
    one, or remove its file .cryptpad-tui-mount if that is over."""


class TooManyFiles(MountError):
    """There are too many files in it. Nothing was changed; mount a smaller folder."""


class StaleFile(MountError):
    """The file changed in this moment; it is looked at again."""


class TooLargeForFile(MountError):
    """The pad is larger than a file that is read back, so its file stays as it was; the pad is whole."""


class TooManyPads(MountError):
    """There are too many pads in it. Nothing was changed; mount a smaller folder."""
