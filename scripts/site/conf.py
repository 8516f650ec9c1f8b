"""The configuration of Sphinx for `build_site.py`, which copies the sources elsewhere first."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import site_extension  # noqa: E402

import fnet  # noqa: E402

project = "fnet"
release = version = fnet.__version__
copyright = "the authors of fnet"  # noqa: A001, Sphinx's name
extensions = [
    *("sphinx.ext.autodoc", "sphinx.ext.napoleon", "myst_parser", "sphinx_gallery.gen_gallery"),
    "site_extension",
]
exclude_patterns = ["notes/*"]
default_role = "public"
nitpicky = True
nitpick_ignore_regex = site_extension.ELSEWHERE

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the extension adds them to the descriptions
napoleon_use_ivar = True
napoleon_attr_annotations = False
napoleon_use_rtype = False
napoleon_preprocess_types = False
maximum_signature_line_length = 60

myst_heading_anchors = 3
myst_enable_extensions = ["dollarmath"]

sphinx_gallery_conf = {
    "examples_dirs": ["notes"],
    "gallery_dirs": ["lessons"],
    "copyfile_regex": r"index\.rst",
    "ignore_pattern": r"^(?!\d)",
    "within_subsection_order": "FileNameSortKey",
    "image_scrapers": ("site_extension.last_value",),
    "abort_on_example_error": True,
    "show_memory": False,
    "show_signature": False,
    "min_reported_time": 1e9,
    "write_computation_times": False,
    "reset_modules": (),
}

html_theme = "furo"
smartquotes_action = "D"  # dashes alone
pygments_dark_style = "github-dark"
html_title = f"fnet {release}"
html_math_renderer = "mathml"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_search_summary = False  # a page that is opened as a file may not fetch others
