"""The README and the changelog: their code runs, and what they name exists and is complete."""

import asyncio
import contextlib
import csv
import inspect
import io
import json
import re
import tomllib
from pathlib import Path

import pytest

import fnet
from fnet.core import network, schedules
from fnet.estimators.arguments import OPTIMIZERS

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
CHANGELOG = (ROOT / ".github/CHANGELOG.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
[(SERVICE, REFUSAL)] = [
    (code, after)
    for (_, code), (_, after) in zip(BLOCKS, BLOCKS[1:], strict=False)
    if "import FastAPI" in code
]


def test_every_code_block_is_of_a_kind_that_is_tested():
    kinds = [kind for kind, _ in BLOCKS]
    assert set(kinds) == {"sh", "python", "text"}
    followed = [after for kind, after in zip(kinds, kinds[1:], strict=False) if kind == "python"]
    assert set(followed) == {"text"}


def test_the_code_prints_the_expected_output(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    for (kind, code), (_, expected) in zip(BLOCKS, BLOCKS[1:], strict=False):
        if kind == "python" and code != SERVICE:
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(compile(code, "README.md", "exec"), names)
            assert printed.getvalue() == expected


def answer(app, rows):
    """The status and the JSON with which a service answers rows."""
    import httpx

    async def post():
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            return await client.post("/predict", json=rows)

    response = asyncio.run(post())
    return response.status_code, response.json()


def test_the_service_predicts_rows_and_names_the_field_that_is_wrong(shell):
    """Asked without a socket; Starlette's own client needs another package at each version."""
    pytest.importorskip("fastapi")
    pytest.importorskip("httpx")
    assert sum(map(bool, SERVICE.splitlines())) <= 10
    names = {}
    exec(compile(SERVICE, "service.py", "exec"), names)
    app, model = names["app"], names["model"]
    with open("iris.csv") as file:
        rows = [{name: row[name] for name in model.features} for row in csv.DictReader(file)]
    rows = [rows[0], dict.fromkeys(model.features), {k: float(v) for k, v in rows[1].items()}]
    expected = [{"species": name} for name in model.predict(rows).tolist()]
    assert answer(app, rows) == (200, expected)
    *others, last = model.features
    assert answer(app, [rows[0], rows[2] | {last: "wide"}]) == (422, json.loads(REFUSAL))
    for bad in (rows[2] | {last: "wide"}, {last: [1]}, {last: 1e200}, dict.fromkeys(others, 1)):
        code, refusal = answer(app, [rows[0] | bad] if last in bad else [bad])
        assert code == 422
        assert repr(last) in refusal["detail"]
    for bad in ("text", rows[0], [1], [], [{}]):
        assert answer(app, bad)[0] == 422


@pytest.mark.slow
def test_the_shell_commands_run(shell):
    lines = [line for kind, block in BLOCKS if kind == "sh" for line in block.splitlines()]
    assert sum("fnet digits" in line for line in lines) == 1
    for line in lines:
        setup, _, command = line.rpartition(" && ")
        if "pytest" in command:
            continue
        assert bool(setup) == (command == ".venv/bin/fnet digits")
        code, _, err = shell(command.removeprefix(".venv/bin/"))
        assert code == 0, err


def test_commands_name_files_and_extras_that_exist():
    commands = "".join(block for kind, block in BLOCKS if kind == "sh") + TEXT
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for path in set(re.findall(r"\bscripts/[\w/]+\.py", commands)):
        assert (ROOT / path).exists(), path
    for extra in set(re.findall(r'install "\.\[(\w+)\]"', commands)):
        assert extra in extras["optional-dependencies"]


def test_every_lesson_is_in_its_table():
    lessons = {path.name for path in (ROOT / "scripts/notes").glob("[0-9]*.py")}
    assert lessons == set(re.findall(r"scripts/notes/(\w+\.py)", TEXT))


def test_the_users_part_is_short():
    assert len(TEXT.partition("\n## How it is built\n")[0].split()) <= 1500


def test_the_contents_list_every_heading():
    prose = re.sub(r"^```.*?^```$", "", TEXT, flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^###? (.*)$", prose, re.MULTILINE)
    anchors = [re.sub(r"[^\w -]", "", h).lower().replace(" ", "-") for h in headings]
    assert re.findall(r"\]\(#([\w-]+)\)", TEXT) == [a for a in anchors if a != "contents"]


def test_links_and_pictures_are_in_the_repository_and_small():
    paths = re.findall(r"\]\((?!#|https?:)(.*?)\)", TEXT)
    assert ".github/digits.png" in paths
    for path in paths:
        assert (ROOT / path).stat().st_size < 150_000, path


def test_the_table_of_names_is_complete():
    rows = dict(re.findall(r"^\| `?([\w.]+)`? \| (.*) \|$", TEXT, re.MULTILINE))
    public = {
        "activations": network.ACTIVATIONS,
        "losses": network.LOSSES,
        "initializers": network.SCHEMES,
        "optimizers": OPTIMIZERS,
        "fnet.schedules": schedules.KINDS,
        "fnet.Tuning": fnet.Tuning._fields,
        "fnet.metrics": [
            name
            for name, _ in inspect.getmembers(fnet.metrics, inspect.isfunction)
            if not name.startswith("_")
        ],
        "fnet.plots": set(fnet.plots.__all__) - {"run_html"},  # a notebook's own
    }
    for row, names in public.items():
        assert set(names) <= set(re.findall(r"\w+", rows[row])), row


def test_the_changelog_begins_with_this_version():
    assert re.search(r"^## (\S+)$", CHANGELOG, re.MULTILINE)[1] == fnet.__version__


def test_the_new_names_of_the_changelog_exist():
    renamed = re.findall(r"^\| `.*? \| `([\w.]+)` \|$", CHANGELOG, re.MULTILINE)
    assert len(renamed) > 8
    for name in renamed:
        found = fnet
        for part in name.removeprefix("fnet.").split("."):
            found = getattr(found, part)
