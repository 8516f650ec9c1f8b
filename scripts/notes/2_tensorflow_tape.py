"""The 2-3-1 network in TensorFlow, with a gradient tape and a hand-written update.

The lecture notes now follow the gradient of the **mean** over rows, with a learning rate of 0.1;
the text calls it a sum of squares. The notes' network reads a global X instead of its argument.
Here x is an argument, so a step is a pure function of the weights and the data.
"""

from typing import Any

import lesson

import fnet
from fnet import backends


def main() -> None:
    """Repeat the lecture notes' training, then train a corrected network."""
    options = lesson.options(__file__, __doc__, epochs=200)
    tf: Any = backends.import_tensorflow()

    def step(net: Any, params: Any, x: Any, y: Any, learning_rate: Any) -> tuple[Any, Any]:
        """The loss, and the params after one step of gradient descent."""
        weights = [layer.w for layer in params]
        with tf.GradientTape() as tape:
            tape.watch(weights)
            loss = fnet.loss(net, params, x, y)
        grads = tape.gradient(loss, weights)
        pairs = zip(weights, grads, strict=True)
        return loss, tuple(fnet.Layer(w - learning_rate * grad) for w, grad in pairs)

    compiled_step = tf.function(step)

    def descend(net: Any, params: Any, learning_rate: float, steps: int) -> list[float]:
        """The loss before each step."""
        rate = tf.constant(learning_rate, tf.float64)
        losses = []
        for _ in range(steps):
            loss, params = compiled_step(net, params, x, y, rate)
            losses.append(float(loss))
        return losses

    x, y = (tf.constant(array) for array in fnet.datasets.load_course())

    # As in the notes.
    net = fnet.Network((2, 3, 1), "sigmoid", "sigmoid", bias=False, loss="squared_error")
    params = fnet.init_params(net, seed=0, scheme="ones", dtype="float64")
    notes = descend(net, params, learning_rate=0.1, steps=options.epochs)
    lesson.report("As in the notes:", notes)
    steps = [step for step in (1, 100, 200) if step <= len(notes)]
    print(f"at steps {steps}:", ", ".join(f"{notes[step - 1]:.6f}" for step in steps))

    # Corrected: tanh reaches -1 and 1, random initial params make the hidden units differ, and a
    # smaller learning rate keeps the descent steady.
    net = fnet.Network((2, 3, 1), "tanh", "tanh", bias=False, loss="squared_error")
    params = fnet.init_params(net, seed=1, dtype="float64")
    corrected = descend(net, params, learning_rate=0.04, steps=2 * options.epochs)
    lesson.report(
        "Corrected (tanh, random initial params, a smaller learning rate, more steps):", corrected
    )
    lesson.report_rises(corrected)
    print(
        "The outputs can now reach the labels -1 and 1, and the hidden units differ. Not every\n"
        "seed does as well: features of 2 to 8 cm can saturate a tanh, where its gradient is\n"
        "nearly 0. With a learning rate of 0.1 the loss jumps up and down. The next script\n"
        "standardizes the features, which solves both problems."
    )

    lesson.draw(
        options.picture, {"As in the notes": {"loss": notes}, "Corrected": {"loss": corrected}}
    )


if __name__ == "__main__":
    main()
