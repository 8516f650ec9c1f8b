"""The TensorFlow engine: pure functions as graphs, and a training run as one compiled program."""

from fnet.engine.quiet_import import import_tensorflow

import_tensorflow()  # before any module of this package imports TensorFlow
