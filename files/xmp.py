"""XMP packets: the parts that are true of a result, and the statement of its provenance.

Sources: ISO 16684-1 (XMP), the IPTC Photo Metadata Standard 2025.1. Imports nothing of ours.
"""

from __future__ import annotations

import io
import re
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

_PADDING = b"\0 \t\r\n"
NOTE = "Colours are machine-made (colorgan)."
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_IPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_PHOTOSHOP = "http://ns.adobe.com/photoshop/1.0/"
_EXIF, _TIFF = "http://ns.adobe.com/exif/1.0/", "http://ns.adobe.com/tiff/1.0/"
_REGIONS = ("http://www.metadataworkinggroup.com/schemas/regions/", "http://ns.microsoft.com/photo/1.2/")
_EXTENDED = "{http://ns.adobe.com/xmp/note/}HasExtendedXMP"
# Properties of the old file that are not true of the new file.
_OF_PIXELS = {
    *(f"{{{_TIFF}}}{name}" for name in ("ImageWidth", "ImageLength", "BitsPerSample", "Compression", "Orientation")),
    *(f"{{{_TIFF}}}{name}" for name in ("PhotometricInterpretation", "SamplesPerPixel", "PlanarConfiguration")),
    *(f"{{{_TIFF}}}{name}" for name in ("YCbCrSubSampling", "YCbCrPositioning", "NativeDigest")),
    *(f"{{{_EXIF}}}{name}" for name in ("PixelXDimension", "PixelYDimension", "ColorSpace", "NativeDigest")),
    *(f"{{{_EXIF}}}{name}" for name in ("ComponentsConfiguration", "CompressedBitsPerPixel", "Gamma")),
    *(f"{{{_PHOTOSHOP}}}{name}" for name in ("ColorMode", "ICCProfile")),
    "{http://ns.adobe.com/xap/1.0/}Thumbnails",
    _EXTENDED,
}
# Gain maps, depth maps, films and sounds after the picture, which are not copied.
_OF_APPENDED = (
    "http://ns.adobe.com/hdr-gain-map/", "http://ns.apple.com/HDRGainMap/", "http://ns.google.com/photos/1.0/container",
    "http://ns.google.com/photos/1.0/camera/", "http://ns.google.com/photos/1.0/depthmap/",
    "http://ns.google.com/photos/1.0/image/", "http://ns.google.com/photos/1.0/audio/",
)  # fmt: skip
_SOURCE_TYPE, _SYSTEM = f"{{{_IPTC}}}DigitalSourceType", f"{{{_IPTC}}}AISystemUsed"
_INSTRUCTIONS = f"{{{_PHOTOSHOP}}}Instructions"
_ALGORITHM = "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicallyEnhanced"
_EMPTY = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
    f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{_RDF}"></rdf:RDF></x:xmpmeta>\n'
    '<?xpacket end="w"?>'
)


def kept(packet: bytes, notes: list[str], *, turned: bool = False) -> bytes | None:
    """-> the parts of a packet that are true of the result; notes on dropped parts are appended.

    Args:
        packet: from a file.
        notes: list of notes.
        turned: whether the picture is turned for the result; places in the packet are not.
    """
    try:
        root = _parsed(packet)
    except (ElementTree.ParseError, ValueError) as error:
        notes.append(f"its XMP data is damaged and left out ({error})")
        return None
    names = {name for one in root.iter() for name in (one.tag, *one.attrib)}
    places = {name for name in names if turned and name[1:].startswith(_REGIONS)}
    if places:
        notes.append("the regions of its XMP data are left out, because the picture is turned")
    if _EXTENDED in names:
        notes.append("the second part of its XMP data is left out, because it is too long")
    gone = names & _OF_PIXELS | places | {name for name in names if name[1:].startswith(_OF_APPENDED)}
    return _without(packet, gone).encode()


def machine_made(packet: bytes | None) -> bytes:
    """-> the packet, or a new one, with the provenance: kind of source, system, a sentence.

    Args:
        packet: from `kept`.
    """
    text = packet or _EMPTY.encode()
    about, instructions = "", ""
    for one in _parsed(text).iter():
        about = one.get(f"{{{_RDF}}}about") or about
        instructions = one.get(_INSTRUCTIONS) or (one.text if one.tag == _INSTRUCTIONS else "") or instructions
    if NOTE not in instructions:
        instructions = f"{instructions}\n{NOTE}".strip()
    said = (
        f'<rdf:Description xmlns:rdf="{_RDF}" xmlns:Iptc4xmpExt="{_IPTC}" xmlns:photoshop="{_PHOTOSHOP}"'
        f" rdf:about={quoteattr(about)}><Iptc4xmpExt:DigitalSourceType>{_ALGORITHM}</Iptc4xmpExt:DigitalSourceType>"
        "<Iptc4xmpExt:AISystemUsed>colorgan</Iptc4xmpExt:AISystemUsed>"
        f"<photoshop:Instructions>{escape(instructions)}</photoshop:Instructions></rdf:Description>"
    )
    text = _without(text, {_SOURCE_TYPE, _SYSTEM, _INSTRUCTIONS})
    end = [found.start() for found in re.finditer(r"</(?:[\w.-]+:)?RDF>", text)][-1]
    return f"{text[:end]}{said}{text[end:]}".encode()


def shortest(packet: bytes) -> bytes | None:
    """-> the provenance from a packet that is too long, if it has any."""
    return machine_made(None) if NOTE.encode() in packet else None


def _parsed(packet):
    if b"<!DOCTYPE" in packet:
        raise ValueError("it declares a document type")
    root = ElementTree.fromstring(packet.strip(_PADDING))
    if root.tag != f"{{{_RDF}}}RDF" and len(root.findall(f".//{{{_RDF}}}RDF")) != 1:
        raise ValueError("it has no rdf:RDF")
    return root


def _without(packet, names):
    """-> the text of a packet without elements and attributes of these names; other prefixes do not change."""
    file = io.BytesIO(packet.strip(_PADDING))
    return ElementTree.canonicalize(from_file=file, exclude_tags=names, exclude_attrs=names)
