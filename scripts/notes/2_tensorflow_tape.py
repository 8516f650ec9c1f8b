"""The 2-3-1 network in TensorFlow, with a gradient tape and an update by hand.

The notes now go down the slope of the **mean** over rows, at 0.1. What they call the sum of
squares is a mean; and their network reads a global X in place of its own argument: here x is an
argument, so the step is a pure function of the weights and the data.
"""

import lesson

import fnet
from fnet import backends


def main():
    options = lesson.options(__file__, __doc__, epochs=200)
    tf = backends.import_tensorflow()

    @tf.function
    def step(net, params, x, y, rate):
        """The loss, and the params one step further down its slope."""
        weights = [layer.w for layer in params]
        with tf.GradientTape() as tape:
            tape.watch(weights)
            loss = fnet.loss(net, params, x, y)
        slopes = tape.gradient(loss, weights)
        moved = [fnet.Layer(w - rate * slope) for w, slope in zip(weights, slopes, strict=True)]
        return loss, tuple(moved)

    def descend(net, params, y):
        losses = []
        for _ in range(options.epochs):
            loss, params = step(net, params, x, y, rate)
            losses.append(float(loss))
        return losses

    x, y = (tf.constant(column) for column in fnet.datasets.load_course())
    rate = tf.constant(0.1, tf.float64)

    # As in the notes.
    net = fnet.Network((2, 3, 1), "sigmoid", "sigmoid", bias=False, loss="squared_error")
    params = fnet.init_params(net, seed=0, scheme="ones", dtype="float64")
    printed = descend(net, params, y)
    lesson.report("As in the notes:", printed)
    shown = [done for done in (1, 100, 200) if done <= len(printed)]
    print(f"at steps {shown}:", ", ".join(f"{printed[done - 1]:.6f}" for done in shown))

    # Done right: tanh reaches -1 and 1, and a random start tells the hidden units apart.
    net = fnet.Network((2, 3, 1), "tanh", "tanh", bias=False, loss="squared_error")
    params = fnet.init_params(net, seed=1, dtype="float64")
    right = descend(net, params, y)
    lesson.report("Done right (tanh in place of sigmoid, a random start):", right)
    print(
        "The labels -1 and 1 are within reach, and the hidden units differ. Not every start does\n"
        "as well: lengths of 2 to 8 cm can drive a tanh so far out that it has no slope left. The\n"
        "next script standardizes them."
    )

    lesson.draw(options.picture, {"As in the notes": {"loss": printed}, "Right": {"loss": right}})


if __name__ == "__main__":
    main()
