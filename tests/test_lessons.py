"""The lessons: each runs cell by cell, as in a notebook, and what it asserts holds."""

import ast
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

LESSONS = sorted((Path(__file__).parents[1] / "scripts/notes").glob("*.py"))

LOSSES_OF_THE_NOTES = {
    "02_tensorflow_tape": ["1.2723", "0.9051", "0.8889"],
    "03_tensorflow_optimizer": ["1.2723", "0.9051", "0.8889"],
    "04_digits_full_batch": ["450.4118"],
}
"""The first losses printed in the format of the notes, which the order of sums cannot change."""


def cells(path):
    """`(text, code)` of each cell; the code has its lines where they are in the file."""
    lines = path.read_text(encoding="utf-8").splitlines()
    marks = [i for i, line in enumerate(lines) if line == "# %%"]
    for start, stop in pairwise([-1, *marks, len(lines)]):
        code = start + 1
        while code < stop and lines[code].startswith("#"):
            code += 1
        text = "\n".join(line[2:] for line in lines[start + 1 : code])
        yield text, "\n" * code + "\n".join(lines[code:stop])


def run(path):
    """Run each cell as a notebook does: what its last line returns is shown if it is a picture."""
    names = {"__name__": "__main__"}
    for _, code in cells(path):
        statements = ast.parse(code).body
        last = statements.pop() if statements and isinstance(statements[-1], ast.Expr) else None
        exec(compile(ast.Module(statements, []), path, "exec"), names)
        if last is not None:
            shown = eval(compile(ast.Expression(last.value), path, "eval"), names)
            if hasattr(shown, "_repr_png_"):
                assert shown._repr_png_()[:4] == b"\x89PNG"


def slow_after(count):
    """All lessons, of which those after the first few are marked slow."""
    return [
        *LESSONS[:count],
        *(pytest.param(path, marks=pytest.mark.slow) for path in LESSONS[count:]),
    ]


@pytest.mark.parametrize("path", slow_after(3), ids=lambda path: path.stem)
def test_a_lesson_runs(path, capsys):
    """Every number that it gives is asserted in it."""
    run(path)
    losses = re.findall(r"^Epoch \[.*Loss: \[(.*)\]$", capsys.readouterr().out, re.MULTILINE)
    expected = LOSSES_OF_THE_NOTES.get(path.stem, [])
    assert losses[: len(expected)] == expected


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_has_a_title_and_three_exercises_with_answers(path):
    assert re.match(r"\d\d_\w+$", path.stem)
    tree = ast.parse(path.read_text(encoding="utf-8"))
    title, underline = ast.get_docstring(tree).splitlines()[:2]
    assert underline == "=" * len(title)
    parts = {text.partition("\n")[0]: (text, code) for text, code in cells(path)}
    questions = re.findall(r"^(\d)\. ", parts["Exercises"][0], re.MULTILINE)
    assert questions == ["1", "2", "3"]
    assert [name for name in parts if name.startswith("Answer")] == [f"Answer {n}" for n in "123"]
    for n in questions:
        statements = ast.walk(ast.parse(parts[f"Answer {n}"][1]))
        assert any(isinstance(statement, ast.Assert) for statement in statements)


@pytest.mark.parametrize("path", slow_after(1), ids=lambda path: path.stem)
def test_a_lesson_runs_as_a_script_and_writes_no_message_and_no_file(path, tmp_path):
    command = [sys.executable, "-W", "error", path]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout
    assert done.stderr == ""
    assert not list(tmp_path.iterdir())
