"""Sphinx configuration: ``python -m sphinx -W docs build/site`` builds the site from these pages."""

import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

import autograd  # noqa: E402 - found through the path set above

project = "plaingrad"
version = release = autograd.__version__
html_title = f"plaingrad {release}"
copyright = "the authors of plaingrad"

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "myst_nb",
    "docs.site.annotations",
    "docs.site.excerpts",
    "docs.site.links",
    "docs.site.mathematics",
    "docs.site.names",
    "docs.site.notebooks",
    "docs.site.offline",
    "docs.site.sample",
    "docs.site.written",
]

# Docstrings put names in single backquotes: known names become links, and others, such as parameters, become code.
default_role = "py:obj"
nitpicky = True
nitpick_ignore_regex = [
    ("py:obj", ".*"),  # parameters, as above
    ("py:class", r"(?!(autograd|nn|datasets)\.).*"),  # of Python and NumPy: a link would need their sites
    ("py:exc", "numpy.linalg.LinAlgError"),  # of NumPy
    ("py:exc", "MissingProgramError"),  # of the package graphviz, which is loaded late
]

autodoc_typehints = "none"  # docs/site/annotations.py adds them to the descriptions of parameters
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True
napoleon_attr_annotations = False
autosummary_generate = False  # pages are written by subject, see docs/site/names.py

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "off"  # notebooks show their stored output
nb_ipywidgets_js: dict[str, dict[str, str]] = {}  # which would need a network

toc_object_entries_show_parents = "hide"
html_theme = "furo"
html_math_renderer = "mathml"
html_static_path = ["site/static"]
html_css_files = ["site.css"]
html_search_scorer = str(ROOT / "docs" / "site" / "scorer.js")
html_copy_source = html_show_sourcelink = False
pygments_style, pygments_dark_style = "default", "github-dark"
copybutton_prompt_text = ">>> |\\.\\.\\. |\\$ "
copybutton_prompt_is_regexp = True
templates_path: list[str] = []
exclude_patterns = ["images", "site"]
