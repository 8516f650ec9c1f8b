"""The file in which `fnet cv` and `fnet search` keep the fits that have finished.

It is JSON: what the command was, by the names of its options, and the results by position.
"""

import json
import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from fnet.cli import common
from fnet.cli.options import TrainOptions
from fnet.cli.searching import Task
from fnet.core.errors import FormatError, InvalidArgument

KIND = "checkpoint of fnet cv and fnet search"

TABLE = "the table, or how it is read"

NOT_COMPARED = (
    "checkpoint",
    "checkpoint_optional",
    "as_json",
    "choices",
    "reading",
    "drop_missing",
)
"""The options that change no result, or change the numbers of the table."""


def call(command: str, task: Task, more: Mapping[str, Any]) -> dict[str, Any]:
    """What identifies a command, by names that a user knows.

    Args:
        command: Its name.
        task: Its Task.
        more: Its further options.

    Returns:
        The parts, as JSON has them.
    """
    fields = (name for name in TrainOptions._fields if name not in NOT_COMPARED)
    options = {f"--{name.replace('_', '-')}": getattr(task.options, name) for name in fields}
    options["--standardize"] = task.options.choices.scaling != "none"
    target = {"--target": task.rows.data.target_name}
    parts = {"command": f"fnet {command}", **target, **more, **options}
    found: dict[str, Any] = common.to_json(parts | {TABLE: task.digest})
    return found


def read(path: str, parts: dict[str, Any], fits: int) -> dict[int, dict[str, Any]]:
    """The results in a file by position; a new file has none.

    Args:
        path: The path of the file.
        parts: What identifies the command.
        fits: The number of its fits.

    Returns:
        The results.

    Raises:
        InvalidArgument: The file is of another command, or no checkpoint.
        OSError: It cannot be read or written.
    """
    from fnet.files import environment

    try:
        found = _parse(path)
    except FileNotFoundError:
        write(path, parts, {})
        return {}
    for name in {**parts, **found["call"]}:
        before, now = found["call"].get(name), parts.get(name)
        if before != now:
            shown = "" if name == TABLE else f": it was {_shown(before)}, and is {_shown(now)} now"
            raise InvalidArgument(
                f"{path} is the checkpoint of a command that differs in {name}{shown}; repeat that "
                "command, or give another path"
            )
    if changed := environment.differences(found["machine"], _machine()):
        common.print_note(
            f"{path} was written in another environment, so that the last bits may differ: "
            f"{'; '.join(changed)}"
        )
    results = {int(position): _result(result) for position, result in found["results"].items()}
    if not results.keys() <= set(range(fits)):
        raise _no_checkpoint(path)
    return results


def write(path: str, parts: dict[str, Any], results: Mapping[int, dict[str, Any]]) -> None:
    """Replace the file by one with these results."""
    content = {"kind": KIND, "call": parts, "machine": _machine(), "results": results}
    common.write_text(json.dumps(common.to_json(content)), path)


def _parse(path: str) -> dict[str, Any]:
    """The content of a file, checked."""
    from fnet.files import regular

    try:
        with regular.open_file(path) as descriptor:
            content = json.loads(regular.read_bytes(descriptor, os.fstat(descriptor).st_size))
        if content["kind"] != KIND:
            raise KeyError
        for position, result in content["results"].items():
            int(position), _result(result)["fit_time"] + result["score_time"]
        if not isinstance(content["call"], dict) or not isinstance(content["machine"], dict):
            raise TypeError
    except (FormatError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise _no_checkpoint(path) from None
    return dict(content)


def _no_checkpoint(path: str) -> InvalidArgument:
    return InvalidArgument(f"{path} holds no {KIND}; give another path")


def _result(result: dict[str, Any]) -> dict[str, Any]:
    """A result as the search has it: null is NaN."""
    given = result["test_scores"]
    scores: Any = np.nan
    if given is not None:
        scores = {name: np.nan if v is None else float(v) for name, v in given.items()}
    return {**result, "test_scores": scores}


def _machine() -> dict[str, Any]:
    """What the bits of a result depend on."""
    from fnet.files import environment

    found = environment.record("numpy")
    del found["engine"]
    return dict(common.to_json(found))


def _shown(value: Any) -> str:
    """A part of a command."""
    return "absent" if value is None else json.dumps(value)
