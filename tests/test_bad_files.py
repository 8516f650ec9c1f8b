"""Bad files raise FormatError and nothing else, within a second and little memory."""

import hashlib
import json
import os
import pickle
import re
import subprocess
import sys
import time
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

import fnet
from fnet import FnetError, FormatError, Network, reference
from fnet.core.scaling import Scaling
from fnet.files import codec, format, schema

SCRIPTS = Path(__file__).parents[1] / "scripts"
NET = Network((4, 5, 3))
PARAMS = reference.init_params(NET, 0)
RUN = reference.train(
    *(NET, reference.adam(0.1), PARAMS, np.ones((6, 4)), [0, 1, 2, 0, 1, 2]),
    fnet.full_batch_plan(6, epochs=2),
)


def refused(path, data, match):
    """The file of these bytes is refused, within the limits on work and memory that all have."""
    path.write_bytes(data)
    began = time.process_time()
    with pytest.raises(FormatError, match=match) as caught:
        fnet.load(path)
    seconds = time.process_time() - began
    tracemalloc.start()
    with pytest.raises(FormatError):
        fnet.load(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert str(caught.value).startswith(f"{path}: ")
    assert isinstance(caught.value, FnetError)
    assert isinstance(caught.value, ValueError)
    assert seconds < 1
    assert peak < 1.2 * len(data) + (16 << 20)


def joined(header, data=b""):
    header = header if isinstance(header, bytes) else header.encode()
    return len(header).to_bytes(8, "little") + header + data


def described(text, version="1", digest=None, arrays="", data=b""):
    """A file with this text as its description."""
    digest = hashlib.sha256(text.encode()).hexdigest() if digest is None else digest
    metadata = json.dumps({"fnet": f"{version} {digest} {text}"})
    return joined(f'{{"__metadata__":{metadata}{arrays}}}', data)


def test_files_of_other_kinds_are_refused_by_their_kind(tmp_path):
    path = tmp_path / "model.fnet"
    refused(path, b"", "must be a file that fnet.save wrote; it is an empty file")
    refused(path, pickle.dumps({"w": [1.0]}, protocol=5), "it is a pickle")
    refused(path, b"\x89HDF\r\n\x1a\n" + bytes(100), "it is an HDF5 file")
    refused(path, b"just a text, of some length", "it is a file of another format")
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("data.pkl", "x")
    refused(path, path.read_bytes(), "it is a zip archive, as Keras and PyTorch write")
    refused(
        path, joined('{"w":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}', bytes(4)), "it is"
    )


def test_a_file_of_a_newer_version_asks_for_an_upgrade(tmp_path):
    data = described("{}", version="2")
    refused(
        tmp_path / "a", data, "version 2 of the format, and this fnet reads versions up to 1: pip"
    )


@pytest.mark.parametrize(
    ("header", "match"),
    [
        ("{", "must be valid JSON"),
        ("[]", "must be a JSON object"),
        ("5", "must be a JSON object"),
        ("", "must be valid JSON"),
        ('{"a":NaN}', "NaN is not a number"),
        ('{"a":-Infinity}', "-Infinity is not a number"),
        ('{"a":1,"a":1}', "duplicate key"),
        ('{"__metadata__":{"fnet":"","fnet":""}}', "duplicate key"),
        ('{"__metadata__":{"fnet":"","more":""}}', "must be a file that fnet.save wrote"),
        ('{"__metadata__":{"fnet":5}}', "must begin with a version"),
        ('{"__metadata__":{"fnet":"0 a {}"}}', "must begin with a version"),
        ('{"__metadata__":{"fnet":"1 a {}"}}', "the description is damaged"),
        ('{"a":"é"}', "'ascii' codec"),
        (b'{"a":"\xff"}', "'ascii' codec"),
        ('{"a":' + "9" * 5000 + "}", "must be valid JSON"),
        ("[" * 100_000, "at most 64 brackets deep"),
        ("[" * 65 + "]" * 65, "at most 64 brackets deep"),
        ("[" * 200_000, "at most 150000 quotes, commas and opening brackets; it has 200000"),
        ('{"a":' * 40_000, "at most 64 brackets deep"),
        ('"' * 150_000, "must be valid JSON"),
        ('"\\' * 150_000 + " " * 700_000, "must be valid JSON"),
        ('"' + "\\u" * 500_000, "must be valid JSON"),
        ("[" + "[]," * 74_000 + "[]]", "must be a JSON object"),
        ("[" + "{}," * 74_000 + "{}]", "must be a JSON object"),
        (
            json.dumps({f"{i:x}": 1e9 + i for i in range(49_000)}),
            "must be a file that fnet.save wrote",
        ),
        (json.dumps([f"{i:x}" for i in range(49_000)]) + " " * 500_000, "must be a JSON object"),
        (" " * ((1 << 20) - 2) + "{}", "must be a file that fnet.save wrote"),
        ("[" + "1e9," * 149_000 + "1]", "must be a JSON object"),
        (json.dumps(["x" * 15 for _ in range(49_000)]), "must be a JSON object"),
    ],
    ids=lambda value: str(value)[:20] + "_",
)
def test_bad_headers_are_refused(header, match, tmp_path):
    refused(tmp_path / "a.fnet", joined(header), match)


ENTRY = '{"arrays":{"a":"x"},"content":null}'


@pytest.mark.parametrize(
    ("entry", "match"),
    [
        ("5", "must have a dtype, a shape and data_offsets"),
        ('{"dtype":"F32","shape":[1]}', "must have a dtype, a shape and data_offsets"),
        ('{"dtype":"F32","shape":[1],"data_offsets":[0,4],"more":1}', "must have a dtype"),
        ('{"dtype":"F8","shape":[1],"data_offsets":[0,4]}', "must be one of BOOL"),
        ('{"dtype":["F32"],"shape":[1],"data_offsets":[0,4]}', "must be one of BOOL"),
        ('{"dtype":"F32","shape":[2],"data_offsets":[0,4]}', "must begin where the array before"),
        ('{"dtype":"F32","shape":[1],"data_offsets":[4,8]}', "must begin where the array before"),
        ('{"dtype":"F32","shape":[0],"data_offsets":[0,0]}', "they end at byte 0 of 4"),
        ('{"dtype":"F32","shape":[-1],"data_offsets":[0,-4]}', "must have a shape"),
        ('{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}', "must have a shape"),
        ('{"dtype":"F32","shape":[true],"data_offsets":[0,4]}', "must have a shape"),
        ('{"dtype":"F32","shape":[1],"data_offsets":[0]}', "must have two data_offsets"),
        ('{"dtype":"F32","shape":[1],"data_offsets":[0,1e1]}', "must have two data_offsets"),
        (f'{{"dtype":"F32","shape":[{2**62}],"data_offsets":[0,{2**64}]}}', "fits in the file"),
        (f'{{"dtype":"F32","shape":[0,{2**40}],"data_offsets":[0,0]}}', "fits in the file"),
        (f'{{"dtype":"F32","shape":{[1] * 33},"data_offsets":[0,4]}}', "fits in the file"),
        ('{"dtype":"F32","shape":[1],"data_offsets":[0,4]}', "a is damaged"),
    ],
)
def test_bad_arrays_are_refused(entry, match, tmp_path):
    refused(tmp_path / "a.fnet", described(ENTRY, arrays=f',"a":{entry}', data=bytes(4)), match)


def test_arrays_fill_the_file_without_gaps(tmp_path):
    fnet.save(tmp_path / "a.fnet", (NET, PARAMS))
    content = (tmp_path / "a.fnet").read_bytes()
    refused(tmp_path / "a.fnet", content + b"\0", "they end at")
    refused(tmp_path / "a.fnet", content[:-1], "they end at|fits in the file")
    changed = bytearray(content)
    changed[-1] ^= 1
    refused(tmp_path / "a.fnet", bytes(changed), r"params\.\d\.\w is damaged: its SHA-256 is not")


def forged(content, change=lambda text: text):
    """A file of unchecked content, or with its JSON changed."""
    found, arrays = codec.encode(content)
    return format.to_bytes(json.loads(change(json.dumps(found))), arrays)


CONTENT = schema.check_content(schema.content_of(RUN))
TRAIN_STATE = RUN.train_state


@pytest.mark.parametrize(
    "content",
    [
        None,
        5,
        PARAMS,
        CONTENT._replace(net=None),
        CONTENT._replace(net=Network((4, 6, 3))),
        CONTENT._replace(params=()),
        CONTENT._replace(params="ab"),
        CONTENT._replace(params=(1, 2)),
        CONTENT._replace(params=[[np.arange(20).reshape(4, 5)] * 2] * 2),
        CONTENT._replace(params=((np.array("x"), None), (None, None))),
        CONTENT._replace(classes=["a"]),
        CONTENT._replace(classes=((1, 2), (3,), 4)),
        CONTENT._replace(features=5),
        CONTENT._replace(features=("a", "b", "c", 5)),
        CONTENT._replace(scaling=(1, 2)),
        CONTENT._replace(scaling=Scaling(np.zeros(4), np.zeros(4))),
        CONTENT._replace(scaling=Scaling(np.zeros(4), np.ones(3))),
        CONTENT._replace(scaling=Scaling(np.zeros(4), np.ones(4), np.zeros(3))),
        CONTENT._replace(estimator={}),
        CONTENT._replace(estimator=schema.Estimator("os.system", {}, {})),
        CONTENT._replace(estimator=schema.Estimator("MLPClassifier", (), {})),
        CONTENT._replace(estimator=schema.Estimator("MLPClassifier", {}, {"predict": 5})),
        CONTENT._replace(estimator=schema.Estimator("MLPClassifier", {}, {"__class__": 5})),
        CONTENT._replace(run=5),
        CONTENT._replace(run=RUN._replace(net=Network((4, 6, 3)))),
        CONTENT._replace(run=RUN._replace(params=())),
        CONTENT._replace(run=RUN._replace(state=PARAMS)),
        CONTENT._replace(run=RUN._replace(state=RUN.state._replace(moments=(1,)))),
        CONTENT._replace(run=RUN._replace(state=RUN.state._replace(step=np.zeros(2)))),
        CONTENT._replace(run=RUN._replace(history={})),
        CONTENT._replace(run=RUN._replace(history={"loss": np.zeros((2, 3)), "ended": "x"})),
        CONTENT._replace(run=RUN._replace(history={"ended": ((1, 2), 3)})),
        CONTENT._replace(run=RUN._replace(train_state=())),
        CONTENT._replace(run=RUN._replace(train_state=TRAIN_STATE._replace(best=5))),
        CONTENT._replace(run=RUN._replace(train_state=TRAIN_STATE._replace(average=PARAMS[:1]))),
        CONTENT._replace(run=RUN._replace(train_state=TRAIN_STATE._replace(epoch="x"))),
        CONTENT._replace(run=RUN._replace(train_state=TRAIN_STATE._replace(wait=np.zeros(3)))),
        CONTENT._replace(run=RUN._replace(steps=0)),
        CONTENT._replace(run=RUN._replace(rows=-1)),
        CONTENT._replace(run=RUN._replace(optimizer=None)),
        CONTENT._replace(run=RUN._replace(xla="yes")),
    ],
)
def test_inconsistent_content_is_refused(content, tmp_path):
    refused(tmp_path / "a.fnet", forged(content), None)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (r'"tanh"|"relu"', '"selu_"'),
        (r'"relu"', f'"{"x" * 400_000}"'),
        (r'"Layer"', '"print"'),
        (r'"Run"', '"os.system"'),
        (r'"Network"', '"list"'),
        (r'"bias"', '"biased"'),
        (r'\{"array": "params.0.w"\}', '{"array": ["params.0.w"]}'),
        (r'\{"array": "params.0.w"\}', '{"array": "params.7.w"}'),
        (r'\{"array": "params.0.w"\}', '{"text": "params.0.w"}'),
        (r'\{"array": "params.0.w"\}', "{}"),
        (r'\{"array": "params.0.w"\}', "null"),
        (r'\{"array": "params.0.w"\}', '{"float": "nan"}'),
        (r'\{"array": "params.0.w"\}', '{"float": []}'),
        (r'\{"array": "params.0.w"\}', '{"array": "params.0.w", "list": []}'),
        (r'\{"array": "params.0.w"\}', '{"objects": [[2], [1]]}'),
        (r'\{"array": "params.0.w"\}', f'{{"objects": [[{10**400}], [1]]}}'),
        (r'\{"array": "params.0.w"\}', '{"objects": [[1], [[1]]]}'),
        (r'\{"array": "params.0.w"\}', '{"dict": [[[], 1]]}'),
        (r'\{"array": "params.0.w"\}', '{"dict": 5}'),
        (r"\[4, 5, 3\]", f"[{10**30}, 5, 3]"),
        (r"\[4, 5, 3\]", "[4, -5, 3]"),
        (r"\[4, 5, 3\]", '"453"'),
    ],
)
def test_malformed_descriptions_are_refused(old, new, tmp_path):
    def change(text):
        changed, count = re.subn(old, lambda _: new, text)
        assert count
        return changed

    refused(tmp_path / "a.fnet", forged(CONTENT, change), None)


