"""Links from names in tutorials and how-tos to the API pages."""

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.nodes import make_refnode

PAGES = ("tutorials/", "howto/")


def link_names(app: Sphinx, page: nodes.document, place: str) -> None:
    """Turn code that is a public name, such as `nn.fit`, or `grad` of `autograd`, into a link."""
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
    """Register this for when all names are known."""
    app.connect("doctree-resolved", link_names)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
