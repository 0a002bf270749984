"""The documentation site: `make docs` builds it in build/site, from the pages that a git host shows.

The source folder is the root of the repository (docs/ has this configuration), so every relative link leads to the same
place on a git host and in the site.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # docstrings and mathml

from twinohm.version import __version__

project = "TwinOhm"
author = "The TwinOhm authors"
release = version = __version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx_click",
    "sphinx_copybutton",
    "sphinx_external_toc",
    "docstrings",
    "mathml",
]

# -- pages
include_patterns = [
    "README.md",
    "docs/**.md",
    "docs/**.ipynb",
    "firmware/README.md",
    "hardware/**.md",
    "tests/data/README.md",
]
external_toc_path = "docs/toc.yml"
external_toc_exclude_missing = True
nitpicky = True
smartquotes = False  # --port is an option, not a dash
default_role = "code"  # of help texts on the command line's page
nitpick_ignore_regex = [("py:.*", ".*")]  # types of Python and pandas: their sites are not read for a build

# -- API
autodoc_preserve_defaults = True  # as the source writes them
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 80

# -- Markdown
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 4  # as a git host makes them
myst_url_schemes = ["http", "https", "mailto"]

# -- notebooks: they have no outputs in the repository
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_show_tb = True
nb_execution_timeout = 120
nb_execution_in_temp = True
nb_ipywidgets_js = {}  # nothing from other servers

# -- HTML
html_theme = "pydata_sphinx_theme"
html_title = "TwinOhm"
html_extra_path = ["site"]
html_static_path = ["static"]
html_sidebars = {"docs/tutorial": []}
html_css_files = ["site.css"]
html_copy_source = False
html_theme_options = {
    "show_prev_next": True,
    "header_links_before_dropdown": 6,
    "navbar_end": ["theme-switcher"],
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
copybutton_prompt_text = r"\$ |>>> "
copybutton_prompt_is_regexp = True
