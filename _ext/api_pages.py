"""``{package-api} rlcourse.tabular``: a section for each module, with the documentation of its public names."""

import importlib
import inspect
import pkgutil
import re

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective


def modules(package):
    """The modules of a package that have public names; the package itself if it has public names of its own."""
    names = getattr(package, "__all__", [])
    if any(not inspect.ismodule(getattr(package, name)) for name in names) or not hasattr(package, "__path__"):
        return [package]
    found = [importlib.import_module(f"{package.__name__}.{m.name}") for m in pkgutil.iter_modules(package.__path__)]
    return [module for module in found if hasattr(module, "__all__")]


def rest_of(module):
    """The autodoc directives for a module's public names."""
    lines = [f".. py:module:: {module.__name__}", ""]
    for name in module.__all__:
        value = getattr(module, name)
        kind = "autoclass" if inspect.isclass(value) else "autofunction" if callable(value) else "py:data"
        members = ["   :members:"] if kind == "autoclass" else []
        lines += [f".. {kind}:: {module.__name__}.{name}", *members, ""]
    return lines


# "Proved in: values/q_learning (alg-sarsa, thm-sarsa-soft)"; the line may be broken anywhere
PROVED_IN = re.compile(r"(?<=Proved in:)\s+[a-z]+/[a-z_]+\s+\(([^)]*)\)")


class PackageApi(SphinxDirective):
    required_arguments = 1

    def run(self):
        sections = []
        for module in modules(importlib.import_module(self.arguments[0])):
            self.env.note_dependency(inspect.getsourcefile(module))
            section = nodes.section(ids=[module.__name__.replace(".", "-")], names=[])
            # the table of contents has no room for more
            section += nodes.title("", "", nodes.literal("", module.__name__.removeprefix("rlcourse.")))
            section += nodes.paragraph("", (inspect.getdoc(module) or "").split("\n\n")[0].replace("\n", " "))
            text = ["```{eval-rst}", *rest_of(module), "```"]
            self.state.nested_parse(StringList(text, source=inspect.getsourcefile(module)), 0, section)
            sections.append(section)
        return sections


def keep_stars(app, what, name, obj, options, lines):
    """Shapes are written ``[*batch, T]``; to reStructuredText a lone star opens an emphasis."""
    lines[:] = [line.replace("[*", r"[\*") if "``" not in line else line for line in lines]


def link_proofs(app, what, name, obj, options, lines):
    """The statements of the book that a docstring names become links."""

    def links(found):
        return " " + ", ".join(f":prf:ref:`{label}`" for label in re.split(r",\s*", found[1]))

    lines[:] = PROVED_IN.sub(links, "\n".join(lines)).split("\n")


def setup(app):
    app.add_directive("package-api", PackageApi)
    app.connect("autodoc-process-docstring", keep_stars)
    app.connect("autodoc-process-docstring", link_proofs)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
