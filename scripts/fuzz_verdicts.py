"""The verdict of `fuzz.py` on one mutant: it is refused when it is loaded, or every use works."""

import contextlib
import io
import os
import pickle
import random
import re
import signal
import traceback
import tracemalloc
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from fuzz_files import KINDS, write_kind
from fuzz_mutations import Mutant, mutate
from fuzz_parts import take_apart
from fuzz_refusals import is_moderate, is_right
from fuzz_subjects import Subject, Wrong
from fuzz_uses import USES, Use

import fnet

SECONDS = {"quick": 2.0, "pictures": 20.0, "tensorflow": 60.0}
"""Processor time that a use may take, by its group; a load is quick."""

MEMORY_FACTOR, MEMORY_BYTES = 3, 16 << 20
"""A load may take this many times the file's bytes on the disk, and this much more.

The latter is for the objects of JSON, which the limits of the header bound.
"""

MAX_MESSAGE = 2000
"""The most letters of a message."""

OVERFLOW = re.compile(r"(overflow|invalid value|divide by zero) encountered")
"""NumPy's warnings, which are right for params that are huge."""

WARM_KINDS = ("params", "run adam", "checkpoint sgd", "trained classifier", "trained regressor")
"""The kinds whose unchanged file is drawn and used by TensorFlow, too."""


class Finding(NamedTuple):
    """Something that must not happen, and the mutant that repeats it."""

    index: int  # -1 for an unchanged file
    kind: str
    changes: str
    use: str
    error: str
    where: str
    message: str
    traceback: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """What is the same for the same fault."""
        return self.use, self.error, self.where


Problem = tuple[str, str, str, str]
"""The last four fields of a Finding."""


class Originals(NamedTuple):
    """The files that are changed, by kind.

    Attributes:
        data: Their bytes.
        parts: Their pickled Parts.
        models: Their models.
        attributes: The fitted attributes that fnet writes.
    """

    data: dict[str, bytes]
    parts: dict[str, bytes]
    models: dict[str, Any]
    attributes: frozenset[str]


class Hang(BaseException):
    """A load or a use took too long."""


def make_originals(kinds: Sequence[str]) -> Originals:
    """A file of each kind, written in the current folder."""
    data, models = {}, {}
    path = Path("original.fnet")
    with warnings.catch_warnings(), silence():
        warnings.simplefilter("ignore")
        for name in kinds:
            path.unlink(missing_ok=True)
            data[name] = write_kind(name, path)
            models[name] = fnet.load(path)
    parts = {name: pickle.dumps(take_apart(each)) for name, each in data.items()}
    saved = (model._content.estimator for model in models.values())
    attributes = frozenset(name for each in saved if each is not None for name in each.fitted)
    return Originals(data, parts, models, attributes)


def draw(seed: int, index: int, originals: Originals) -> tuple[random.Random, str, Mutant]:
    """Mutant `index` of a seed: the generator for its uses, its kind, and the file."""
    rng = random.Random(f"{seed} {index}")
    kind = rng.choice(list(originals.data))
    return rng, kind, mutate(rng, kind, originals.data, originals.parts)


def examine(
    index: int, seed: int, originals: Originals, groups: Sequence[str]
) -> tuple[str, list[Finding]]:
    """Write a mutant to the current folder, load it and use it.

    Returns:
        The category of its changes with "refused" or "loaded", and the findings.
    """
    rng, kind, mutant = draw(seed, index, originals)
    path = Path("mutant.fnet")
    with open(path, "wb") as file:
        file.write(mutant.data)
        file.truncate(len(mutant.data) + mutant.hole)
    model, problems = load(path, len(mutant.data))
    if model is not None:
        subject = Subject(
            path, model, originals.models[kind], originals.attributes, KINDS[kind].call, rng
        )
        drawn = {name: rng.random() for name in USES}
        changed = looks(model) != looks(subject.original)
        chosen = {
            name: use
            for name, use in USES.items()
            if use.group in groups and drawn[name] < (use.often if changed else use.share)
        }
        problems += [problem for each in chosen.items() for problem in try_use(*each, subject)]
    category = mutant.changes.partition(":")[0]
    found = [Finding(index, kind, mutant.changes, *problem) for problem in problems]
    return f"{category}: {'refused' if model is None else 'loaded'}", found


