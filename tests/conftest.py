"""What every test needs before TensorFlow, Hypothesis or matplotlib is first used.

`pytest --hypothesis-profile=deep`, or HYPOTHESIS_PROFILE=deep in the environment, draws ten times
as many examples as the desk's profile. Both draw the same ones each time.
"""

import os

import matplotlib
import pytest
from hypothesis import HealthCheck, settings

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
matplotlib.use("Agg")

for name, examples in {"desk": 200, "deep": 2000}.items():
    settings.register_profile(
        name,
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "desk"))


@pytest.fixture(scope="class")
def eagerly():
    """For properties over many shapes: functions run as they stand, without a graph for each."""
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)
