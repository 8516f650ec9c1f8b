"""Handwritten digits by a 64-30-10 network, every row in each step: 200 epochs, then 500.

(The notes speak of three layers, two of them hidden. There is one hidden layer: the first of the
three is the input.) They make a new Adam in every step, so its moments are always zero and a step
is `rate * g / (|g| + epsilon)`: the sign of the slope decides, its size says nothing.
"""

import lesson

import fnet
from fnet import backends


def main():
    options = lesson.options(__file__, __doc__, epochs=500)
    tf = backends.import_tensorflow()
    net = fnet.Network((64, 30, 10), hidden="relu", loss="softmax_cross_entropy")
    adam = fnet.adam(learning_rate=0.01)

    @tf.function
    def step(params, x, y):
        """The loss, and the params after one step of an Adam that is new."""
        slopes = fnet.grads(net, params, x, y)
        moved, _ = fnet.update(adam, params, adam.init(params), slopes)
        return fnet.loss(net, params, x, y), moved

    x, x_test, y, y_test = (tf.constant(c, tf.float32) for c in fnet.datasets.load_digits())

    def replay(epochs):
        params = fnet.init_params(net, seed=0, scheme="normal")
        history = {"loss": [], "validation_accuracy": []}
        for _ in range(min(epochs, options.epochs)):
            loss, params = step(params, x, y)
            history["loss"].append(float(loss))
            accuracy = fnet.accuracy(fnet.forward(net, params, x_test), y_test)
            history["validation_accuracy"].append(float(accuracy))
        return history

    # As in the notes: raw pixels of 0 to 16, a standard-normal start, a new Adam in every step.
    short = replay(200)
    lesson.report("As in the notes, 200 epochs:", short["loss"])
    printed = replay(500)
    lesson.report("As in the notes, 500 epochs:", printed["loss"], printed["validation_accuracy"])

    # Done right: pixels of 0 to 1, a start that fits the widths, an Adam that keeps its state.
    x, x_test = x / 16, x_test / 16
    params = fnet.init_params(net, seed=0)
    plan = fnet.full_batch_plan(len(x), options.epochs)
    right = fnet.train(net, adam, params, x, y, plan, validation=(x_test, y_test)).history
    lesson.report("Done right, 500 epochs:", right["loss"], right["validation_accuracy"])
    print(
        "Keeping Adam's state alone makes the notes' network no better: a standard-normal start\n"
        "on raw pixels begins with a loss of hundreds and units that are dead or saturated. With\n"
        "scaled pixels and He's start the same Adam begins near log(10) = 2.3."
    )

    lesson.draw(options.picture, {"As in the notes": printed, "Right": right})


if __name__ == "__main__":
    main()
