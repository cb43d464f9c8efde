"""What cannot be done in a team. Each class docstring is the sentence that a person reads."""

from __future__ import annotations

from cryptpad_tui.engine.errors import EngineError


class NotATeam(EngineError):
    """This is no team: no roster that its owner signed is here. Nothing was changed; `cryptpad-tui team ls`
    lists teams, `cryptpad-tui sync` fetches what is new."""


class NotInTheTeam(EngineError):
    """Nobody of this name or key is in the team, or several are. Nothing was changed; `cryptpad-tui team ls
    TEAM` lists everybody with the beginning of their key."""


class InTheTeamAlready(EngineError):
    """They are in the team with this role already. Nothing was changed."""


class MayNotDoThat(EngineError):
    """Your role in the team does not go so far: admins let viewers and editors in and out and set these two
    roles, owners do everything, and nobody can take an owner out. Nothing was changed."""


class LastOwner(EngineError):
    """You are the team's last owner, and nobody else could keep it. Nothing was changed; make somebody else
    an owner first (`cryptpad-tui team role TEAM WHO owner`), or destroy the folder."""


class AdminFirst(EngineError):
    """An owner is made of an admin, whom you compared safety numbers with: give them that role first
    (`cryptpad-tui team role TEAM WHO admin`). Nothing was changed."""


class UseTeamRemove(EngineError):
    """They are in the team's roster, which would let them in again: `cryptpad-tui team remove` takes them
    out of both. Nothing was changed."""


class NobodyHears(EngineError):
    """You may only read this team, and none of its admins or owners is a contact of yours whom your machine
    could tell. Nothing was sent; `cryptpad-tui rm` takes the folder out of your drive all the same."""


class RosterIsCutShort(EngineError):
    """An owner signed changes of this team that are not here: somebody took them out of the folder, and new
    keys could go to whoever was put out by them. No keys were changed; another machine that has these changes
    puts them back: `cryptpad-tui sync` after that."""


class RosterIsFull(EngineError):
    """The team's roster has no room for that: 256 people, or 4,096 changes in all, of which the last 512 are
    for owners; or you used up the 64 that each admin has behind the first 896. Nothing was changed; an owner
    gives an admin as many again (`cryptpad-tui team role TEAM WHO admin`), a new team has room for all."""


class TeamIsHeldStill(EngineError):
    """An alarm holds this team still until you decide on it: nothing in its folder changes meanwhile. Nothing
    was changed; `cryptpad-tui alarms` says what happened and how to go on."""
