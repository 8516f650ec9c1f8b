"""Training by several workers: processes of this machine, which find each other on 127.0.0.1."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import distributed_job
import numpy as np
import pytest
from processes import HANG_SECONDS

import fnet
from fnet import cli
from fnet.core.params import leaves
from fnet.distributed import launching

JOB = Path(distributed_job.__file__)
TOLERANCE = {"float64": 1e-10, "float32": 1e-4}


def run_job(folder, *todo, script=JOB):
    """The launched job, once it has ended."""
    command = [sys.executable, "-m", "fnet.distributed", str(script), str(folder), *todo]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=HANG_SECONDS, check=False
    )


@pytest.fixture(scope="module")
def job(tmp_path_factory):
    """One job of two workers that does all that needs no death: its folder and its output."""
    folder = tmp_path_factory.mktemp("workers")
    distributed_job.write_shards(folder / "shards")
    x = distributed_job.X.copy()
    x[distributed_job.LATE_ROW] = 0.5
    distributed_job.write_shards(folder / "shards of 1", x)
    todo = "runs", "stream", "commands", "refusals", "checkpoint", "interrupt", "die"
    return folder, run_job(folder, *todo)


def arrays(job, name):
    """What both workers found, which must have the same bits."""
    both = [dict(np.load(job[0] / f"{name} {rank}.npz")) for rank in (0, 1)]
    assert both[0].keys() == both[1].keys()
    for key, array in both[0].items():
        assert array.tobytes() == both[1][key].tobytes(), (name, key)
    return both[0]


@pytest.mark.parametrize(("name", "dtype"), distributed_job.CASES)
@pytest.mark.filterwarnings("ignore:the loss or a gradient:RuntimeWarning")
def test_two_workers_train_as_one_process(job, name, dtype):
    given, options = distributed_job.arguments(name, dtype)
    found = arrays(job, f"{name} {dtype}")
    expected = distributed_job.flat(fnet.train(*given, **options, xla=False))
    assert found.keys() == expected.keys()
    for key, array in expected.items():
        if array.dtype.kind == "f":
            np.testing.assert_allclose(found[key], array, rtol=1e-9, atol=TOLERANCE[dtype])
        else:
            assert np.array_equal(found[key], array), key


def test_two_workers_share_the_batches_of_files(job):
    given, options = distributed_job.stream_arguments(job[0] / "shards")
    found, expected = arrays(job, "stream"), fnet.train(*given, **options, xla=False)
    for key, array in distributed_job.flat(expected).items():
        if array.dtype.kind == "f":
            np.testing.assert_allclose(found[key], array, rtol=1e-4, atol=1e-4, err_msg=key)


@pytest.mark.parametrize("name", ["memory", "turn"])
def test_the_command_trains_by_two_workers_of_which_one_reports(job, name, tmp_path):
    found = [np.load(job[0] / f"command {name} {rank}.npz") for rank in (0, 1)]
    alone = distributed_job.run_command(
        job[0], name, "--engine", "tensorflow", "--out", tmp_path / f"{name} 0.fnet"
    )
    assert alone["code"] == 0
    assert [int(each["code"]) for each in found] == [0, 0]
    assert found[0]["printed"] == alone["printed"].replace(str(tmp_path), str(job[0]))
    assert found[1]["printed"] == ""
    files = sorted(path.name for path in job[0].glob(f"{name}*.*"))
    assert files == [f"{name} 0.fnet", f"{name} 0.run"]
    models = [fnet.load(folder / f"{name} 0.fnet").params for folder in (job[0], tmp_path)]
    for ours, theirs in zip(*map(leaves, models), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)


def test_the_command_refuses_what_workers_cannot_share(job):
    for name, message in {
        "too small": "the batches of the plan must have a row for each of 2 workers",
        "other": "--workers 3 must be 2, as TF_CONFIG says",
    }.items():
        for rank in (0, 1):
            found = np.load(job[0] / f"command {name} {rank}.npz")
            assert int(found["code"]) == 3
            assert message in str(found["messages"])


def test_differences_between_workers_are_named(job):
    both = [dict(np.load(job[0] / f"refusals {rank}.npz")) for rank in (0, 1)]
    assert len(both[0]) == 16
    for found in both:
        for name, message in found.items():
            assert name in str(message), (name, message)


def test_a_restarted_job_has_the_bits_of_an_undisturbed_one(job):
    resumed, undisturbed = arrays(job, "resumed"), arrays(job, "undisturbed")
    for key, array in undisturbed.items():
        assert array.tobytes() == resumed[key].tobytes(), key
    assert [path.name for path in job[0].glob("run of *.fnet")] == ["run of 0.fnet"]


def test_ctrl_c_in_one_worker_ends_all(job):
    assert arrays(job, "interrupted")["history ended"] == "interrupted"


def test_a_dead_worker_ends_the_others(job):
    found = np.load(job[0] / "lost 0.npz")
    assert "worker 1 (127.0.0.1:" in str(found["message"])
    assert job[1].returncode == 128 + 9
    assert "worker 1 was ended by signal 9" in job[1].stderr


def test_no_log_of_tensorflow_is_shown(job):
    """What is shown is Python's traceback of worker 0 alone, which lost worker 1."""
    lines = job[1].stderr.splitlines()
    noise = [line for line in lines if line.startswith(("WARNING", "INFO", "I0", "E0", "W0"))]
    assert noise == []
    assert "grpc" not in job[1].stdout


