"""What the drive refuses; each docstring is the sentence for a person.

- `DriveError`
    - `IntoItself`, `TooDeep`: a folder would lie where none can
    - `NoFolder`, `SeveralFolders`: a path names none, or more than one
    - `BadTag`, `BadFolderName`: words that no tag or folder can have
"""

from __future__ import annotations


class DriveError(Exception):
    """The drive was left as it is."""


class IntoItself(DriveError):
    """A folder cannot lie in itself. Nothing was changed; choose another folder."""


class TooDeep(DriveError):
    """Folders lie at most 64 deep. Nothing was changed."""


class NoFolder(DriveError):
    """There is no such folder in this drive. Nothing was changed; `cryptpad-tui ls --tree` shows them."""


class SeveralFolders(DriveError):
    """Several folders have this path. Nothing was changed; rename one of them."""


class BadFolderName(DriveError):
    """A folder's name is one line of at most 200 characters without slashes. Nothing was changed."""


class BadTag(DriveError):
    """A tag is one word of at most 64 characters. Nothing was changed."""
