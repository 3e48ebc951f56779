"""Show verdicts: a formula with its status, and the same status beside the number of its theorem."""

from docutils import nodes
from myst_nb.core import render
from sphinx import addnodes
from sphinx.transforms import SphinxTransform

from rlcourse.book.ledger import MIME, Entry

MARKS = {"proved": "✓", "refuted": "✗", "verified exactly": "✓", "consistent": "≈"}
MEANINGS = {
    "proved": "Proved: an algebra system reduced it to an identity when this page was made.",
    "refuted": "Refuted: a point was found where the two sides differ.",
    "verified exactly": "Verified exactly: code and an exact value agree to rounding.",
    "consistent": "Consistent: a simulation agrees within its error and would have noticed a stated wrong value.",
}


def css_class(status):
    return "status-" + status.replace(" ", "-")


def mark(status):
    """The status as a word with its sign."""
    word = nodes.inline("", f"{MARKS[status]}\u00a0{status}", classes=["status", css_class(status)])
    word["title"] = MEANINGS[status]
    return word


def code_links(names, docname):
    """References to package functions on the API page, separated by commas."""
    links = []
    for name in names:
        link = addnodes.pending_xref("", refdomain="py", reftype="obj", reftarget=name, refdoc=docname, refwarn=True)
        link += nodes.literal("", name.removeprefix("rlcourse."), classes=["xref", "py"])
        links += [link, nodes.Text(", ")]
    return links[:-1]


def details(entry, docname):
    """The line that unfolds: how it was settled, which statements it covers, which functions it is about."""
    facts = [("Route", [nodes.Text(entry.route)]), ("Label", [nodes.literal("", entry.label)])]
    if entry.covers:
        facts.append(("Statements", [nodes.Text(", ".join(entry.covers))]))
    if entry.code:
        facts.append(("Functions", code_links(entry.code, docname)))
    line = nodes.paragraph(classes=["verdict-facts"])
    for i, (name, value) in enumerate(facts):
        line += [nodes.Text(" · " if i else ""), nodes.strong("", name), nodes.Text(" "), *value]
    return [
        nodes.raw("", "<details class='verdict-details'><summary>how</summary>", format="html"),
        line,
        nodes.raw("", "</details>", format="html"),
    ]


def verdict_node(entry, docname):
    """A verdict as it stands in a chapter."""
    box = nodes.container(classes=["verdict", css_class(entry.status)], ids=[entry.anchor])
    box["verdict"] = (entry.label, entry.status)
    box += nodes.paragraph("", "", mark(entry.status), classes=["verdict-status"])
    box += nodes.math_block(text=entry.formula, nowrap=False, number=None)
    if entry.note:
        box += nodes.paragraph("", entry.note, classes=["verdict-note"])
    box += details(entry, docname)
    return box


class VerdictRenderer:
    """What myst-nb calls for each output."""

    mime_priority_overrides = (("*", MIME, 1),)

    @staticmethod
    def handle_mime(renderer, data, inline):
        if data.mime_type != MIME or inline:
            return None
        return [verdict_node(Entry.of(data.content), renderer.renderer.sphinx_env.docname)]


class MarkTheorems(SphinxTransform):
    """Put into a theorem's title the status of the verdict with its label, or else of the first ``label:...``."""

    default_priority = 999

    def apply(self):
        boxes = [box for box in self.document.findall(nodes.container) if "verdict" in box]
        found = {}
        for box in sorted(boxes, key=lambda box: ":" in box["verdict"][0]):
            label, status = box["verdict"]
            found.setdefault(label.split(":")[0], (status, box["ids"][0]))
        for node in self.document.findall(nodes.Element):
            if "realtype" not in node or node.get("label") not in found:
                continue
            status, anchor = found[node["label"]]
            title = node.next_node(nodes.title)
            title += nodes.reference("", "", mark(status), refid=anchor, internal=True, classes=["title-status"])


def setup(app):
    # myst-nb finds renderers by entry points of installed packages; the list that it keeps is the only
    # other way in, and it lets the package stay free of Sphinx.
    if VerdictRenderer not in render.load_mime_renders():
        render.load_mime_renders().append(VerdictRenderer)
    app.add_transform(MarkTheorems)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
