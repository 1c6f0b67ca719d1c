"""Many documents as one PDF to print, with the tags that are read aloud (PDF 32000-1, 14.7)."""

import io
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pikepdf


def merged(documents: Sequence[bytes], title: str) -> bytes:
    """Return one PDF of many, in order, to be printed in one go or read aloud."""
    import pikepdf

    with pikepdf.new() as whole:
        tags = _Tags(whole)
        for content in documents:
            with pikepdf.open(io.BytesIO(content)) as one:
                first = len(whole.pages)
                whole.pages.extend(one.pages)
                tags.take(one, [whole.pages[place].obj for place in range(first, len(whole.pages))])
        tags.close()
        whole.docinfo["/Title"] = title
        whole.Root.ViewerPreferences = pikepdf.Dictionary(DisplayDocTitle=True)
        kept = io.BytesIO()
        whole.save(
            kept,
            object_stream_mode=pikepdf.ObjectStreamMode.generate,
            deterministic_id=True,
        )
    return kept.getvalue()


class _Tags:
    """The tree of tags of a whole PDF, gathered from those of its parts.

    A page finds its tags by a number, and a table's cell its headings by names; both are made
    anew for each part, because every part counts from nought.
    """

    def __init__(self, whole: "pikepdf.Pdf") -> None:
        import pikepdf

        self._whole = whole
        self._root = whole.make_indirect(pikepdf.Dictionary(Type=pikepdf.Name.StructTreeRoot))
        self._tops: list[Any] = []
        self._parents: list[Any] = []
        self._ids: dict[bytes, Any] = {}
        self._next = self._parts = 0

    def take(self, one: "pikepdf.Pdf", pages: Sequence[Any]) -> None:
        """Add the tags of a part whose pages are in the whole already."""
        if "/StructTreeRoot" not in one.Root:
            return
        tree = self._whole.copy_foreign(one.Root.StructTreeRoot)
        for top in _several(tree.K):
            top.P = self._root
            self._tops.append(top)
            self._name_anew(top, f"{self._parts}.".encode())
        numbered = list(_numbered(tree.ParentTree))
        for number, tagged in numbered:
            self._parents += [self._next + number, tagged]
        for page in pages:
            if "/StructParents" in page:
                page.StructParents = self._next + int(page.StructParents)
        if "/RoleMap" in tree:
            self._root.RoleMap = tree.RoleMap
        self._whole.Root.Lang = one.Root.get("/Lang", "ja-JP")
        self._next += 1 + max((number for number, _ in numbered), default=0)
        self._parts += 1

    def _name_anew(self, element: Any, prefix: bytes) -> None:  # noqa: ANN401 - a tag
        import pikepdf

        if "/ID" in element:
            element.ID = pikepdf.String(prefix + bytes(element.ID))
            self._ids[bytes(element.ID)] = element
        for attributes in _several(element.get("/A", [])):
            if "/Headers" in attributes:
                names = [pikepdf.String(prefix + bytes(name)) for name in attributes.Headers]
                attributes.Headers = pikepdf.Array(names)
        for kid in _several(element.get("/K", [])):
            if isinstance(kid, pikepdf.Dictionary) and "/S" in kid:
                self._name_anew(kid, prefix)

    def close(self) -> None:
        """Give the whole its tags, where its parts had any."""
        import pikepdf

        if not self._tops:
            return
        named = [part for name in sorted(self._ids) for part in (name, self._ids[name])]
        names = [pikepdf.String(part) if isinstance(part, bytes) else part for part in named]
        self._root.K = pikepdf.Array(self._tops)
        self._root.IDTree = pikepdf.Dictionary(Names=pikepdf.Array(names))
        self._root.ParentTree = pikepdf.Dictionary(Nums=pikepdf.Array(self._parents))
        self._root.ParentTreeNextKey = self._next
        self._whole.Root.StructTreeRoot = self._root
        self._whole.Root.MarkInfo = pikepdf.Dictionary(Marked=True)


def _several(found: Any) -> list[Any]:  # noqa: ANN401 - one object of a PDF, or an array of them
    import pikepdf

    return list(found) if isinstance(found, pikepdf.Array | list) else [found]


def _numbered(tree: Any) -> Iterator[tuple[int, Any]]:  # noqa: ANN401 - a number tree
    """Yield what a number tree holds (PDF 32000-1, 7.9.7)."""
    held = list(tree.get("/Nums", []))
    for place in range(0, len(held), 2):
        yield int(held[place]), held[place + 1]
    for kid in tree.get("/Kids", []):
        yield from _numbered(kid)
