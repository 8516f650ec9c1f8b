"""The site and the pictures of the README: sources that fit each other, a build without a fault."""

import contextlib
import importlib.util
import inspect
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import fnet

ROOT = Path(__file__).parents[1]
SITE = ROOT / "scripts/site"
PAGES = {p.relative_to(SITE).as_posix(): p.read_text("utf-8") for p in SITE.rglob("*.md")}
BLOCKS = {name: re.findall(r"^```(\w+)\n(.*?)^```$", t, re.M | re.S) for name, t in PAGES.items()}
MODULES = {f"fnet.{n}": m for n in fnet.__all__ if inspect.ismodule(m := getattr(fnet, n))}


@pytest.fixture
def load(monkeypatch):
    """Imports a module of `scripts/` by its name."""
    monkeypatch.syspath_prepend(ROOT / "scripts")
    return importlib.import_module


def test_every_page_is_in_a_table_of_contents():
    tables = "".join(re.findall(r"^```\{toctree\}(.*?)^```", PAGES["index.md"], re.M | re.S))
    assert {f"{name}.md" for name in re.findall(r"^[\w/]+$", tables, re.M)} == {
        *PAGES,
        "lessons/index.md",
        "api/index.md",
    } - {"index.md"}


@pytest.mark.parametrize("name", PAGES)
def test_the_lines_for_sections_stand_for_text(load, name):
    extension = load("site_extension")
    content = [PAGES[name]]
    extension.include_sections(None, name, content)
    assert not re.search(r"^\{\{", content[0], re.M)
    assert "](.github/" not in content[0]
    assert len(content[0]) > 300


def test_an_unknown_section_is_an_error(load):
    extension = load("site_extension")
    with pytest.raises(extension.ExtensionError, match="no section 'Quickstarts'"):
        extension.section("README.md", "Quickstarts")


