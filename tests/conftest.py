"""Settings of TensorFlow, Hypothesis and matplotlib, and fixtures that several files share.

`pytest --hypothesis-profile=deep`, or HYPOTHESIS_PROFILE=deep in the environment, runs ten times as
many examples as the default profile. Both are deterministic.
"""

import io
import os
import shlex
import shutil
import signal

import matplotlib
import pytest
from hypothesis import HealthCheck, settings

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
matplotlib.use("Agg")
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in a background job of a shell
    signal.signal(signal.SIGINT, signal.default_int_handler)

for name, examples in {"quick": 200, "deep": 2000}.items():
    settings.register_profile(
        name,
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


@pytest.fixture(scope="class")
def eagerly():
    """Run functions eagerly, without a graph for each of many shapes."""
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.fixture(scope="session")
def samples(tmp_path_factory):
    """A folder with tables from scikit-learn, and models trained on them briefly."""
    from fnet.cli import main

    folder = tmp_path_factory.mktemp("samples")
    targets = {"iris": "species", "diabetes": "progression"}
    for name, target in targets.items():
        table, model = folder / f"{name}.csv", folder / f"{name}.fnet"
        assert main(["sample", name, "--out", str(table)]) == 0
        options = ["--epochs", "60", "--batch-size", "30", "--hidden", "8"]
        assert main(["train", str(table), "--target", target, "--out", str(model), *options]) == 0
    return folder


@pytest.fixture
def shell(samples, tmp_path, monkeypatch, capfd):
    """Runs `fnet ...` in this process, in a folder with the samples: `(exit code, out, err)`."""
    from fnet.cli import main

    for path in samples.iterdir():
        shutil.copy(path, tmp_path)
    monkeypatch.chdir(tmp_path)

    def run(line, stdin=b""):
        program, *arguments = shlex.split(line)
        assert program == "fnet"
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        capfd.readouterr()
        code = main(arguments)
        out, err = capfd.readouterr()
        return code, out, err

    return run
