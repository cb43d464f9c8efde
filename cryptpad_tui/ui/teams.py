"""A team on the screen: its roster, and who may acts on it by a list, somebody in it, and one sentence.

It asks and shows; `engine.teams` does. Nothing happens before a person chose it a second time. All names are
made safe here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cryptpad_tui.ui import words
from cryptpad_tui.ui.failures import engine_failures
from cryptpad_tui.ui.screens.dialogs import AskDialog, ChooseDialog
from cryptpad_tui.ui.screens.options import Option

if TYPE_CHECKING:
    from cryptpad_tui.engine import Engine
    from cryptpad_tui.engine.teams.telling import TeamMember, TeamView
    from cryptpad_tui.ui.app import CryptpadApp

_CLOSE, _INVITE, _LEAVE, _KEYS = "close", "invite", "leave", "keys"
_ROLES: Final = {
    "viewer": "reads",
    "editor": "reads and writes",
    "admin": "lets people in and out, too",
    "owner": "may do everything, and stays",
}
_MARK_CHARS: Final = 16
_WHAT_OUT: Final = (
    "It counts for everybody at once. The keys change when an owner's machine sees it: until then they read"
    " and write what they can still open. What they have read or copied, nobody can take back."
)
_WHAT_LEAVING: Final = (
    "You are off the roster at once. What you put there stays with the others. For you the folder {kept}."
)


class TeamErrands:
    """For one team, while its dialog is open."""

    def __init__(self, app: CryptpadApp, engine: Engine, folder: bytes) -> None:
        self._app, self._engine, self._folder = app, engine, folder

    async def show(self) -> bool:
        """The roster until the person is done; whether they asked for links and keys."""
        from cryptpad_tui.engine.teams import telling

        while True:
            team = telling.view(self._engine, self._folder)
            chosen = await self._app.push_screen_wait(roster_dialog(team))
            if chosen in (None, _CLOSE):
                return False
            if chosen == _KEYS:
                return True
            try:
                if chosen == _INVITE:
                    await self._invite(team)
                elif chosen == _LEAVE:
                    if await self._leave(team):
                        return False
                else:
                    await self._change(team, next(m for m in team.members if m.ident_pk.hex() == chosen))
            except engine_failures() as error:
                self._app.say(f"Nothing was changed. {words.sentence_of(error)}", "warning")

    async def _change(self, team: TeamView, member: TeamMember) -> None:
        from cryptpad_tui.engine.teams import acting
        from cryptpad_tui.people.roster_ops import RANKS

        name, key = words.safe_title(member.name), member.ident_pk.hex()
        options = [Option("keep", "Leave it as it is")]
        options += [
            Option(role, f"Make {name} {_a(role)}: {_ROLES[role]}") for role in roles_for(team, member)
        ]
        options += [Option("out", f"Take {name} out")] if can_take_out(team, member) else []
        sentences = (f"{name} ({key[:_MARK_CHARS]}) is {_a(member.role)}: {_ROLES[member.role]}.",)
        chosen = await self._app.push_screen_wait(
            ChooseDialog(f"{name} in “{_title(team)}”", sentences, options)
        )
        if chosen in (None, "keep"):
            return
        if chosen == "out":
            if not await self._sure(f"Take {name} out?", _WHAT_OUT, "Take them out"):
                return
            acting.remove(self._engine, self._folder, key)
            self._app.say(f"{name} is out of the team.")
        elif chosen == "owner":
            from cryptpad_tui.engine.owning import WHAT_OWNING_MEANS

            if not await self._sure("A second owner?", WHAT_OWNING_MEANS, "Offer it"):
                return
            await acting.set_role(self._engine, self._folder, key, RANKS[chosen])
            self._engine.mail.soon()
            self._app.say(f"Offered to {name}. The answer comes into your inbox.")
            return
        else:
            await acting.set_role(self._engine, self._folder, key, RANKS[chosen])
            self._app.say(f"{name} is {_a(chosen)} from here on.")
        await self._follow()

    async def _invite(self, team: TeamView) -> None:
        from cryptpad_tui.engine import contacts
        from cryptpad_tui.engine.teams import acting
        from cryptpad_tui.people.contacts import Standing
        from cryptpad_tui.people.roster_ops import RANKS

        here = {member.contact for member in team.members}
        known = [each for each in contacts.lines(self._engine) if each.standing is Standing.CONTACT]
        options = [Option(each.id, words.safe_title(each.name)) for each in known if each.name not in here]
        if not options:
            self._app.say("There is no contact who is not in the team; a card makes one.", "warning")
            return
        question = ChooseDialog(f"Let whom into “{_title(team)}”?", (), [Option(_CLOSE, "Nobody"), *options])
        who = await self._app.push_screen_wait(question)
        if who in (None, _CLOSE):
            return
        name = next(option.text for option in options if option.name == who)
        may = ("viewer", "editor", "admin") if team.mine == "owner" else ("viewer", "editor")
        roles = [Option(role, f"As {role}: {_ROLES[role]}") for role in may]
        role = await self._app.push_screen_wait(ChooseDialog(f"{name} in “{_title(team)}”", (), roles))
        if role is None:
            return
        note = await self._app.push_screen_wait(AskDialog("A sentence that goes with it; may be empty"))
        if note is None:
            return
        self._app.say("Sending what the invitation needs…")
        await acting.invite(self._engine, self._folder, who, RANKS[role], note=note)
        self._engine.mail.soon()
        self._app.say(f"Invited {name} as {role}.")

    async def _leave(self, team: TeamView) -> bool:
        from cryptpad_tui.engine.teams import acting

        sentence = _WHAT_LEAVING.format(kept=acting.what_leaving_keeps(self._engine, self._folder))
        if not await self._sure(f"Leave “{_title(team)}”?", sentence, "Leave the team"):
            return False
        told = acting.leave(self._engine, self._folder)
        self._engine.mail.soon()
        heard = f" {words.safe_title(told.name)} is told." if told is not None else ""
        self._app.say(f"You left the team.{heard}")
        return True

    async def _sure(self, title: str, sentence: str, deed: str) -> bool:
        options = (Option("keep", "Leave it as it is"), Option("do", deed))
        return await self._app.push_screen_wait(ChooseDialog(title, (sentence,), options)) == "do"

    async def _follow(self) -> None:
        """This machine is the first owner's that sees it, where it is one."""
        from cryptpad_tui.engine.teams import settling

        record = self._engine.vault.pad(self._folder)
        if record is None or record.role != "owner":
            return
        for sentence in await settling.settle_team(self._engine, self._folder):
            self._app.say(words.safe_title(sentence))


