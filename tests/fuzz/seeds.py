"""Writes the first inputs of each target into tests/fuzz/corpus: honest bytes, from fixed seeds.

Run as `python -m fuzz.seeds` where a format changed; what fuzzing finds beyond these is kept beside them.
"""

from __future__ import annotations

from crdt.forge import NULL, block, deletion, entry, mark, snapshot, string, update
from fuzz import seeds_people
from fuzz.documents import ANN, EVE, base_of
from fuzz.targets import CORPUS

from cryptpad_relay.protocol import frames, labels
from cryptpad_relay.protocol.chain import SignedHead, Step
from cryptpad_relay.protocol.frames import Op, PadHead, join_frame
from cryptpad_relay.protocol.move_record import move_body
from cryptpad_relay.protocol.owner_records import expire_body, idle_body
from cryptpad_tui.convert.model import OBJECT, Picture
from cryptpad_tui.convert.reading_wire import encode_members, encode_rich
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.values import Attributes
from cryptpad_tui.crypto.keys import Role
from cryptpad_tui.crypto.links import Link, encode_link
from cryptpad_tui.pad.payloads import (
    Cursor,
    Hello,
    PresencePayload,
    SessionProof,
    SnapshotSeal,
    Update,
    Verdict,
)
from cryptpad_tui.vault.header import Header, Slot, SlotType, encode_header
from cryptpad_tui.vault.passwords import KdfCost
from cryptpad_tui.vault.recovery import format_recovery_key
from support.forge import Forge

B16, B32, B64 = bytes(16), bytes(range(32)), bytes(64)


def entries() -> list[bytes]:
    forge = Forge(1)
    pad = forge.pad()
    writer = pad.writer()
    made = [writer.hello(pad.start), writer.update(pad.start), pad.presence(B32, 1)]
    made.append(writer.snapshot(pad.start, PadHead(1, B32), b"table", [b"chunk"]))
    made.append(Hello(B32, B64, True, B32, b"rgb", "Anna é").encode())
    made += [Update((b"abc", b"")).encode(), SnapshotSeal(B32, B32, "pycrdt 0").encode()]
    return [*made, Verdict(B32, B32).encode(), presence(b"Anna")[1:]]


def records() -> list[bytes]:
    pad = Forge(2).pad()
    moved = move_body(0, pad.pad_id, SignedHead(pad.pad_id, 1, B32, 5, B16, B64), B32, "wss://a.b/c")
    return [
        pad.genesis,
        idle_body(pad.pad_id, 0, pad.pad_id, 7) + B64,
        expire_body(pad.pad_id, 0, pad.pad_id, 7) + B64,
        moved + B64,
        *[b"PAD1" + bytes([kind, 1, 0, 0]) + pad.pad_id + bytes(150) for kind in (2, 3, 4, 5)],
    ]


def links() -> list[bytes]:
    link = encode_link(Link(Role.EDIT, B32, 0, B32, 5, B16, B16, "wss://relay.example:443"))
    view = encode_link(Link(Role.VIEW, B32, 1, B32, 0, B16, B16, "unix:/run/relay"))
    inside = b"\1\2\0\0" + B32 + bytes(4) + B32 + bytes(8) + B16 + B16 + b"\x0bssh://a.b/c"
    key = format_recovery_key(B16)
    named = encode_link(Link(Role.VIEW, B32, 1, B32, 0, B16, B16, "ws://127.0.0.1:1", slot_seed=B32))
    locked = b"\1\3\0\0\1\3\x1c\0" + B16 + bytes(72 + 130)
    texts = [b"\0" + link.encode(), b"\0 " + view.encode() + b"\n", b"\0" + named.encode()]
    return [*texts, b"\1" + inside, b"\1" + locked, b"\2" + key.encode(), b"\3" + inside]


def frame_seeds() -> list[bytes]:
    greeting = frames.Greeting(B32, B32).encode()
    bridged = frames.Bridged((Step(B32, B32, B32),)).encode()
    watch = frames.Watch((frames.Ticket(B32, B16),)).encode()
    forms = [bytes([0, number]) + body for number, body in enumerate((greeting, bridged, watch) * 8)]
    socket = (
        b"\1\x82\x85abcd"
        + b"12345"
        + b"\x89\x80abcd"
        + b"\x02\x81abcdx\x80\x81abcdy"
        + b"\x82\xfe\x00\x80abcd"
        + bytes(128)
    )
    sessions = [
        b"\2\1" + bytes([op, prefix, 0, 0]) * 3 + bytes([op, prefix, 2, 7, 1, 9])
        for op in range(16)
        for prefix in range(7)
    ]
    return [*forms, socket, b"\1" + join_frame(Op.SUB, 1, bytes(40)), *sessions]


