"""What the bits of a run depend on besides its arguments: versions, threads, processor."""

import os
import platform
import sys
from typing import Any, Literal

import numpy as np
from numpy._core._multiarray_umath import __cpu_features__ as cpu_features  # as np.show_runtime

SWITCHES = (
    *("TF_ENABLE_ONEDNN_OPTS", "XLA_FLAGS", "TF_XLA_FLAGS", "TF_DETERMINISTIC_OPS"),
    *("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"),
    *("OPENBLAS_NUM_THREADS", "OPENBLAS_CORETYPE", "MKL_CBWR", "NPY_DISABLE_CPU_FEATURES"),
    "CUDA_VISIBLE_DEVICES",
)
"""Environment variables that change the order in which numbers are summed."""


def record(engine: Literal["numpy", "tensorflow"]) -> dict[str, Any]:
    """What the bits of a run by this engine depend on, by name."""
    blas: Any = np.show_config(mode="dicts")
    blas = blas["Build Dependencies"]["blas"]
    affinity = getattr(os, "sched_getaffinity", None)
    features = sorted(name for name, present in cpu_features.items() if present)
    found = {
        "engine": engine,
        "fnet": sys.modules["fnet"].__version__,
        "numpy": np.__version__,
        "BLAS": f"{blas.get('name')} {blas.get('version')}",
        "processor": f"{platform.machine()} with {' '.join(features)}",
        "processors": len(affinity(0)) if affinity else os.cpu_count(),
        "switches": {name: os.environ[name] for name in SWITCHES if name in os.environ},
    }
    if engine == "tensorflow":
        tf = sys.modules["tensorflow"]  # the engine has imported it
        threads = tf.config.threading
        found["tensorflow"] = tf.__version__
        found["threads"] = (
            threads.get_intra_op_parallelism_threads(),
            threads.get_inter_op_parallelism_threads(),
        )
        found["devices"] = tuple(device.device_type for device in tf.config.list_physical_devices())
    return found


def differences(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """What differs between two records, as `name was ..., now ...`."""
    return [
        f"{name} was {before.get(name)}, now {now.get(name)}"
        for name in sorted({*before, *now})
        if before.get(name) != now.get(name)
    ]