def test_sections_end_where_the_next_begins_and_keep_the_order_of_headings(load):
    section = load("site_extension").section
    assert section("README.md", "Plots").count("```") == 4
    assert re.findall("^#+ ", section("README.md", "Training"), re.M) == ["## "] * 3
    assert "\n#" not in section("README.md", "scikit-learn")


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] * ("Tabular" in PAGES[name]))
        for name, blocks in sorted(BLOCKS.items())
        if "python" in dict(blocks)
    ],
)
def test_code_of_the_pages_prints_what_stands_below_it(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    for (kind, code), (below, expected) in zip(BLOCKS[name], BLOCKS[name][1:], strict=False):
        if kind == "python":
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(compile(code, name, "exec"), names)
            assert printed.getvalue() == (expected if below == "text" else "")


@pytest.mark.slow
def test_the_commands_of_the_pages_run(shell):
    commands = [
        line
        for name, blocks in sorted(BLOCKS.items())
        for kind, block in blocks
        for line in block.splitlines()
        if kind == "sh" and line.startswith("fnet ")
    ]
    assert len(commands) > 4
    for command in commands:
        code, _, err = shell(command)
        assert code == 0, err


def test_files_that_the_pages_name_exist():
    paths = set(re.findall(r"\b(?:scripts|fnet|tests)/[\w/]+\.py", "".join(PAGES.values())))
    assert paths
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_every_public_name_has_a_page(load):
    files = dict(load("api_pages").files())
    for name in fnet.__all__:
        assert f"fnet.{name}" in files
    for module, content in (MODULES | {"fnet.reference.metrics": fnet.reference.metrics}).items():
        functions = {n for n, v in vars(content).items() if inspect.isroutine(v) and n[0] != "_"}
        ours = {n for n in functions if getattr(content, n).__module__.startswith("fnet")}
        for name in getattr(content, "__all__", ours):
            shared = getattr(fnet, name, None) is getattr(content, name)
            assert shared or f"{module}.{name}" in files, f"{module}.{name}"
            assert re.search(rf"\b({module}|fnet)\.{name}\b", files[module]), f"{module}.{name}"


def test_every_page_of_the_reference_is_in_a_table_of_contents(load):
    files = dict(load("api_pages").files())
    tables = re.findall(
        r"^\.\. toctree::\n   :hidden:\n\n((?:   .*\n)+)", "".join(files.values()), re.M
    )
    listed = "".join(tables).split()
    assert sorted(listed) == sorted({*files} - {"index"})


def test_every_command_and_option_is_on_its_page(load):
    text = dict(load("api_pages").files())["commands"]
    assert "``--interval COVERAGE``" in text
    for command in load("fnet.cli").COMMANDS:
        assert f"\nfnet {command}\n---" in text


def test_types_are_references_to_pages(load):
    shown = load("site_extension").types_of
    assert shown(fnet.forward)["params"] == "~fnet.core.aliases.Params"
    assert shown(fnet.Run)["state"] == "~fnet.core.optimizers.OptState"
    assert shown(fnet.MLPRegressor.predict)["return"] == "NDArray"
    assert shown(fnet.MLPClassifier)["precision"] == "~fnet.core.aliases.Precision"
    assert shown(fnet.save)["classes"] == "~fnet.core.aliases.ArrayLike | None"
    assert "self" not in shown(fnet.MLPRegressor.predict)


def test_lessons_are_listed_with_what_they_are_about(load, tmp_path):
    lesson = '"""\nA title\n=======\n\nWhat it is\nabout.\n\nMore.\n"""\n'
    (tmp_path / "01_first.py").write_text(lesson)
    (tmp_path / "shared.py").write_text("")
    (tmp_path / "GALLERY_HEADER.rst").write_text("Lessons\n=======\n")
    text = load("build_site").lesson_index(tmp_path)
    assert "#. :doc:`A title <01_first>`\n\n   What it is\n   about.\n\n" in text
    assert "shared" not in text
    assert "More" not in text


@pytest.mark.parametrize(
    ("content", "kind", "found"),
    [
        ('<a href="other.html">', "broken links", "a.html: other.html"),
        ('<a href="#nowhere">', "broken links", "a.html: #nowhere"),
        ('<img src="x.png">', "broken links", "a.html: x.png"),
        ('<script src="https://x.org/x.js"></script>', "files from the network", None),
        ('<link rel="stylesheet" href="//x.org/x.css">', "files from the network", None),
        ('<a href="https://x.org">', None, None),
        ('<a href="#here" id="here"><a href="a.html#here">', None, None),
    ],
)
def test_faults_of_a_page_are_found(load, tmp_path, content, kind, found):
    checks = load("site_checks")
    (tmp_path / "a.html").write_text(content)
    problems = checks.problems(tmp_path)
    assert "fnet.train" in problems.pop("public names without a page")
    assert {k: len(lines) for k, lines in problems.items() if lines} == ({kind: 1} if kind else {})
    assert found is None or problems[kind] == [found]


def test_fonts_and_images_of_a_style_from_the_network_are_found(load, tmp_path):
    (tmp_path / "a.css").write_text("@import 'https://x.org/font.css'; a {background: url(b.png)}")
    found = load("site_checks").problems(tmp_path)["files from the network"]
    assert found == ["a.css: https://x.org/font.css"]


def test_pictures_show_the_stored_figures(load, tmp_path):
    drawing = load("draw_benchmarks")
    drawing.draw(json.loads(drawing.STORED.read_text("utf-8")), tmp_path)
    for name in ("speed.svg", "accuracy.svg"):
        texts = [
            re.findall(r"<text [^>]*>(.*?)</text>", (folder / name).read_text("utf-8"))
            for folder in (drawing.FOLDER, tmp_path)
        ]
        assert len(texts[0]) > 8
        assert sorted(texts[0]) == sorted(texts[1])


def test_the_readme_has_the_stored_figures(load):
    drawing = load("draw_benchmarks")
    stored = json.loads(drawing.STORED.read_text("utf-8"))["speed"]
    text = (ROOT / "README.md").read_text("utf-8").replace("**", "").replace("`", "")
    for name, (microseconds, ratio) in stored.items():
        row = f"| {drawing.IMPLEMENTATIONS[name]} | {microseconds:,} | {ratio:,} |"
        assert row in text


def test_new_figures_are_those_of_the_tables_that_all_models_share(load, tmp_path):
    drawing = load("draw_benchmarks")
    rows = [["fnet", 20.0, 19.0, 1.0, 1.0], ["keras", 2000.0, 1900.0, 100.0, 99.0]]
    speed = tmp_path / "speed.json"
    speed.write_text(json.dumps({"results": {"digits": {"rows": rows}}}))
    assert drawing.speed_of(speed) == {"keras": [2000.0, 100.0], "fnet": [20.0, 1.0]}
    measured = [
        *(
            ("fnet", "iris", 0, 0.9, 2.0),
            ("fnet", "iris", 1, 0.5, 9.0),
            ("fnet", "iris", 2, 0.1, 9.0),
        ),
        *(
            ("hist", "iris", 0, 0.8, 1.0),
            ("hist", "iris", 1, 0.6, 3.0),
            ("hist", "cars", 0, 0.6, 3.0),
        ),
        *(("fnet", "cars", 0, 0.7, 4.0), ("fnet", "HI", 0, 0.1, 9.0)),
        ("hist quantiles", "iris", 0, 0.0, 1.0),
    ]
    keys = ("model", "table", "fold", "score", "seconds")
    accuracy = tmp_path / "accuracy.jsonl"
    accuracy.write_text(
        "".join(json.dumps(dict(zip(keys, row, strict=True))) + "\n" for row in measured)
    )
    assert drawing.accuracy_of(accuracy) == {
        "fnet": {"seconds": 4.75, "scores": {"cars": [0.7], "iris": [0.9, 0.5]}},
        "hist": {"seconds": 2.5, "scores": {"cars": [0.6], "iris": [0.8, 0.6]}},
    }


@pytest.mark.slow
@pytest.mark.skipif(not importlib.util.find_spec("furo"), reason="needs the extra docs")
def test_the_site_builds_without_a_warning(tmp_path):
    """With every lesson run."""
    command = [sys.executable, ROOT / "scripts/build_site.py", "--out", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken links, 0 files from the network, 0 public names without a page" in done.stdout
    lessons = {path.stem for path in (ROOT / "scripts/notes").glob("[0-9]*.py")}
    assert {path.stem for path in tmp_path.rglob("*.ipynb")} == lessons
    for name in lessons:
        assert "sphx-glr-script-out" in (tmp_path / f"lessons/{name}.html").read_text("utf-8")