def updates() -> list[bytes]:
    made = [
        update(EVE, 0, string("é😀", (ANN, 3)), mark("bold", "true", (EVE, 2)), entry(NULL)),
        update(EVE, 0, string("x", (ANN, 0), (ANN, 1)), deletes=((ANN, 0, 1),)),
        deletion((ANN, 1, 2)),
        deletion((ANN, 1, 1)),
    ]
    raw = [bytes([0, kind]) + each for kind in range(3) for each in made]
    rng = Forge(4)
    return raw + [
        bytes([mode, kind]) + rng.bytes(40) for mode in (1, 2, 3) for kind in range(3) for _ in range(3)
    ]


def snapshots() -> list[bytes]:
    raw = [bytes([0, kind]) + base_of(kind)[0] for kind in PadKind]
    two = snapshot(
        block(ANN, 0, string("a😀b")), block(EVE, 0, string("c", (ANN, 0), (ANN, 1))), deletes=((ANN, 0, 1),)
    )
    rng = Forge(6)
    return [
        *raw,
        b"\0\0" + two,
        b"\0\1" + two,
        *[bytes([1, kind]) + rng.bytes(30) for kind in range(3) for _ in range(3)],
    ]


def presence(name: bytes = b"") -> bytes:
    proof = SessionProof(B64, B32, B64, name.decode()) if name else None
    cursors = (Cursor(7, 1, 0), Cursor(7, 2, -1))
    payload = PresencePayload(5, B32, 0, B32, B16, (b"echo",), cursors, True, 0, proof)
    return b"\0" + payload.encode()


def term_safe_seeds() -> list[bytes]:
    texts = ["\x1b]0;x\x07", "é\u202e\u200b", "\x9b31m", "a\tb\nc", "漢字😀"]
    wide = ["\ud800x\udc00".encode("utf-16-le", "surrogatepass"), "\u2028\ufeff".encode("utf-16-le")]
    return [b"\0" + text.encode() for text in texts] + [b"\1" + text for text in wide] + [b"\2\x00\xf6\x01"]


def vault_seeds() -> list[bytes]:
    slot = Slot(SlotType.PASSPHRASE, KdfCost(3, 28), B16, bytes(104))
    keyfile = Slot(SlotType.KEYFILE, None, B16, bytes(104))
    header = encode_header(Header(B16, (slot, keyfile)))
    damages = [b"\2\0" + at.to_bytes(3, "big") + b"\1\0" for at in (0, 17, 100, 4_090, 5_000, 20_000)]
    return [b"\0" + header, b"\1" + header[:-16], *damages]


def documents() -> list[bytes]:
    picture = Picture(b"GIF89a\1\0\1\0", "gif", 1, 1, name="p.gif")
    runs: list[tuple[str, Attributes]] = [
        ("bold \u00e9", {"bold": True, "link": "https://x.example/", "color": "#ff0000"}),
        ("\n", {"header": 2, "align": "center"}),
        (OBJECT, {"object": "import:0"}),
        ("\n", {"list": "bullet", "indent": 1}),
    ]
    pages = [
        "<h1 class=x>a</h1><ul><li data-list=checked>\u2611 b<li><b>c</b><ol><li>d</ol></ul><pre><code "
        "class=language-c>e\nf</code></pre><table><tr><td>g<td><p>h<p>i</table><hr><blockquote>j</blockquote>",
        "<style>.a{font-weight:700}</style><p class=a style='text-align:right'>k<a href='//l'>m</a>"
        "<font color=red face=monospace>n</font><img src='data:image/gif;base64,R0lGODlhAQABAA=='><br>o</p>",
    ]
    delta = b'{"ops":[{"insert":"a","attributes":{"bold":true,"link":"mailto:x"}},{"insert":"\\n"}]}'
    return [
        b"\0" + encode_rich(runs, ("images",), (picture,)),
        b"\0" + encode_rich([("a\x1bb", {})], (), ()),
        b"\1" + encode_members([("a/b.md", 3), ("c.html", 9)]),
        *[b"\2" + page.encode() for page in pages],
        b"\3" + delta,
    ]


def main() -> None:
    seeds = {
        "f1_entry": entries(),
        "f2_record": records(),
        "f3_link": links(),
        "f4_frames": frame_seeds(),
        "f5_update": updates(),
        "f6_snapshot": snapshots(),
        "f7_presence": [presence(), presence(b"Anna"), b"\x84" + bytes([90]) + presence()[1:]],
        "f8_term_safe": term_safe_seeds(),
        "f9_vault": vault_seeds(),
        "f10_login": seeds_people.logins(),
        "f11_flows": [Forge(11).bytes(size) for size in (1, 3, *range(20, 300, 20))],
        "f12_card": seeds_people.cards(),
        "f13_mail": seeds_people.mails(),
        "f14_words": seeds_people.words(),
        "f15_drive": seeds_people.drives(),
        "f16_owner": seeds_people.owners(),
        "f17_rooms": seeds_people.rooms(),
        "f18_roster": seeds_people.rosters(),
        "f19_document": documents(),
    }
    for name, inputs in seeds.items():
        (CORPUS / name).mkdir(parents=True, exist_ok=True)
        for data in inputs:
            digest = labels.hash_parts("pad1/fuzz", data)
            (CORPUS / name / digest.hex()[:16]).write_bytes(data)


if __name__ == "__main__":
    main()
