import os
import re
import runpy
from pathlib import Path

import skrnn

project = "skrnn"
author = "The skrnn developers"
copyright = f"2026, {author}"
version = release = skrnn.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "numpydoc",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "generated"]
default_role = "code"

html_theme = "pydata_sphinx_theme"
html_title = f"{project} {release}"
html_show_sourcelink = False
html_static_path = ["_static"]
html_css_files = ["skrnn.css"]
html_sidebars = {"benchmarks": [], "release_notes": []}  # They have no pages below.
html_theme_options = {"navigation_with_keys": False, "show_toc_level": 2}

# Prompts and output stay out of what a reader copies.
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

# The API pages. Members are listed by the templates, once.
autosummary_generate = True
numpydoc_show_class_members = False
# What a reader misses first: a parameter without a word, or a word about a
# parameter that is not there. Members inherited from scikit-learn are not ours.
numpydoc_validation_checks = {"PR01", "PR02", "PR03", "PR04", "PR10"}
numpydoc_validation_exclude = {r"\.(get|set)_(params|output)$"}

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "copyfile_regex": r"index\.rst",  # Which has the order and the sections.
    "filename_pattern": r"/plot_",
    "backreferences_dir": "api/backreferences",
    "doc_module": ("skrnn",),
    "reference_url": {"skrnn": None},
    "abort_on_example_error": True,
    # Pages wait for compilation and small networks, which use one core. An example that
    # was built before runs again when its file has changed.
    "parallel": min(os.cpu_count() or 1, 4),
    # By lines of code the longest page would start last, and be waited for.
    "within_subsection_order": "FileNameSortKey",
    "download_all_examples": False,
    "remove_config_comments": True,
    "show_signature": False,
}


def skip_metadata_routing(app, what, name, member, skip, options):
    """Leave out the methods that scikit-learn adds for metadata routing."""
    return True if name.endswith(("_request", "_metadata_routing")) else None


def unlink_scikit_learn(app, what, name, member, options, lines):
    """Keep the words and drop the links of docstrings inherited from scikit-learn.

    They lead to labels of scikit-learn's own documentation, which this build does not
    know, and it fetches nothing.
    """
    if (getattr(member, "__module__", None) or "").startswith("sklearn."):
        text = re.sub(r":ref:`([^<`]+?)\s*<[^>`]+>`", r"\1", "\n".join(lines))
        text = re.sub(r":ref:`sphx_glr_[^`]+`", "the gallery of scikit-learn", text)
        lines[:] = text.split("\n")


def write_benchmarks(app):
    """Write the tables of benchmarks/README.md, which a page shows."""
    tables = runpy.run_path(str(Path(app.srcdir, "../benchmarks/tables.py")))
    tables["write_tables"](Path(app.srcdir, "generated"))


def setup(app):
    app.connect("builder-inited", write_benchmarks)
    app.connect("autodoc-skip-member", skip_metadata_routing)
    app.connect("autodoc-process-docstring", unlink_scikit_learn)
