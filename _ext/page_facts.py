"""Small things of pages: descriptions for search engines, texts and titles, line breaks at formulas."""

import re
from html import escape

from docutils import nodes
from sphinx.transforms import SphinxTransform
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx_exercise.nodes import is_exercise_node

LENGTH = 160  # characters of a description that search engines show


def first_paragraph(doctree):
    """The first paragraph of running text, on one line."""
    for paragraph in doctree.findall(nodes.paragraph):
        if isinstance(paragraph.parent, (nodes.section, nodes.document)):
            text = " ".join(paragraph.astext().split())
            if len(text) > 40:
                return text
    return ""


def describe(app, pagename, templatename, context, doctree):
    """Add the description of a page to its head."""
    text = first_paragraph(doctree) if doctree else ""
    text = text or f"{context.get('title', '')}: {app.config.html_title}"
    if len(text) > LENGTH:
        text = text[:LENGTH].rsplit(" ", 1)[0] + " …"
    context["metatags"] = context.get("metatags", "") + f'\n<meta name="description" content="{escape(text)}">'


def drop_thebe(app, pagename, templatename, context, doctree):
    """Take out the live-code scripts: the theme adds them twice, which is an error, and the book has no such button."""
    context["script_files"] = [
        script
        for script in context["script_files"]
        if "thebe" not in f"{getattr(script, 'filename', script)} {getattr(script, 'attributes', '')}".lower()
    ]


class CaptionFigures(SphinxTransform):
    """A paragraph that starts with *Figure.* after a cell is the caption of the cell's images."""

    default_priority = 998

    def apply(self):
        cells = [n for n in self.document.findall(nodes.container) if n.get("nb_element") == "cell_code"]
        for cell in cells:
            caption = cell.next_node(descend=False, siblings=True)
            if not (isinstance(caption, nodes.paragraph) and caption.astext().startswith("Figure")):
                continue
            caption["classes"].append("figure-caption")
            for image in cell.findall(nodes.image):
                image["alt"] = caption.astext().removeprefix("Figure.").strip()


class ExerciseTitles(SphinxPostTransform):
    """"Exercise 2.1 · Title (10 min, easy)" instead of "Exercise 2.1 (Title (10 min, easy))"."""

    default_priority = 25  # after sphinx-exercise has put its titles together

    def run(self):
        for node in self.document.findall(is_exercise_node):
            title = node.next_node(nodes.title)
            if len(title) > 1 and title[0].astext() == " (" and title[-1].astext() == ")":
                title[0], title[-1] = nodes.Text("· "), nodes.Text("")


class NoBreakAtFormulas(SphinxPostTransform):
    """No line begins with the comma after a formula, or ends with the bracket before it.

    Browsers may break a line on both sides of a formula, whatever stands there.
    """

    default_priority = 900
    OPENING = re.compile(r"[(\[“]+$")
    CLOSING = re.compile(r"^(?:[,.;:!?)\]”’…]|'s\b|-\w+)+")

    def run(self):
        for formula in list(self.document.findall(nodes.math)):
            before = formula.previous_sibling() if formula.parent.index(formula) else None
            after = formula.next_node(descend=False, siblings=True)
            opening = self.OPENING.search(before) if isinstance(before, nodes.Text) else None
            closing = self.CLOSING.match(after) if isinstance(after, nodes.Text) else None
            if not (opening or closing):
                continue
            together = nodes.inline(classes=["nobreak"])
            formula.replace_self(together)
            together += formula
            if opening:
                together.insert(0, nodes.Text(opening[0]))
                before.parent.replace(before, nodes.Text(before[: opening.start()]))
            if closing:
                together += nodes.Text(closing[0])
                after.parent.replace(after, nodes.Text(after[closing.end() :]))


def setup(app):
    app.connect("html-page-context", describe)
    app.connect("html-page-context", drop_thebe, priority=900)
    app.add_transform(CaptionFigures)
    app.add_post_transform(ExerciseTitles)
    app.add_post_transform(NoBreakAtFormulas)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
