"""A 2-3-1 network in NumPy, with the gradient written out by hand.

The lecture notes follow the gradient of the squared error **summed** over the 150 rows, with a
learning rate of 0.001. That equals the gradient of the mean with a rate of 0.15.
`fnet.reference.grads` holds the gradient by hand, line by line.
"""

from typing import Any

import lesson

from fnet import datasets
from fnet import reference as fnet


def descend(
    net: Any, params: Any, x: Any, y: Any, learning_rate: float, steps: int
) -> tuple[list[float], Any]:
    """Run gradient descent on all rows.

    Args:
        net: The network.
        params: Initial params.
        x: Features, `[N, D]`.
        y: Targets, `[N]`.
        learning_rate: Step size for the gradient of the mean loss.
        steps: Number of steps.

    Returns:
        The loss before each step, and the params after the last.
    """
    optimizer = fnet.sgd(learning_rate)
    state = optimizer.init(params)
    losses = []
    for _ in range(steps):
        losses.append(float(fnet.loss(net, params, x, y)))
        grads = fnet.grads(net, params, x, y)
        params, state = fnet.update(optimizer, params, state, grads)
    return losses, params


def main() -> None:
    """Repeat the lecture notes' training, then train a corrected network."""
    options = lesson.options(__file__, __doc__, epochs=200)
    x, y = datasets.load_course()

    # As in the notes: no biases, all weights 1, a sigmoid output, labels -1 and 1.
    net = fnet.Network((2, 3, 1), "sigmoid", "sigmoid", bias=False, loss="squared_error")
    params = fnet.init_params(net, seed=0, scheme="ones", dtype="float64")
    notes, params = descend(net, params, x, y, learning_rate=0.001 * len(x), steps=options.epochs)
    outputs = fnet.predict(net, params, x)
    print("\nAs in the notes (they plot the mean loss and print nothing):")
    print(f"mean loss {notes[-1]:.6f}; outputs from {outputs.min():.4f} to {outputs.max():.4f};")
    print(f"the hidden units are still equal: {params[0].w[0]}")
    print(
        "The network learns nothing. The three hidden units start equal, receive equal gradients\n"
        "and stay equal. A sigmoid cannot output -1. The best constant output is 1/3, with a loss\n"
        "of 8/9 = 0.8889. Even with unequal hidden units the loss cannot fall below 1/3."
    )

    # Corrected: labels within the sigmoid's range, random initial params, biases.
    net = fnet.Network((2, 3, 1), "sigmoid", "sigmoid", loss="squared_error")
    params = fnet.init_params(net, seed=0, scheme="normal", dtype="float64")
    labels = (y + 1) / 2
    corrected, params = descend(net, params, x, labels, learning_rate=0.5, steps=10 * len(notes))
    correct = (fnet.predict(net, params, x)[:, 0] > 0.5) == (labels == 1)
    print("\nCorrected (labels 0 and 1, random initial params, biases, more steps):")
    print(f"mean loss {corrected[-1]:.6f}; {correct.sum()} of {len(x)} rows correct")
    lesson.report_rises(corrected)

    lesson.draw(
        options.picture, {"As in the notes": {"loss": notes}, "Corrected": {"loss": corrected}}
    )


if __name__ == "__main__":
    main()