def test_one_long_string_cannot_multiply_the_memory(tmp_path):
    """NumPy stores each string in the size of the longest; a file must contain as many bytes."""
    classes = np.array(["a", "b", "x" * 20_000])
    fnet.save(tmp_path / "a.fnet", (NET, PARAMS), classes=classes)
    assert (tmp_path / "a.fnet").stat().st_size > classes.nbytes
    assert np.array_equal(fnet.load(tmp_path / "a.fnet").classes, classes)


def run_script(name, *options):
    command = [sys.executable, SCRIPTS / name, *map(str, options)]
    env = {**os.environ, "PYTHONPATH": str(SCRIPTS.parent)}
    done = subprocess.run(command, capture_output=True, text=True, env=env)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_mutated_files_are_refused_or_unchanged():
    printed = run_script("mutate.py", "--count", 5000, "--seed", 1)
    assert "UNDETECTED" not in printed
    counts = re.findall(r"^\w+ +(refused|unchanged|different) +(\d+)$", printed, re.MULTILINE)
    assert sum(int(count) for _, count in counts) == 5000
    ((seconds, memory),) = re.findall(r"longest load (\S+) s; most memory (\S+) MiB", printed)
    assert float(seconds) < 1
    assert float(memory) < 0


@pytest.mark.slow
def test_killed_processes_leave_complete_files_and_resumable_runs():
    printed = run_script("crash.py", "--saves", 50, "--runs", 2)
    found = re.search(
        r"50 saves killed: 0 files unreadable or lost, \d+ .*, (\d+) of them", printed
    )
    assert found is not None
    assert found[1] == "0"
    assert re.search(r"2 runs by numpy killed: identical bits .* most \S+ s lost", printed)
