"""Other words that people look for commands by, beside their titles. The palette uses them; it shows none."""

from __future__ import annotations

from typing import Final

ALSO: Final = {
    "app.relay": "server connect online offline network",
    "app.devices": "device laptop phone computer destroy remove second",
    "app.login": "sign in account password passphrase block",
    "app.inbox": "invitation messages mail requests notices",
    "app.contacts": "people friends add card qr verify compare safety mute",
    "app.invite": "people share member",
    "app.settings": "options preferences config",
    "app.theme": "colors dark light",
    "drive.new": "create document",
    "drive.new_rich": "create document richtext word",
    "drive.upload": "attach photo picture",
    "drive.import": "open docx odt html markdown",
    "drive.export": "save as download docx pdf html backup",
    "drive.join": "open url qr invitation",
    "drive.share": "url qr code invite send",
    "drive.members": "revoke remove kick people owner end links team role roster",
    "drive.team": "roster group admin",
    "drive.relocate": "server migrate",
    "drive.relocate_all": "server migrate",
    "drive.destroy": "delete erase expire",
    "drive.rename": "title",
    "drive.search": "find grep",
    "drive.folder": "directory mkdir",
    "drive.duplicate": "copy",
    "drive.remove": "delete",
    "drive.restore": "undelete",
    "drive.empty": "delete erase",
    "pad.share": "url qr code invite send",
    "pad.members": "revoke remove kick people owner end links",
    "pad.relocate": "server migrate",
    "pad.people": "users online colours",
    "pad.chat": "talk message say",
    "pad.export": "save as download docx pdf html",
    "pad.attach": "upload photo picture image",
    "pad.alarm": "verify status safe",
    "pad.count": "statistics length",
}
"""Names of commands, each with what else people call them."""

NOTHING: Final = (
    ((" No command is called that.", ""),),
    (("", ""),),
    ((" Backups, the recovery kit, when a pad expires and more is done in a shell:", "muted"),),
    ((" cryptpad-tui --help", "strong"),),
)
"""What the palette says where nothing is found."""
