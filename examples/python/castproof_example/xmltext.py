"""XML in and out: small bounds, no document type, names without their namespaces."""

import xml.etree.ElementTree as ElementTree
from xml.sax.saxutils import escape, quoteattr

from .errors import Refused

MAX_DEPTH = 32
MAX_ELEMENTS = 20000


class _Builder(ElementTree.TreeBuilder):
    def __init__(self):
        super().__init__()
        self.depth = self.count = 0

    def doctype(self, name, public, system):
        raise Refused("XML with a document type")

    def start(self, tag, attributes):
        self.depth += 1
        self.count += 1
        if self.depth > MAX_DEPTH or self.count > MAX_ELEMENTS:
            raise Refused("XML nests too deep or has too many elements")
        # Only of the root does anybody ask for the namespace.
        return super().start(tag if self.depth == 1 else local(tag), attributes)

    def end(self, tag):
        self.depth -= 1
        return super().end(tag)


def parse(octets: bytes, most: int) -> ElementTree.Element:
    """The root element; Refused when it is no well-formed XML or longer than `most` octets.

    The root keeps its namespace, the elements below it have local names.
    """
    if len(octets) > most:
        raise Refused(f"XML of more than {most} octets")
    parser = ElementTree.XMLParser(target=_Builder())
    try:
        parser.feed(octets)
        return parser.close()
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise Refused(f"no well-formed XML: {error}") from None


def local(name: str) -> str:
    """A name without its namespace."""
    return name.rpartition("}")[2]


def children(element: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    """The child elements of a local name."""
    return [child for child in element if child.tag == name]


def child(element: ElementTree.Element | None, *path: str) -> ElementTree.Element | None:
    """The first element at a path of local names."""
    for name in path:
        if element is None:
            return None
        for below in element:
            if below.tag == name:
                element = below
                break
        else:
            return None
    return element


def text(element: ElementTree.Element | None, *path: str) -> str | None:
    """The text of the first element at a path; None when there is none."""
    found = child(element, *path)
    return None if found is None else (found.text or "").strip()


__all__ = ["parse", "local", "children", "child", "text", "escape", "quoteattr"]