def roster_dialog(team: TeamView) -> ChooseDialog:
    """Everybody with their role; those first whom this person may act on by a choice."""
    sentences = [_line(member) for member in team.members]
    sentences += [words.safe_title(sentence) for sentence in team.sentences]
    options = [Option(_CLOSE, "Close")]
    if team.mine in ("owner", "admin"):
        options.append(Option(_INVITE, "Let a contact in…"))
    for member in team.members:
        if roles_for(team, member) or can_take_out(team, member):
            text = f"{words.safe_title(member.name)} ({member.ident_pk.hex()[:_MARK_CHARS]}), {member.role}…"
            options.append(Option(member.ident_pk.hex(), text))
    if team.mine:
        options.append(Option(_LEAVE, "Leave the team…"))
    options.append(Option(_KEYS, "Links, keys and who is here…"))
    return ChooseDialog(f"The team “{_title(team)}”", sentences, options)


def roles_for(team: TeamView, member: TeamMember) -> list[str]:
    """What this person may make of somebody."""
    if member.role == "owner" or member.me:
        return []
    if team.mine == "owner":
        others = [role for role in ("viewer", "editor", "admin") if role != member.role or member.is_short]
        return [*others, "owner"] if member.role == "admin" and member.contact is not None else others
    low = ("viewer", "editor")
    return (
        [role for role in low if role != member.role] if team.mine == "admin" and member.role in low else []
    )


def can_take_out(team: TeamView, member: TeamMember) -> bool:
    if member.me or member.role == "owner":
        return False
    return team.mine == "owner" or (team.mine == "admin" and member.role in ("viewer", "editor"))


def _line(member: TeamMember) -> str:
    name = f"{words.safe_title(member.name)} ({member.ident_pk.hex()[:_MARK_CHARS]})"
    who = "  you" if member.me else ""
    if member.contact is not None and not member.me:
        who = f"  your contact, {'✓ verified' if member.verified else 'not verified'}"
    return f"{name}  {member.role}{who}"


def _title(team: TeamView) -> str:
    return words.safe_title(team.title)


def _a(role: str) -> str:
    return f"an {role}" if role[0] in "aeo" else f"a {role}"
