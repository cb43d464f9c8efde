"""A log's head as eight words that people can read to each other (protocol §8, "other channels").

H("pad1/sas", pad_id, u64 n, head_n) at the last multiple of 64 that both have, a byte a word: a relay that
shows two people different histories makes their words differ, and nobody finds another history with the same
64 bits while a call lasts.
"""

from __future__ import annotations

from typing import Final

from cryptpad_relay.protocol import labels
from cryptpad_relay.protocol.chain import chain_start
from cryptpad_relay.protocol.labels import u64

SPACING: Final = 64
SPOKEN_BYTES: Final = 8
_TEXT: Final = """
    acid acorn actor adult agent album alley amber anchor angle ankle apple apron arena armor arrow
    atlas attic autumn bacon badge bakery bamboo banana barrel basket beach beaver bell bench berry
    border bottle branch brick bridge broom bucket bulb butter cabin cactus camel candle canyon carpet
    castle cedar cello cherry cider circus clover cobalt coffee comet copper coral cotton dagger daisy
    dancer decade delta desert dinner doctor domino donkey dragon drawer drum duck dust eagle earth echo
    elbow ember engine fabric falcon farmer ferry fiddle field finger flame flute forest fossil fox
    frost galaxy garden garlic gentle giant ginger glove goat gold grape guitar hammer harbor hazel
    hedge helmet heron honey hook hotel hunter igloo indigo island ivory jacket jaguar jelly jewel
    jigsaw jungle kayak kettle key kidney kite koala ladder lagoon lava lemon lilac locket lotus lumber
    lynx magnet mango maple marble meadow melon meteor mirror mitten mosaic muffin museum napkin narrow
    needle nephew nickel night noodle north nutmeg oasis ocean olive onion opera orange orbit orchid
    otter oyster paddle palace parrot peanut pebble pepper piano pickle pigeon pilot planet plum pocket
    polar poppy potato puzzle quarry queen quilt quiver rabbit radar raven reef ribbon river robin
    rocket rose ruby rudder saddle salmon sandal scarf school shadow silver siren skate sled snow spider
    spoon squid stone sugar summit swan table tango tavern teapot temple tiger timber toast tomato torch
    tower tulip tunnel turtle uncle urchin valley velvet violin voyage waffle wagon walnut walrus water
    whale willow window winter wizard wolf wool yacht yellow zebra zinc
"""
WORDS: Final = tuple(_TEXT.split())
"""256 words that begin differently within their first four letters. Their order is part of the protocol."""


def spoken_position(n: int) -> int:
    """The position whose head is spoken, for a log verified up to `n`; 0 before the first 64 entries."""
    return n - n % SPACING


def spoken_words(pad_id: bytes, n: int, head: bytes) -> tuple[str, ...]:
    """The eight words of a head."""
    digest = labels.hash_parts(labels.SPOKEN, pad_id, u64(n), head, size=SPOKEN_BYTES)
    return tuple([WORDS[byte] for byte in digest])


def owner_words(pad_id: bytes) -> tuple[str, ...]:
    """Eight words for the pad and its owner's key, the same for as long as the pad lives.

    The pad's id is the hash of a GENESIS that its owner signed, so a link to another pad has others.
    """
    return spoken_words(pad_id, 0, chain_start(pad_id))
