"""Pictures of Word documents (docx): as parts that are written, and where those that are read lie.

A picture's bytes pass from the pad to the file and back as they are; no library decodes them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cryptpad_tui.convert.docx_styles import tag_of
from cryptpad_tui.convert.model import Picture
from cryptpad_tui.convert.office import quoted
from cryptpad_tui.convert.pictures import Parts, fitted

if TYPE_CHECKING:
    from docx.document import Document

_EMU: Final = 914_400
"""To an inch."""
_WIDTH, _HEIGHT = 6.0, 8.0
_IMAGE_TYPE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/image"
_DRAWING: Final = "http://schemas.openxmlformats.org/drawingml/2006"


def drawing(picture: Picture, relation: str, number: int) -> str:
    """A picture in a line of text."""
    width, height = [round(side * _EMU) for side in fitted(picture, width=_WIDTH, height=_HEIGHT)]
    name = f'id="{number}" name="{quoted(picture.name)}" descr="{quoted(picture.name)}"'
    return (
        f'<w:drawing><wp:inline xmlns:wp="{_DRAWING}/wordprocessingDrawing" distT="0" distB="0" distL="0"'
        f' distR="0"><wp:extent cx="{width}" cy="{height}"/><wp:docPr {name}/>'
        f'<a:graphic xmlns:a="{_DRAWING}/main"><a:graphicData uri="{_DRAWING}/picture">'
        f'<pic:pic xmlns:pic="{_DRAWING}/picture"><pic:nvPicPr><pic:cNvPr {name}/><pic:cNvPicPr/>'
        f'</pic:nvPicPr><pic:blipFill><a:blip r:embed="{relation}"/><a:stretch><a:fillRect/></a:stretch>'
        f'</pic:blipFill><pic:spPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="{width}" cy="{height}"/></a:xfrm>'
        '<a:prstGeom prst="rect"><a:avLst/></a:prstGeom></pic:spPr></pic:pic></a:graphicData></a:graphic>'
        "</wp:inline></w:drawing>"
    )


def add_images(document: Document, images: dict[str, Picture]) -> None:
    """Put the pictures into the package, under the names of their relations."""
    from docx.opc.packuri import PackURI
    from docx.parts.image import ImagePart

    for at, (name, picture) in enumerate(images.items(), 1):
        part = ImagePart(PackURI(f"/word/media/image{at}.{picture.kind}"), picture.mime, picture.data)
        document.part.rels.add_relationship(_IMAGE_TYPE, part, name)


class Media:
    """The picture parts of a document that is read."""

    def __init__(self, data: bytes, document: Document) -> None:
        self._parts = {
            name: str(rel.target_part.partname).lstrip("/")
            for name, rel in document.part.rels.items()
            if not rel.is_external and rel.reltype == _IMAGE_TYPE
        }
        self._pictures = Parts(data)

    def find(self, element: Any) -> tuple[bytes | None, str]:
        """The bytes of the first picture that a drawing shows, and what it is called."""
        relation = name = ""
        for child in element.iter():
            tag = tag_of(child)
            said = {key.rpartition("}")[2]: value for key, value in child.attrib.items()}
            if tag in ("docPr", "imagedata"):
                name = name or said.get("descr") or said.get("title") or said.get("name", "")
            if tag in ("blip", "imagedata"):
                relation = relation or said.get("embed" if tag == "blip" else "id", "")
        return self._read(relation), name

    def _read(self, relation: str) -> bytes | None:
        part = self._parts.get(relation)
        return self._pictures.find(part) if part else None