def examine_unchanged(originals: Originals, groups: Sequence[str]) -> list[Finding]:
    """Use each original in every way, so that all is imported: the findings."""
    findings = []
    for kind, data in originals.data.items():
        path = Path("mutant.fnet")
        path.write_bytes(data)
        model, call = originals.models[kind], KINDS[kind].call
        subject = Subject(path, model, model, originals.attributes, call, random.Random(0))
        for name, use in USES.items():
            if use.group in groups and (use.group == "quick" or kind in WARM_KINDS):
                problems = try_use(name, use, subject, factor=20)  # it may import much
                findings += [Finding(-1, kind, "unchanged", *problem) for problem in problems]
    return findings


def load(path: Path, size: int) -> tuple[Any, list[Problem]]:
    """`(model, problems)` of a file with so many bytes on the disk; None if it was refused."""
    model, problems, noise = None, [], []
    tracemalloc.start()
    try:
        with silence() as noise, limited(SECONDS["quick"]):
            model = fnet.load(path)
    except fnet.FormatError as error:
        text = str(error)
        if (
            not text.startswith(f"{path}: ")
            or len(text.splitlines()) > 1
            or len(text) > MAX_MESSAGE
        ):
            wrong = Wrong(f"the message is no short line that names the file: {text!r}")
            problems.append(("load", *describe_error(wrong.with_traceback(error.__traceback__))))
    except (Exception, Hang) as error:
        problems.append(("load", *describe_error(error)))
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    if peak > MEMORY_FACTOR * size + MEMORY_BYTES:
        problems.append(("load", "Memory", "", f"{peak:,} bytes for a file of {size:,}", ""))
    problems += [("load", "Noise", line[-80:], line, "") for line in noise]
    return model, problems


def try_use(name: str, use: Use, subject: Subject, factor: float = 1) -> list[Problem]:
    """The problems of a use, with `factor` times the processor time that it may take."""
    try:
        with silence() as noise, limited(factor * SECONDS[use.group]):
            use.function(subject)
    except (Exception, Hang) as error:
        return [] if is_right(name, error, subject) else [(name, *describe_error(error))]
    wrong = [line for line in noise if not OVERFLOW.search(line) or is_moderate(subject.model)]
    return [(name, "Noise", line[-80:], line, "") for line in wrong]


def looks(model: Any) -> str:
    """What pictures show of a model."""
    history = getattr(model.run, "history", None)
    return repr((history, model.classes, model.features, model.scaling))


def describe_error(error: BaseException) -> tuple[str, str, str, str]:
    """The type of an error, the innermost line of fnet that raised it, its message, the traceback.

    Errors of fnet differ by their first words, too.
    """
    frames = traceback.extract_tb(error.__traceback__)
    package = f"{Path(fnet.__file__).parent}{os.sep}"
    frame = ([f for f in frames if f.filename.startswith(package)] or frames)[-1]
    where = f"{'/'.join(Path(frame.filename).parts[-2:])}:{frame.lineno} {frame.name}"
    if isinstance(error, (Wrong, fnet.FnetError)):
        where += f": {str(error)[:40]}"
    text = "".join(traceback.format_exception(error))
    return type(error).__name__, where, str(error), text


@contextlib.contextmanager
def silence() -> Iterator[list[str]]:
    """Within it nothing is to be printed or warned about; the list then has what was."""
    noise: list[str] = []
    stream = io.StringIO()
    with (
        warnings.catch_warnings(record=True) as caught,
        contextlib.redirect_stdout(stream),
        contextlib.redirect_stderr(stream),
    ):
        warnings.simplefilter("always")
        yield noise
    noise += [
        f"{w.category.__name__}: {w.message} at {Path(w.filename).name}:{w.lineno}" for w in caught
    ]
    noise += [stream.getvalue()] if stream.getvalue() else []


@contextlib.contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Within it Hang is raised after so many seconds of processor time."""

    def stop(*_: Any) -> None:
        raise Hang(f"more than {seconds} s of processor time")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
