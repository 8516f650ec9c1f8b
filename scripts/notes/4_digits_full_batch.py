"""Handwritten digits with a 64-30-10 network on full batches: 200 epochs, then 500.

The lecture notes speak of three layers, two of them hidden. The network has one hidden layer; the
first of the three is the input. The notes create a new Adam in every step. Its moments are then
always zero, and a step is `learning_rate * g / (|g| + epsilon)`: it follows the sign of each
gradient and ignores its size.
"""

from typing import Any

import lesson

import fnet
from fnet import backends


def main() -> None:
    """Repeat the lecture notes' training, then train a corrected network."""
    options = lesson.options(__file__, __doc__, epochs=500)
    tf: Any = backends.import_tensorflow()
    net = fnet.Network((64, 30, 10), hidden="relu", loss="softmax_cross_entropy")
    adam = fnet.adam(learning_rate=0.01)

    def step(params: Any, x: Any, y: Any) -> tuple[Any, Any]:
        """The loss, and the params after one step of a new Adam."""
        grads = fnet.grads(net, params, x, y)
        updated, _ = fnet.update(adam, params, adam.init(params), grads)
        return fnet.loss(net, params, x, y), updated

    compiled_step = tf.function(step)
    x, x_test, y, y_test = (tf.constant(c, tf.float32) for c in fnet.datasets.load_digits())

    def train_as_in_notes(epochs: int) -> dict[str, list[float]]:
        """The history of a run of the notes' loop."""
        params = fnet.init_params(net, seed=0, scheme="normal")
        history: dict[str, list[float]] = {"loss": [], "validation_accuracy": []}
        for _ in range(min(epochs, options.epochs)):
            loss, params = compiled_step(params, x, y)
            history["loss"].append(float(loss))
            accuracy = fnet.accuracy(fnet.forward(net, params, x_test), y_test)
            history["validation_accuracy"].append(float(accuracy))
        return history

    # As in the notes: pixels from 0 to 16, standard normal params, a new Adam in every step.
    short = train_as_in_notes(200)
    lesson.report("As in the notes, 200 epochs:", short["loss"])
    notes = train_as_in_notes(500)
    lesson.report("As in the notes, 500 epochs:", notes["loss"], notes["validation_accuracy"])

    # Corrected: pixels from 0 to 1, He initialization, an Adam that keeps its state.
    x, x_test = x / 16, x_test / 16
    params = fnet.init_params(net, seed=0)
    plan = fnet.full_batch_plan(len(x), options.epochs)
    corrected = fnet.train(net, adam, params, x, y, plan, validation=(x_test, y_test)).history
    lesson.report(
        "Corrected, 500 epochs (pixels from 0 to 1, He initialization, Adam keeps its state):",
        corrected["loss"],
        corrected["validation_accuracy"],
    )
    print(
        "Keeping Adam's state is not enough to improve the notes' network. Standard normal params\n"
        "on pixels from 0 to 16 start with a loss of several hundred and many dead units. With\n"
        "scaled pixels and He initialization the same Adam starts near log(10) = 2.3."
    )

    lesson.draw(options.picture, {"As in the notes": notes, "Corrected": corrected})


if __name__ == "__main__":
    main()
