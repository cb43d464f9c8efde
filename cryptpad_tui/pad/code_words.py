"""The words of one-time codes: 256 of four to seven letters, of which no two sound or look alike.

Their order is part of nothing: a code is what was shown, letter for letter.
"""

from __future__ import annotations

from typing import Final

_LIST: Final = """
acorn actor album alloy amber anchor ankle apple apron arrow aspen atlas attic autumn bacon badge
bagel bamboo banjo barley barrel basil beacon beaver bench berry bishop blanket blossom bonnet
border bottle branch bread bridge bronze bucket buffet bugle butter button cabin cactus camel canal
candle canoe canyon carbon carpet castle cedar cellar cement cherry chess chimney cider cinema
circle citrus clover coast cobalt coffee comet copper coral cotton cousin coyote cradle crayon
cricket crystal cuckoo curtain custard cycle dahlia dairy dancer delta denim desert diary doctor
dolphin donkey dragon drawer eagle easel echo elbow elder engine envoy ermine falcon feather fender
ferry fiddle filter finch flannel flint flute forest fossil fridge galaxy garden garlic gecko ginger
glacier globe goblet gravel guitar hammer harbor harvest hazel helmet hermit heron hockey honey
hotel hunter iceberg igloo indigo insect island ivory jacket jaguar jasmine jersey jigsaw jungle
kayak kennel kettle kiosk kitten ladder lagoon lantern laurel lemon lentil lilac linen lizard
lobster locket lotus lumber magnet mango maple marble market meadow melon mentor meteor mirror
mitten monkey mosaic museum mustard napkin nectar needle nickel noodle nugget oasis ocean olive
onion opera orange orchid organ otter oyster paddle palace panda papaya parcel parrot pebble pelican
pencil pepper piano pickle pigeon pillow planet plaza pocket poppy potato prairie puddle pumpkin
puzzle quartz quiver rabbit radio raven ribbon river rocket saddle salmon sandal satin saucer shovel
silver siren spider spruce squid stable statue summer sunset tailor temple thistle ticket tiger
timber tomato trumpet tulip turtle velvet violin walnut window winter wizard
"""
WORDS: Final = tuple(_LIST.split())