def worker(rank, addresses, timeout):
    """A worker that only connects, started by TF_CONFIG."""
    code = f"import fnet; print(fnet.distributed.initialize(timeout={timeout}))"
    environment = os.environ | {"TF_CONFIG": launching.configuration(addresses, rank)}
    return subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
        check=False,
    )


def test_an_absent_worker_is_named():
    addresses = launching.free_addresses(2)
    found = worker(0, addresses, 1)
    assert f"worker 1 ({addresses[1]}) did not start within 1 s" in found.stderr


def test_a_port_in_use_is_said():
    with socket.create_server(("127.0.0.1", 0)) as occupied:
        port = occupied.getsockname()[1]
        found = worker(0, [f"127.0.0.1:{port}", *launching.free_addresses(1)], 1)
    assert f"cannot listen on port {port}" in found.stderr


SCRIPTS = {
    "import sys; sys.exit(0)": 0,
    "import sys; sys.exit(3)": 3,
    "import os, signal; os.kill(os.getpid(), signal.SIGKILL)": 137,
    "import os, time; rank = '\"index\": 1' in os.environ['TF_CONFIG']\n"
    "time.sleep(0 if rank else 600); raise SystemExit(4 if rank else 5)": 4,
}


@pytest.mark.parametrize(("text", "status"), SCRIPTS.items())
def test_launch_returns_the_exit_status_and_ends_all(tmp_path, monkeypatch, text, status):
    monkeypatch.setattr(launching, "END_SECONDS", 0.2)
    script = tmp_path / "script.py"
    script.write_text(text)
    assert fnet.distributed.launch(script, workers=3) == status


BAD_CONFIGS = {
    "not JSON": "{",
    "no cluster": json.dumps({"task": {"type": "worker", "index": 0}}),
    "no such task": json.dumps(
        {"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 1}}
    ),
    "no port": json.dumps({"cluster": {"worker": ["a"]}, "task": {"type": "worker", "index": 0}}),
    "another job": json.dumps(
        {"cluster": {"worker": ["a:1"], "ps": ["a:2"]}, "task": {"type": "worker", "index": 0}}
    ),
}


@pytest.mark.parametrize("config", BAD_CONFIGS.values(), ids=BAD_CONFIGS)
def test_a_bad_tf_config_is_refused(monkeypatch, config):
    from fnet.distributed import cluster

    monkeypatch.setenv("TF_CONFIG", config)
    with pytest.raises(fnet.InvalidArgument, match="TF_CONFIG must be"):
        cluster.find()


def test_without_a_cluster_a_script_is_told_how_to_start(monkeypatch):
    from fnet.distributed import cluster

    monkeypatch.delenv("TF_CONFIG", raising=False)
    with pytest.raises(fnet.InvalidArgument, match=r"python -m fnet\.distributed"):
        cluster.find()


def test_a_chief_is_worker_0(monkeypatch):
    from fnet.distributed import cluster

    jobs = {"worker": ["b:2", "c:3"], "chief": ["a:1"]}
    task = {"type": "worker", "index": 1}
    monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": jobs, "task": task}))
    assert cluster.find() == (("a:1", "b:2", "c:3"), 2)


# The command


def start(folder, *words):
    """`fnet train` by two workers, as a user starts it."""
    command = [sys.executable, "-m", "fnet", "train", *words, "--target", "y", "--workers", "2"]
    return subprocess.Popen(
        [*command, "--out", str(folder / "model.fnet")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"COLUMNS": "80"},
    )


def test_bad_input_of_workers_is_told_once(tmp_path):
    (tmp_path / "t.csv").write_text("x,z\n1,2\n")
    process = start(tmp_path, str(tmp_path / "t.csv"))
    out, err = process.communicate(timeout=HANG_SECONDS)
    assert (process.returncode, out) == (3, "")
    assert err.startswith("Error: ")
    assert err.count("\n") == 1
    assert "no column 'y'" in err


def test_ctrl_c_ends_the_workers_of_a_command(tmp_path):
    rows = [f"{i % 7},1,{i % 3}" for i in range(60)]
    (tmp_path / "t.csv").write_text("\n".join(["x,same,y", *rows]))
    process = start(tmp_path, str(tmp_path / "t.csv"), "--epochs", "1000000", "--patience", "0")
    assert "'same' has one value" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=HANG_SECONDS)
    assert (process.returncode, out) == (130, "")
    assert err.count("Error: interrupted") == err.count("Error: ") == 1
    assert "worker" not in err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["t.csv", "--cv", "3"], "--workers is of a single network, and --cv 3 trains one for"),
        (["t.csv", "--time-limit", "9"], "--time-limit needs folds, and --workers trains a singl"),
        (["t.csv", "--engine", "numpy"], "--workers shares the work of TensorFlow, not of"),
        (["-"], "--workers needs a file, which each one reads, not '-'"),
        (["t.csv", "--validation", os.devnull], "--workers needs a file, which each one reads, no"),
    ],
)
def test_commands_that_workers_cannot_share_are_refused(words, message, capsys, monkeypatch):
    monkeypatch.setattr(launching, "run_workers", lambda *_: pytest.fail("it was started"))
    common = ["--target", "y", "--out", "m.fnet", "--workers", "2"]
    assert cli.main(["train", *words, *common]) == 2
    assert message in capsys.readouterr().err
