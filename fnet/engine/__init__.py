"""The TensorFlow engine: pure functions as graphs, and a training run as one program."""
