"""The first use of the engine writes nothing to standard error, and hides nothing of the user's."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from processes import HANG_SECONDS

import fnet

ROOT = Path(fnet.__file__).parents[1]

LOG = "I0000 00:00:1795662531.241085   19892 port.cc:153] oneDNN custom operations are on."


def run(code, tensorflow=None, folder=None, **variables):
    """A process that runs this code, optionally with a fake TensorFlow: `(returncode, stderr)`."""
    paths = [str(ROOT)]
    if tensorflow is not None:
        (folder / "tensorflow.py").write_text(tensorflow)
        paths.insert(0, str(folder))
    ours = "TF_CPP_MIN_LOG_LEVEL", "TF_USE_LEGACY_KERAS"  # which other tests may have set
    env = {name: value for name, value in os.environ.items() if name not in ours}
    env |= {"PYTHONPATH": os.pathsep.join(paths), **variables}
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=HANG_SECONDS)
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    "call",
    [
        "fnet.forward(net, params, x)",
        "fnet.train(net, fnet.adam(0.1), params, x, y, plan, xla=True)",
        "fnet.train(net, fnet.adam(0.1), params, x, y, plan, xla=False)",
    ],
)
def test_first_calls_write_nothing(call):
    code = (
        "import os, fnet\n"
        "net, x, y = fnet.Network((2, 3)), [[1.0, 2.0]] * 4, [0, 1, 2, 0]\n"
        "params, plan = fnet.init_params(net, seed=0), fnet.full_batch_plan(4, 2)\n"
        f"{call}\n"
        "assert 'TF_CPP_MIN_LOG_LEVEL' not in os.environ\n"
        "assert 'TF_USE_LEGACY_KERAS' not in os.environ\n"
    )
    assert run(code) == (0, "")


def test_a_log_level_of_the_users_own_is_respected():
    code = "import os, fnet.engine; assert os.environ['TF_CPP_MIN_LOG_LEVEL'] == '0'"
    returncode, stderr = run(code, TF_CPP_MIN_LOG_LEVEL="0")
    assert returncode == 0
    assert re.search(r"^[IWE]\d{4} |oneDNN", stderr, re.MULTILINE)


WRITES = f"import os\nos.write(2, b'''{LOG}\\nfrom another thread\\n''')\n"


def test_only_tensorflows_own_lines_are_hidden(tmp_path):
    assert run("import fnet.engine", WRITES, tmp_path) == (0, "from another thread\n")


def test_a_failed_import_shows_everything(tmp_path):
    returncode, stderr = run("import fnet.engine", WRITES + "raise ImportError('no')", tmp_path)
    assert returncode == 1
    assert stderr.startswith(f"{LOG}\nfrom another thread\n")
    assert stderr.endswith("ImportError: no\n")


def test_tensorflow_that_is_already_imported_is_left_alone(tmp_path):
    code = "import tensorflow, fnet.engine"
    assert run(code, WRITES, tmp_path) == (0, f"{LOG}\nfrom another thread\n")


def test_closed_standard_error_is_no_error(tmp_path):
    code = "import os, sys; os.close(2); sys.stderr = None; import fnet.engine"
    assert run(code, "", tmp_path) == (0, "")


def test_ctrl_c_takes_effect_after_the_import(tmp_path):
    pressed = "import signal\nsignal.raise_signal(signal.SIGINT)\ncomplete = True\n"
    code = (
        "import sys\n"
        "try:\n"
        "    import fnet.engine\n"
        "except KeyboardInterrupt:\n"
        "    assert sys.modules['tensorflow'].complete\n"
        "    import fnet.engine\n"
        "else:\n"
        "    sys.exit('no KeyboardInterrupt')\n"
    )
    assert run(code, pressed, tmp_path) == (0, "")
