"""Names in the text of tutorials and how-tos lead to where the API describes them."""

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.nodes import make_refnode

PAGES = ("tutorials/", "howto/")


def link_names(app: Sphinx, page: nodes.document, place: str) -> None:
    """Make links of what a page says in code, where that is all of a public name: `nn.fit`, or `grad` of `autograd`."""
    if not place.startswith(PAGES):
        return
    known = app.env.domains.python_domain.objects
    for code in [*page.findall(nodes.literal)]:
        name = code.astext().removesuffix("()")
        full = next((full for full in (name, f"autograd.{name}", f"datasets.{name}") if full in known), None)
        if full is not None and not isinstance(code.parent, nodes.reference):
            entry = known[full]
            code.replace_self(make_refnode(app.builder, place, entry.docname, entry.node_id, code.deepcopy(), full))


def setup(app: Sphinx) -> dict[str, bool]:
    """Have it done when all names are known."""
    app.connect("doctree-resolved", link_names)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
