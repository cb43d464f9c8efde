"""Pictures of OpenDocument texts (odt): as parts that are written, and where those that are read lie.

A picture's bytes pass from the pad to the file and back as they are; no library decodes them.
"""

from __future__ import annotations

from typing import Any, Final

from cryptpad_tui.convert.docx_styles import tag_of
from cryptpad_tui.convert.model import Picture
from cryptpad_tui.convert.odt_parts import MANIFEST
from cryptpad_tui.convert.odt_styles import XLINK
from cryptpad_tui.convert.office import quoted
from cryptpad_tui.convert.pictures import Parts, fitted

_WIDTH, _HEIGHT = 6.5, 9.0
_FOLDER: Final = "Pictures/"


def frame(picture: Picture, place: str) -> str:
    """A picture in a line of text."""
    width, height = fitted(picture, width=_WIDTH, height=_HEIGHT)
    return (
        f'<draw:frame text:anchor-type="as-char" svg:width="{width:.3f}in" svg:height="{height:.3f}in">'
        f'<draw:image xlink:href="{place}" xlink:type="simple" xlink:show="embed" xlink:actuate="onLoad"/>'
        f"<svg:title>{quoted(picture.name)}</svg:title></draw:frame>"
    )


def manifest(images: dict[str, Picture]) -> str:
    """What lies in the file."""
    listed = [
        f'<manifest:file-entry manifest:full-path="{place}" manifest:media-type="{picture.mime}"/>'
        for place, picture in images.items()
    ]
    return MANIFEST.format(pictures="".join(listed))


class Media:
    """The picture parts of a text that is read."""

    def __init__(self, data: bytes) -> None:
        self._pictures = Parts(data)

    def find(self, element: Any) -> tuple[bytes | None, str]:
        """The bytes of the first picture that a frame shows, and what it is called."""
        address = name = ""
        for child in element:
            tag = tag_of(child)
            if tag == "image" and not address:
                address = child.get(f"{XLINK}href") or ""
            elif tag in ("title", "desc") and not name:
                name = child.text or ""
        return self._read(address.removeprefix("./")), name

    def _read(self, place: str) -> bytes | None:
        return self._pictures.find(place) if place.startswith(_FOLDER) else None
