"""Build the site: lessons, guides, the API reference and benchmarks as HTML that needs no network.

    pip install ".[docs]"
    python scripts/build_site.py                    # into build/site
    python scripts/build_site.py --out DIR --lessons "^$"   # no lesson is run

The sources are in `scripts/site/`. Lessons are the scripts in `scripts/notes/` whose names begin
with a digit: each becomes a page with what it prints and draws, and a notebook. A warning is an
error.
"""

import argparse
import ast
import re
import shutil
import sys
import tempfile
import textwrap
from pathlib import Path

import api_pages
import site_checks
from sphinx.cmd.build import build_main

ROOT = Path(__file__).parents[1]
SITE, LESSONS, PICTURES = ROOT / "scripts/site", ROOT / "scripts/notes", ROOT / ".github"


def lesson_index(folder: Path) -> str:
    """The page that lists the lessons of a folder, with the beginning of each docstring."""
    text = (folder / "GALLERY_HEADER.rst").read_text(encoding="utf-8") + "\n"
    names = []
    for path in sorted(folder.glob("[0-9]*.py")):
        about = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        title, *paragraphs = re.split(r"\n=*\n+", about)
        text += (
            f"#. :doc:`{title} <{path.stem}>`\n\n"
            + textwrap.indent("".join(paragraphs[:1]), "   ")
            + "\n\n"
        )
        names.append(path.stem)
    return text + api_pages.contents(names)


def copy_sources(folder: Path) -> None:
    """Put all that Sphinx reads into a folder: sources, lessons, pictures, pages of the API."""
    shutil.copytree(SITE, folder)
    shutil.copytree(LESSONS, folder / "notes")
    (folder / "notes/index.rst").write_text(lesson_index(LESSONS), encoding="utf-8")
    (folder / "pictures").mkdir()
    for picture in [*PICTURES.glob("*.png"), *PICTURES.glob("*.svg")]:
        shutil.copy(picture, folder / "pictures")
    api_pages.write(folder / "api")


def build(out: Path, lessons: str = ".") -> int:
    """Build the site.

    Args:
        out: The folder of the pages.
        lessons: A regular expression: lessons whose path matches are run.

    Returns:
        The exit code of Sphinx: not 0 if it warned.
    """
    with tempfile.TemporaryDirectory() as folder:
        sources = Path(folder) / "sources"
        copy_sources(sources)
        options = ["-W", "--keep-going", "-q", "-c", str(SITE), "-d", f"{folder}/doctrees"]
        options += ["-D", f"sphinx_gallery_conf.filename_pattern={lessons}"]
        return build_main([*options, str(sources), str(out)])


def main() -> None:
    """Build the site, print what is wrong with it, and exit with 1 if anything is."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, default=ROOT / "build/site", help="default: build/site")
    parser.add_argument("--lessons", default=".", help="run the lessons whose path matches")
    arguments = parser.parse_args()
    shutil.rmtree(arguments.out, ignore_errors=True)
    if code := build(arguments.out, arguments.lessons):
        sys.exit(code)
    found = site_checks.problems(arguments.out)
    for kind, lines in found.items():
        for line in lines:
            print(f"{kind}: {line}")
    print(f"{arguments.out}:", ", ".join(f"{len(lines)} {kind}" for kind, lines in found.items()))
    sys.exit(any(found.values()))


if __name__ == "__main__":
    main()
