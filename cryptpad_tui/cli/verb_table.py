"""The verbs as data: one table feeds the parser, `--help`, the completions and the tests of docs/cli.md.

Imports nothing, so that `--help` costs no more than the interpreter.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Verb(NamedTuple):
    """`example` is what follows `cryptpad-tui` on the line that `--help` shows."""

    name: str
    module: str
    example: str
    what: str
    rare: bool = False
    """Only named on the one screen of `--help`; its own `--help` has the example."""


VERBS: Final = (
    Verb("init", "verbs_vault", "init --name Anna --relay this-machine", "make a vault"),
    Verb("new", "verbs_pads", 'new "Shopping list" --from list.md', "make a pad, print its id"),
    Verb("ls", "verbs_drive", "ls Work --tree", "list the pads"),
    Verb("cat", "verbs_look", 'cat "Shopping list" > list.md', "print a pad's text"),
    Verb("edit", "verbs_screen", "edit mzxw6ytb", "open the app in a pad"),
    Verb("write", "verbs_pads", "write mzxw6ytb < list.md", "make a pad's text equal to the input"),
    Verb("append", "verbs_pads", "append mzxw6ytb < line.txt", "add the input to a pad's end", rare=True),
    Verb("rename", "verbs_pads", 'rename mzxw6ytb "Errands"', "give a pad another title", rare=True),
    Verb("rm", "verbs_drive", "rm mzxw6ytb", "put a pad into the trash"),
    Verb("trash", "verbs_drive", "trash --empty", "list or empty the trash", rare=True),
    Verb("restore", "verbs_backup", "restore ./pads.backup", "from a backup, or out of the trash", rare=True),
    Verb("mkdir", "verbs_drive", "mkdir Work/Notes", "make a folder", rare=True),
    Verb("mv", "verbs_drive", "mv mzxw6ytb Work/Notes", "move pads into a folder", rare=True),
    Verb(
        "tag", "verbs_drive", "tag mzxw6ytb +urgent -idea", "put tags on a pad, or take them off", rare=True
    ),
    Verb("template", "verbs_drive", "template mzxw6ytb", "make a pad a template", rare=True),
    Verb("duplicate", "verbs_drive", "duplicate mzxw6ytb", "copy a pad, print the copy's id", rare=True),
    Verb("import", "verbs_convert", "import notes/ report.html", "make pads of files and folders"),
    Verb(
        "export", "verbs_convert", "export mzxw6ytb -o plan.html", "write a pad as another format", rare=True
    ),
    Verb(
        "mount-dir", "verbs_mount", "mount-dir Work/Notes ~/notes", "keep a folder on disk in step", rare=True
    ),
    Verb("comments", "verbs_comments", "comments mzxw6ytb", "list and write a pad's comments", rare=True),
    Verb("chat", "verbs_chat", "chat mzxw6ytb --follow", "what people say beside a pad's text", rare=True),
    Verb("upload", "verbs_files", "upload photo.jpg --into Home", "take files into your drive", rare=True),
    Verb("download", "verbs_files", "download mzxw6ytb -o photo.jpg", "write a file to disk", rare=True),
    Verb("attach", "verbs_files", "attach mzxw6ytb plan.png", "keep a file beside a pad", rare=True),
    Verb("files", "verbs_files", "files mzxw6ytb --look", "list a pad's files", rare=True),
    Verb("search", "verbs_search", "search garden party tag:home", "find pads by their text"),
    Verb("reindex", "verbs_search", "reindex", "read every pad again for search", rare=True),
    Verb("share", "verbs_share", "share mzxw6ytb --view", "print a link (a secret)"),
    Verb("members", "verbs_members", "members mzxw6ytb --json", "list who is in a pad", rare=True),
    Verb("revoke", "verbs_members", "revoke mzxw6ytb --links", "take people out of a pad", rare=True),
    Verb("expire", "verbs_members", "expire mzxw6ytb 2026-12-31", "let a pad end on a day", rare=True),
    Verb("destroy", "verbs_members", "destroy mzxw6ytb --yes", "delete a pad for everybody", rare=True),
    Verb("contact", "verbs_contacts", "contact card", "your card, and the people you know", rare=True),
    Verb("invite", "verbs_inbox", "invite mzxw6ytb Ben", "send a contact an invitation to a pad", rare=True),
    Verb("team", "verbs_team", "team invite Crew Ben", "shared folders with roles", rare=True),
    Verb("ask", "verbs_ask", "ask mzxw6ytb", "ask for the right to write in a pad", rare=True),
    Verb("inbox", "verbs_inbox", "inbox", "what contacts sent, and answering it", rare=True),
    Verb("join", "verbs_share", "join < link.txt", "add a shared pad, print its id"),
    Verb("sync", "verbs_sync", "sync --wait 30", "send what waits, fetch what is new"),
    Verb("status", "verbs_look", "status --json", "say what is saved, waits, is synced"),
    Verb("log", "verbs_look", "log mzxw6ytb --json", "show a pad's verified history", rare=True),
    Verb("verify", "verbs_verify", "verify mzxw6ytb --deep", "check a pad's history again", rare=True),
    Verb("void", "verbs_verify", "void mzxw6ytb 12 --yes", "take an entry away, as owner", rare=True),
    Verb("heads", "verbs_heads", "heads mzxw6ytb", "words to compare by voice", rare=True),
    Verb("alarms", "verbs_alarms", "alarms mzxw6ytb", "say who was caught, what to do", rare=True),
    Verb("proof", "verbs_alarms", "proof check < proof.txt", "show others an alarm's proof", rare=True),
    Verb("backup", "verbs_backup", "backup ~/pads.backup", "write all into one sealed file", rare=True),
    Verb("kit", "verbs_kit", "kit --svg -o ~/kit.svg", "the page that brings an account back", rare=True),
    Verb("device", "verbs_devices", "device add", "add, list and end your other machines", rare=True),
    Verb("relay", "verbs_vault", "relay set wss://pads.example", "set, show or stop the relay"),
    Verb("unlock", "verbs_lock", "unlock --for 8h", "hold the key for scripts", rare=True),
    Verb("lock", "verbs_lock", "lock", "forget the key that unlock left", rare=True),
    Verb("move", "verbs_move", "move --all --to wss://two.example", "bring pads to another relay", rare=True),
    Verb("login", "verbs_login", "login create anna", "sign in on a new machine", rare=True),
    Verb("rotate-account", "verbs_account", "rotate-account", "give a lost account another root", rare=True),
    Verb("vault", "verbs_care", "vault check", "check, compact or rekey the vault", rare=True),
    Verb("passphrase", "verbs_vault", "passphrase", "change the vault's passphrase", rare=True),
    Verb("config", "verbs_config", "config check", "show and check the settings file", rare=True),
    Verb("doctor", "verbs_doctor", "doctor", "say what works on this terminal"),
    Verb("demo", "verbs_screen", "demo", "try the app, without a vault", rare=True),
    Verb(
        "completion",
        "verbs_screen",
        "completion bash >> ~/.bashrc",
        "completion for bash, zsh, fish",
        rare=True,
    ),
)
