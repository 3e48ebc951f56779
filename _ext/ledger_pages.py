"""Pages made from the verdicts of all chapters: ``{verdict} label``, ``{ledger}`` and ``{corrections}``."""

from collections import Counter
from pathlib import Path

from docutils import nodes
from sphinx.util.docutils import SphinxDirective
from verdicts import code_links, css_class, mark

from rlcourse.book.ledger import STATUSES, read_chapter, read_statements

BOOK = "book"


class VerdictPage(SphinxDirective):
    """What these directives share: the chapters in the book's order, and links into them."""

    def chapters(self):
        """The notebooks named in ``_toc.yml``, in its order; the page depends on each of them."""
        source = Path(self.env.srcdir)
        self.env.note_dependency(str(source / self.config.external_toc_path))
        read = []
        for name in self.config.external_site_map:
            path = source / (name.removesuffix(".ipynb") + ".ipynb")
            if path.is_file():
                self.env.note_dependency(str(path))
                read.append(read_chapter(path, source / BOOK))
        return [chapter for chapter in read if chapter.entries]

    def link(self, chapter, entry, text):
        """A reference to the cell that settled it."""
        page = self.env.app.builder.get_relative_uri(self.env.docname, f"{BOOK}/{chapter.slug}")
        return nodes.reference("", text, refuri=f"{page}#{entry.anchor}", internal=True)

    def quote(self, chapter, entry, text):
        """A verdict with a link to the cell that reached it."""
        box = nodes.container(classes=["verdict", css_class(entry.status)])
        box += nodes.paragraph("", "", mark(entry.status), classes=["verdict-status"])
        box += nodes.math_block(text=entry.formula, nowrap=False, number=None)
        note = nodes.paragraph("", entry.note + " " if entry.note else "", classes=["verdict-note"])
        note += self.link(chapter, entry, text)
        box += note
        return box

    def section(self, chapter):
        """A chapter's section of the page, with its heading."""
        section = nodes.section(ids=[chapter.slug.replace("/", "-")], names=[])
        section += nodes.title("", chapter.title)
        return section


class OneVerdict(VerdictPage):
    """A verdict of some chapter, shown on another page."""

    required_arguments = 1

    def run(self):
        label = self.arguments[0]
        for chapter in self.chapters():
            for entry in chapter.entries:
                if entry.label == label:
                    return [self.quote(chapter, entry, f"Derived in “{chapter.title}”.")]
        raise self.error(f"no chapter has a verdict {label!r}")


class Ledger(VerdictPage):
    """Every verdict of the book, by chapter, with counts on top."""

    def run(self):
        chapters = self.chapters()
        path = Path(self.env.srcdir, BOOK, "statements.csv")
        self.env.note_dependency(str(path))
        return [self.counts(chapters, read_statements(path)), *map(self.table, chapters)]

    def counts(self, chapters, statements):
        entries = [entry for chapter in chapters for entry in chapter.entries]
        count = Counter(entry.status for entry in entries)
        covered = {id_ for entry in entries for id_ in entry.covers}
        written = {chapter.slug for chapter in chapters}
        owned = [statement.id for statement in statements if statement.chapter in written]
        tiles = nodes.container(classes=["ledger-counts"])
        for status in STATUSES:
            number = nodes.strong("", str(count[status]))
            tiles += nodes.paragraph("", "", number, mark(status), classes=["ledger-count", css_class(status)])
        text = f"{len(entries)} verdicts in {len(chapters)} chapters. They cover {len(covered.intersection(owned))} "
        text += f"of the {len(owned)} statements that book/statements.csv gives to these chapters."
        return nodes.container("", nodes.paragraph("", text), tiles, classes=["ledger-head"])

    def table(self, chapter):
        section = self.section(chapter)
        rows = [self.row(chapter, entry) for entry in chapter.entries]
        section += table(["Statement", "Formula", "Status"], rows, [1, 4, 1], ["ledger"])
        return section

    def row(self, chapter, entry):
        where = nodes.paragraph("", "", self.link(chapter, entry, entry.label))
        ids = nodes.paragraph("", ", ".join(entry.covers), classes=["ledger-ids"])
        formula = nodes.math_block(text=entry.formula, nowrap=False, number=None)
        code = nodes.paragraph("", "", *code_links(entry.code, self.env.docname), classes=["ledger-code"])
        return [[where, ids], [formula, code], [nodes.paragraph("", "", mark(entry.status))]]


class Corrections(VerdictPage):
    """Every refuted statement of the book, with the values of both sides."""

    def run(self):
        sections = []
        for chapter in self.chapters():
            refuted = [entry for entry in chapter.entries if entry.status == "refuted"]
            if refuted:
                section = self.section(chapter)
                section += [self.quote(chapter, entry, "See the cell.") for entry in refuted]
                sections.append(section)
        return sections


def table(head, rows, widths, classes):
    """A docutils table of cells that hold blocks."""
    group = nodes.tgroup(cols=len(head))
    group += [nodes.colspec(colwidth=width) for width in widths]
    header = nodes.row("", *(nodes.entry("", nodes.paragraph("", text)) for text in head))
    body = [nodes.row("", *(nodes.entry("", *cell) for cell in row)) for row in rows]
    group += [nodes.thead("", header), nodes.tbody("", *body)]
    return nodes.table("", group, classes=classes)


def setup(app):
    app.add_directive("verdict", OneVerdict)
    app.add_directive("ledger", Ledger)
    app.add_directive("corrections", Corrections)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
