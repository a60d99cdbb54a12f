"""CycloneDX XML says what the same document says as JSON, and nothing in it is fetched or expanded."""

import json

import pytest
from cyclonedx.model.bom import Bom
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from envscout import sbom
from envscout.errors import EnvscoutError, LimitExceeded, SourceError
from envscout.model import Distribution, Package
from envscout.sbom import cyclonedx_xml
from tests.sbom.documents import DEB, DIGEST, LAYER, LIBSSL
from tests.sbom.inventories import IMAGE, inventory

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<bom xmlns="http://cyclonedx.org/schema/bom/1.4" version="1">'
DOCUMENT = f"""{HEAD}
  <metadata>
    <timestamp>2024-01-01T00:00:00Z</timestamp>
    <tools><tool><vendor>aquasecurity</vendor><name>trivy</name><version>0.40.0</version></tool></tools>
    <component type="container"><name>demo</name><version>{DIGEST}</version></component>
  </metadata>
  <components>
    <component type="operating-system"><name>debian</name><version>12.5</version></component>
    <component type="library" bom-ref="a">
      <name>libssl3</name>
      <version>3.0.11-1</version>
      <licenses><license><id>Apache-2.0</id><text>x</text></license><license><name>a &amp; b</name></license></licenses>
      <purl>{DEB.replace("&", "&amp;")}</purl>
      <pedigree><ancestors><component type="library"><purl>pkg:npm/not-here@1</purl></component></ancestors></pedigree>
      <properties>
        <property name="aquasecurity:trivy:SrcName">openssl</property>
        <property name="aquasecurity:trivy:LayerDiffID">{LAYER}</property>
      </properties>
      <evidence><occurrences><occurrence><location>/a<![CDATA[<b]]></location></occurrence></occurrences></evidence>
      <components><component type="library"><purl>pkg:npm/inner@1</purl><name>inner</name></component></components>
      <x:extra xmlns:x="urn:x"><x:purl>pkg:npm/extra@1</x:purl></x:extra>
    </component>
  </components>
  <services><service><name>no package</name></service></services>
</bom>"""


def components(text: str) -> bytes:
    """Return a document with these components."""
    return f"{HEAD}<components>{text}</components></bom>".encode()


def test_a_document() -> None:
    found, subject = sbom.read(DOCUMENT.encode())
    assert found.packages == (
        replace(LIBSSL, licenses=("Apache-2.0", "a & b"), locations=("/a<b",)),
        Package("npm", "inner", "1", "pkg:npm/inner@1", "inner", "1"),
    )
    assert found.distribution == Distribution("debian", "12")
    assert found.problems == ()
    assert (subject.format, subject.reference, subject.image.digest) == ("CycloneDX 1.4", "demo", DIGEST)
    assert (subject.tools, subject.created) == (("trivy-0.40.0",), "2024-01-01T00:00:00Z")


@pytest.mark.filterwarnings("ignore:The Component this BOM is describing")
@pytest.mark.parametrize("version", ["1.2", "1.3", "1.4", "1.5", "1.6"])
def test_what_the_library_writes_is_the_same_as_xml_and_as_json(version: str) -> None:
    bom = Bom.from_json(json.loads(sbom.write_cyclonedx(IMAGE, inventory(60), "demo")))  # type: ignore[attr-defined]
    schema = SchemaVersion.from_version(version)
    both = [
        make_outputter(bom, form, schema).output_as_string().encode() for form in (OutputFormat.JSON, OutputFormat.XML)
    ]
    (json_, subject), (xml, same) = map(sbom.read, both)
    assert (xml, same) == (json_, subject)
    assert len(xml.packages) > 30


def test_tools_and_encodings_of_later_documents() -> None:
    text = DOCUMENT.replace("bom/1.4", "bom/1.6").replace("UTF-8", "UTF-16")
    text = text.replace("<tools>", "<tools><components>").replace("</tools>", "</components></tools>")
    text = text.replace("<tool>", '<component type="application">').replace("</tool>", "</component>")
    found, subject = sbom.read(text.encode("utf-16"))
    assert len(found.packages) == 2
    assert (subject.format, subject.tools) == ("CycloneDX 1.6", ("trivy-0.40.0",))


DTD = '<?xml version="1.0"?>\n<!DOCTYPE bom [<!ENTITY a "{}">]>\n'
REFUSED = {
    "entity": (DTD.format("x") + DOCUMENT[39:], "document type"),
    "external entity": (DTD.replace('"{}"', 'SYSTEM "file:///etc/passwd"') + DOCUMENT[39:], "document type"),
    "external subset": ('<!DOCTYPE bom SYSTEM "http://127.0.0.1/x.dtd"><bom/>', "document type"),
    "undefined entity": (components("<component>&a;</component>").decode(), "XML"),
    "truncated": (DOCUMENT[:-20], "XML"),
    "another root": ('<x xmlns="http://cyclonedx.org/schema/bom/1.4"/>', "no CycloneDX"),
    "no namespace": ("<bom><components/></bom>", "no CycloneDX"),
    "unknown encoding": ('<?xml version="1.0" encoding="rot13"?><bom/>', "XML"),
    "no such encoding": ('<?xml version="1.0" encoding="nope"?><bom/>', "XML"),
    "two roots": (DOCUMENT + "<bom/>", "XML"),
    "NUL": (DOCUMENT.replace("demo", "de\0mo"), "XML"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_other_things_are_refused(name: str) -> None:
    text, cause = REFUSED[name]
    with pytest.raises(SourceError, match=cause) as refusal:
        sbom.read(text.encode())
    assert refusal.value.next_step


def test_depth_and_number_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(LimitExceeded, match="deep"):
        sbom.read(components("<x>" * 100_000))
    nested = "<component><components>" * 40 + "</components></component>" * 40
    with pytest.raises(SourceError, match="deep"):
        sbom.read(components(nested))
    monkeypatch.setattr(cyclonedx_xml, "MAX_COMPONENTS", 3)
    with pytest.raises(LimitExceeded, match="too many"):
        sbom.read(components("<component/>" * 4))


@pytest.mark.parametrize(
    "part", ["<component/>", "<x/>", "&lt;", "<!-- -->", "<component><name>&amp;</name></component>"]
)
def test_much_of_anything_is_read(part: str) -> None:
    found, _ = sbom.read(components(part * (300_000 // len(part))))
    assert found.packages == ()


@given(st.integers(0, len(DOCUMENT) - 1), st.text(max_size=6), st.integers(0, 30))
def test_damage_is_refused_or_read_never_a_crash(at: int, noise: str, lost: int) -> None:
    try:
        sbom.read((DOCUMENT[:at] + noise + DOCUMENT[at + lost :]).encode("utf-8", "replace"))
    except EnvscoutError:
        return
