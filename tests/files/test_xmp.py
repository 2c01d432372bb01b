"""A packet says nothing that is not true of a result, and who made its colours."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from colorgan.files import reading, writing, xmp
from colorgan.files.metadata import Metadata

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
SPACES = {
    "dc": "http://purl.org/dc/elements/1.1/",
    "tiff": "http://ns.adobe.com/tiff/1.0/",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "hdrgm": "http://ns.adobe.com/hdr-gain-map/1.0/",
    "xmpNote": "http://ns.adobe.com/xmp/note/",
    "mwg-rs": "http://www.metadataworkinggroup.com/schemas/regions/",
}
ALGORITHM = "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicallyEnhanced"  # the value of IPTC's vocabulary


def packet(attributes="", elements=""):
    spaces = " ".join(f'xmlns:{name}="{uri}"' for name, uri in SPACES.items())
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        f'<rdf:RDF xmlns:rdf="{RDF}"><rdf:Description rdf:about="uuid:1" {spaces} {attributes}>{elements}'
        '</rdf:Description></rdf:RDF></x:xmpmeta>   <?xpacket end="w"?>\0\0'
    ).encode()


def properties(data):
    """{prefix:name: [texts]} of a packet, by another way than the program's."""
    found = {}
    for one in ElementTree.fromstring(data).iter():
        for name, text in [*one.attrib.items(), (one.tag, one.text)]:
            for prefix, uri in SPACES.items():
                if name.startswith(f"{{{uri}}}"):
                    found.setdefault(f"{prefix}:{name.partition('}')[2]}", []).append(text)
    return found


def test_what_is_kept():
    given = packet(
        'tiff:Orientation="6" tiff:Make="Kodak" exif:PixelXDimension="8" hdrgm:Version="1.0" dc:source="a&#10;&amp; b"',
        "<dc:title>ä &lt; b</dc:title><xmp:Thumbnails><rdf:Alt/></xmp:Thumbnails><xmp:Rating>4</xmp:Rating>",
    )
    notes = []
    kept = xmp.kept(given, notes)
    assert notes == []
    assert properties(kept) == {
        "tiff:Make": ["Kodak"], "dc:source": ["a\n& b"], "dc:title": ["ä < b"], "xmp:Rating": ["4"]
    }  # fmt: skip
    for prefix in (b"tiff:Make", b"dc:title", b"<rdf:RDF"):  # many a program looks for these very letters
        assert prefix in kept


def test_notes():
    regions = packet(elements="<mwg-rs:Regions>Ann</mwg-rs:Regions>")
    notes = []
    assert "mwg-rs:Regions" in properties(xmp.kept(regions, notes)) and notes == []
    assert properties(xmp.kept(regions, notes, turned=True)) == {}
    assert notes == ["the regions of its XMP data are left out, because the picture is turned"]
    notes = []
    assert properties(xmp.kept(packet('xmpNote:HasExtendedXMP="0"'), notes)) == {}
    assert notes == ["the second part of its XMP data is left out, because it is too long"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<x:xmpmeta",
        b"<a></a>",
        packet().replace(b"<x:xmp", b'<!DOCTYPE x [<!ENTITY a "b">]><x:xmp', 1),
        packet(elements="\xe4").replace(b"\xc3", b""),
    ],
    ids=["empty", "cut", "other", "entities", "no UTF-8"],
)
def test_damaged(data):
    notes = []
    assert xmp.kept(data, notes) is None
    assert re.fullmatch(r"its XMP data is damaged and left out \(.+\)", *notes)


def test_machine_made():
    expected = {
        "Iptc4xmpExt:DigitalSourceType": [ALGORITHM],
        "Iptc4xmpExt:AISystemUsed": ["colorgan"],
        "photoshop:Instructions": [xmp.NOTE],
    }
    assert properties(xmp.machine_made(None)) == expected
    given = packet(
        'photoshop:Instructions="Keep &lt;dry&gt;"',
        "<dc:title>Square</dc:title><Iptc4xmpExt:DigitalSourceType>other</Iptc4xmpExt:DigitalSourceType>",
    )
    made = xmp.machine_made(xmp.kept(given, []))
    expected |= {"photoshop:Instructions": [f"Keep <dry>\n{xmp.NOTE}"], "dc:title": ["Square"]}
    assert properties(made) == expected
    assert properties(xmp.machine_made(made)) == expected  # said once
    abouts = [one.get(f"{{{RDF}}}about") for one in ElementTree.fromstring(made).iter(f"{{{RDF}}}Description")]
    assert set(abouts) == {"uuid:1"}  # one packet is about one thing (ISO 16684-1, 7.4)


def test_too_long_for_jpeg(tmp_path):
    long, rgb = xmp.kept(packet(elements=f"<dc:title>{'a' * 70000}</dc:title>"), []), np.zeros((8, 8, 3), np.uint8)
    for along, expected in ((Metadata(xmp=long), None), (Metadata(xmp=long).machine_made(), xmp.machine_made(None))):
        notes = writing.write(tmp_path / "a.jpg", rgb, metadata=along)
        assert notes == ["its XMP data is too long for JPEG and left out"]
        found = reading.read(tmp_path / "a.jpg").metadata.xmp
        assert (found and properties(found)) == (expected and properties(expected))
