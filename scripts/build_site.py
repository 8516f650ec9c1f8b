"""Build the site: lessons, guides, the API reference and benchmarks as HTML that needs no network.

    pip install ".[docs]"
    python scripts/build_site.py                    # into build/site
    python scripts/build_site.py --out DIR --lessons "^$"   # without running the lessons

The sources are in `scripts/site/`. Lessons are the scripts in `scripts/notes/`: each becomes a page
with what it prints and draws, and a notebook. A warning is an error.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

import api_pages
from sphinx.cmd.build import build_main

ROOT = Path(__file__).parents[1]
SITE, LESSONS = ROOT / "scripts/site", ROOT / "scripts/notes"


def build(out: Path, lessons: str = ".") -> int:
    """Build the site.

    Args:
        out: The folder of the pages.
        lessons: A regular expression: lessons whose path matches are run.

    Returns:
        The exit code of Sphinx.
    """
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        sources, pictures = work / "sources", work / "sources/pictures"
        shutil.copytree(SITE, sources)
        shutil.copytree(LESSONS, sources / "notes", dirs_exist_ok=True)
        pictures.mkdir()
        for picture in (ROOT / ".github").glob("*.[ps][nv]g"):
            shutil.copy(picture, pictures)
        api_pages.write(sources / "api")
        options = ["-W", "--keep-going", "-q", "-c", str(SITE), "-d", str(work / "doctrees")]
        options += ["-D", f"sphinx_gallery_conf.filename_pattern={lessons}"]
        return build_main([*options, str(sources), str(out)])


def main() -> None:
    """Build the site, and exit with the code of Sphinx."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, default=ROOT / "build/site", help="default: build/site")
    parser.add_argument("--lessons", default=".", help="run the lessons whose path matches")
    arguments = parser.parse_args()
    sys.exit(build(arguments.out, arguments.lessons))


if __name__ == "__main__":
    main()
