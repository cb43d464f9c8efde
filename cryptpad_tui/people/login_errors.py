"""What goes wrong with a relay login. Each class docstring is the sentence that a person reads.

- `LoginError`
    - `BadLoginName`, `MistypedSecretKey`, `NotALoginPage`, `WeakPhrase`: what was typed cannot be one
    - `PhraseNotRepeated`: what was typed is not what was shown
    - `NoSuchLogin`: nothing at the relay for this name, passphrase and secret key
    - `NoLogin`, `LoginThere`: this account has none, or has one
    - `LoginsOff`: the relay keeps none
    - `LoginMoved`: it was changed elsewhere meanwhile
    - `WeakLogin`: a block whose passphrase would be guessed too cheaply
    - `LoginForged`: a block that its owner did not sign; an alarm
    - `LoginRolledBack`: a block older than one that this account knows of; an alarm
"""

from __future__ import annotations

from cryptpad_tui.people.errors import PeopleError


class LoginError(PeopleError):
    """Something about the login could not be done. Nothing was changed."""


class BadLoginName(LoginError):
    """A login's name is one word of at most 64 bytes, without spaces or control characters. Nothing was
    changed."""


class MistypedSecretKey(LoginError):
    """This is no secret key of a login: it has 32 characters in groups of four, and one of them is wrong.
    Nothing was changed; compare it with the page."""


class NotALoginPage(LoginError):
    """This is no page of a login, nor its QR code's text: it needs the lines `Relay:`, `Name:` and `Secret
    key:`. Nothing was changed; or give the name and --relay, and the secret key is asked for."""


class PhraseNotRepeated(LoginError):
    """What was typed is not the phrase that was shown. Nothing was made, and that phrase is good for nothing;
    begin again, and write it down first."""


class WeakPhrase(LoginError):
    """Without a secret key, a login's passphrase is six or more words that this program drew. Nothing was
    asked of the relay; type all of the words, or give the secret key from your page as well."""


class NoSuchLogin(LoginError):
    """The relay has nothing for this name, passphrase and secret key together. It cannot tell which of them
    is wrong, nor whether there is such a name. Nothing was changed; type them again, or check the relay."""


class NoLogin(LoginError):
    """This account has no login that this machine knows of. `cryptpad-tui login create NAME` makes one."""


class LoginThere(LoginError):
    """This account has a login already. Nothing was changed; `cryptpad-tui login change` gives it another
    passphrase, `login remove` ends it."""


class LoginsOff(LoginError):
    """This relay keeps no logins: its operator switched them off, or it is older. Nothing was changed; a new
    machine comes by `cryptpad-tui device add`, or by the recovery kit."""


class LoginFull(LoginError):
    """This relay has no room for another login. Nothing was changed; a new machine comes by `cryptpad-tui
    device add`, or by the recovery kit."""


class LoginMoved(LoginError):
    """The login was changed by another machine meanwhile. Nothing was changed here; run `cryptpad-tui sync`,
    then look at it with `cryptpad-tui login status`."""


class LoginUnsettled(LoginError):
    """The relay did not say whether it took the change, so the page that you have may be good or not.
    `cryptpad-tui login status` finds out when the relay can be reached."""


class WeakLogin(LoginError):
    """This login's passphrase could be guessed more cheaply than this program allows, or its hash would cost
    more memory than any honest one. Nothing was computed, opened or changed."""


class LoginForged(LoginError):
    """The relay gave a login that its owner did not sign, or that is another's. Nothing was opened and
    nothing is lost; come in by `cryptpad-tui device join` or the recovery kit, and ask who runs the relay."""


class LoginRolledBack(LoginError):
    """The relay shows an older login than this account had: one whose passphrase was changed or ended since.
    Your pads are safe from the relay, but who knows that old passphrase (and its key) can still sign in:
    change the account's root with `cryptpad-tui rotate-account`, and think of another relay."""
