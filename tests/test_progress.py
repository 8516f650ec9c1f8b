"""Progress bars: a bar on a terminal, occasional lines in a pipe."""

import io
import sys

import pytest

from fnet.core.progress_bar import progress_bar


class Terminal(io.StringIO):
    def isatty(self):
        return True


def shown(monkeypatch, stream, count=5, **options):
    monkeypatch.setattr(sys, "stderr", stream)
    with progress_bar(count, "epoch", **options) as bar:
        for _ in range(count):
            bar.update(1)
    return stream.getvalue()


def test_a_terminal_gets_a_bar(monkeypatch):
    found = shown(monkeypatch, Terminal(), label="training")
    assert found.startswith("\rtraining:   0%|")
    assert "5/5 [" in found
    assert found.count("\n") == 1


def test_short_work_prints_nothing_in_a_pipe(monkeypatch):
    assert shown(monkeypatch, io.StringIO()) == ""


def test_long_work_prints_lines_in_a_pipe(monkeypatch):
    monkeypatch.setattr("fnet.core.progress_bar.LINE_SECONDS", 0.0)
    lines = shown(monkeypatch, io.StringIO()).splitlines()
    assert [line.split(" [")[0].split()[-1] for line in lines if line][1:5] == [
        f"{done}/5" for done in range(1, 5)
    ]
    assert not any("\r" in line for line in lines)


@pytest.mark.parametrize("stream", [Terminal, io.StringIO])
def test_nothing_is_shown_by_default(monkeypatch, stream):
    assert shown(monkeypatch, stream(), shown=False) == ""
