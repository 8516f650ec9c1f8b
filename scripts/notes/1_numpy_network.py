"""A 2-3-1 network in NumPy, its gradient worked by hand.

The notes go down the slope of the squared error **summed** over the 150 rows, at 0.001: that is
150 times the slope of the mean. `fnet.reference.grads` is the gradient by hand, line by line.
"""

import lesson

from fnet import datasets
from fnet import reference as fnet


def descend(net, params, x, y, rate, steps):
    """Gradient descent on all rows: the loss before each step, and the params after the last."""
    optimizer = fnet.sgd(rate)
    state = optimizer.init(params)
    losses = []
    for _ in range(steps):
        losses.append(fnet.loss(net, params, x, y))
        slopes = fnet.grads(net, params, x, y)
        params, state = fnet.update(optimizer, params, state, slopes)
    return losses, params


def main():
    options = lesson.options(__file__, __doc__, epochs=200)
    x, y = datasets.load_course()

    # As in the notes: no biases, every weight 1, a sigmoid at the end, labels -1 and 1.
    net = fnet.Network((2, 3, 1), "sigmoid", "sigmoid", bias=False, loss="squared_error")
    params = fnet.init_params(net, seed=0, scheme="ones", dtype="float64")
    printed, params = descend(net, params, x, y, rate=0.001 * len(x), steps=options.epochs)
    outputs = fnet.predict(net, params, x)
    print("\nAs in the notes (which draw the mean loss and print nothing):")
    print(f"mean loss {printed[-1]:.6f}; every output lies in {outputs.min():.4f} to", end=" ")
    print(f"{outputs.max():.4f}; the hidden units are still equal: {params[0].w[0]}")
    print(
        "It learns nothing. Three units that start equal get equal gradients and stay equal; a\n"
        "sigmoid cannot reach -1, so the best it can do with them is say 1/3 to every row, which\n"
        "costs 8/9 = 0.8889. Even units that differ could not come under 1/3."
    )

    # Done right: labels that a sigmoid can reach, a random start, biases.
    net = fnet.Network((2, 3, 1), "sigmoid", "sigmoid", loss="squared_error")
    params = fnet.init_params(net, seed=0, scheme="normal", dtype="float64")
    reachable = (y + 1) / 2
    right, params = descend(net, params, x, reachable, rate=5.0, steps=10 * options.epochs)
    hits = (fnet.predict(net, params, x)[:, 0] > 0.5) == (reachable == 1)
    print("\nDone right (labels 0 and 1, a random start, biases, a larger rate, more steps):")
    print(f"mean loss {right[-1]:.6f}; {hits.sum()} of {len(x)} rows right")

    lesson.draw(options.picture, {"As in the notes": {"loss": printed}, "Right": {"loss": right}})


if __name__ == "__main__":
    main()
