"""A transcript for word processors (`.docx`): Office Open XML, ECMA-376 parts 1 and 2."""

import io
import re
import zipfile
from collections.abc import Iterator
from xml.sax.saxutils import escape

from subalign.results import Chapter, Transcript
from subalign.subtitles.formats.base import BinaryWriter
from subalign.subtitles.paragraphs import paragraphs
from subalign.subtitles.timecode import clock_time

__all__ = ["DOCXWriter"]

_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_WORDS = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml"
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

_CONTENT_TYPES = (
    f'{_XML}<Types xmlns="{_PACKAGE}/content-types">'
    f'<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.'
    'relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/word/document.xml" ContentType="{_TYPE}.document.main+xml"/>'
    f'<Override PartName="/word/styles.xml" ContentType="{_TYPE}.styles+xml"/></Types>'
)
_RELATIONS = (
    f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
    f'Type="{_OFFICE}/{{kind}}" Target="{{target}}"/></Relationships>'
)
# name, size in half points, bold
_HEADINGS = (("Title", "title", 40), ("Heading1", "heading 1", 28))


class DOCXWriter(BinaryWriter):
    """A paragraph for each sentence, behind its time; chapters and the recording are headings.

    Where it is known who speaks, the speaker's name stands before what they begin with. The same
    transcript gives the same bytes.
    """

    extension = "docx"

    def content(self, transcript: Transcript) -> bytes:
        document = "".join(_document(transcript, self.recording or "Transcript"))
        office = _RELATIONS.format(kind="officeDocument", target="word/document.xml")
        parts = {
            "[Content_Types].xml": _CONTENT_TYPES,
            "_rels/.rels": office,
            "word/document.xml": document,
            "word/styles.xml": "".join(_styles()),
            "word/_rels/document.xml.rels": _RELATIONS.format(kind="styles", target="styles.xml"),
        }
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in parts.items():
                archive.writestr(zipfile.ZipInfo(name), text, zipfile.ZIP_DEFLATED)
        return file.getvalue()


def _document(transcript: Transcript, title: str) -> Iterator[str]:
    yield f'{_XML}<w:document xmlns:w="{_WORDS}"><w:body>'
    yield _paragraph(title, style="Title")
    for part in paragraphs(transcript):
        if isinstance(part, Chapter):
            yield _paragraph(part.title or "Chapter", style="Heading1")
        else:
            time = clock_time(part.start_ms).partition(".")[0]
            yield _paragraph(part.text, time=time, speaker=part.speaker)
    yield "</w:body></w:document>\n"


def _paragraph(text: str, *, style: str = "", time: str = "", speaker: str | None = None) -> str:
    look = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    grey = '<w:rPr><w:color w:val="808080"/></w:rPr>'
    stamp = f"<w:r>{grey}<w:t>{time}</w:t></w:r><w:r><w:tab/></w:r>" if time else ""
    name = "" if speaker is None else f"<w:r><w:rPr><w:b/></w:rPr>{_text(f'{speaker}: ')}</w:r>"
    return f"<w:p>{look}{stamp}{name}<w:r>{_text(text)}</w:r></w:p>"


def _text(text: str) -> str:
    return f'<w:t xml:space="preserve">{escape(_NOT_XML.sub("", text))}</w:t>'


def _styles() -> Iterator[str]:
    yield f'{_XML}<w:styles xmlns:w="{_WORDS}">'
    yield (
        '<w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/>'
        '<w:pPr><w:tabs><w:tab w:val="left" w:pos="1134"/></w:tabs><w:spacing w:after="120"/>'
        '<w:ind w:left="1134" w:hanging="1134"/></w:pPr></w:style>'
    )
    for identifier, name, size in _HEADINGS:
        yield (
            f'<w:style w:type="paragraph" w:styleId="{identifier}"><w:name w:val="{name}"/>'
            '<w:basedOn w:val="Normal"/><w:next w:val="Normal"/><w:pPr><w:keepNext/>'
            '<w:spacing w:before="240"/><w:ind w:left="0" w:firstLine="0"/></w:pPr>'
            f'<w:rPr><w:b/><w:sz w:val="{size}"/></w:rPr></w:style>'
        )
    yield "</w:styles>\n"
