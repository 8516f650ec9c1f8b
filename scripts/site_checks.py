"""Check the pages of the built site: links, what needs a network, names without a page."""

import inspect
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import api_pages

SOURCES = {
    "a": "href",
    **dict.fromkeys(("audio", "embed", "iframe", "img", "script", "source", "video"), "src"),
    "link": "href",
}
"""The attribute of an element that names another file."""


class Page(HTMLParser):
    """The anchors of a page, and what it links to and loads.

    Attributes:
        anchors: The ids in it.
        links: What its links name.
        loaded: What a browser loads to show it.
    """

    def __init__(self, path: Path) -> None:
        """Read a page."""
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what an element is called and what it names."""
        values = dict(attrs)
        self.anchors.update(filter(None, (values.get("id"), values.get("name"))))
        if (target := values.get(SOURCES.get(tag, ""))) is not None:
            (self.links if tag == "a" else self.loaded).append(target)


def problems(site: Path) -> dict[str, list[str]]:
    """What is wrong with a site, by kind; lists are empty where nothing is."""
    pages = {path.resolve(): Page(path) for path in sorted(site.rglob("*.html"))}
    broken, from_network = [], []
    for path, page in pages.items():
        name = path.relative_to(site.resolve())
        for target in page.links + page.loaded:
            place = urlsplit(target)
            if place.scheme in ("data", "mailto"):
                continue
            if place.scheme or place.netloc:
                from_network += [f"{name}: {target}"] * (target in page.loaded)
                continue
            file = (path.parent / unquote(place.path)).resolve() if place.path else path
            anchors = pages[file].anchors if file in pages else {""}
            if not file.is_file() or (place.fragment and unquote(place.fragment) not in anchors):
                broken.append(f"{name}: {target}")
    for path in [*site.rglob("*.css"), *site.rglob("*.svg")]:
        found = re.findall(r"(?:@import|url\()\s*['\"]?((?:https?:)?//[^'\")]+)", path.read_text())
        from_network += [f"{path.relative_to(site)}: {address}" for address in found]
    anchors = {anchor for page in pages.values() for anchor in page.anchors}
    return {
        "broken links": broken,
        "files from the network": from_network,
        "public names without a page": [name for name in public_names() if name not in anchors],
    }


def public_names() -> list[str]:
    """The anchors of all names that have a page, of modules, and of fnet's own methods."""
    names = [*(f"module-{name}" for name in api_pages.modules()), *api_pages.pages()]
    for name, thing in api_pages.pages().items():
        if inspect.isclass(thing):
            members = inspect.getmembers(thing, inspect.isroutine)
            ours = [n for n, member in members if n[0] != "_" and api_pages.is_ours(member)]
            names += [f"{name}.{n}" for n in ours]
    return names
