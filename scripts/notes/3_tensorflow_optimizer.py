"""The 2-3-1 network in TensorFlow, updated by an optimizer.

The lecture notes create a new SGD in every step. This is harmless: without momentum SGD keeps no
moments between steps. The notes miss plain gradient descent in TensorFlow; SGD on the full batch
is plain gradient descent. Here one call of `fnet.train` is the whole run.
"""

import lesson

import fnet
from fnet import backends


def main() -> None:
    """Repeat the lecture notes' training, then train a corrected network."""
    options = lesson.options(__file__, __doc__, epochs=200)
    backends.import_tensorflow()
    x, y = fnet.datasets.load_course()
    plan = fnet.full_batch_plan(len(x), options.epochs)

    # As in the notes: the same losses as with the tape.
    net = fnet.Network((2, 3, 1), "sigmoid", "sigmoid", bias=False, loss="squared_error")
    params = fnet.init_params(net, seed=0, scheme="ones", dtype="float64")
    sgd = fnet.sgd(learning_rate=0.1)
    notes = fnet.train(net, sgd, params, x, y, plan).history
    lesson.report("As in the notes:", notes["loss"])
    steps = [step for step in (1, 100, 200) if step <= options.epochs]
    print(f"at steps {steps}:", ", ".join(f"{notes['loss'][step - 1]:.6f}" for step in steps))
    print(f"moments in the optimizer's state: {len(sgd.init(params).moments)}")

    # Corrected: tanh, biases, random initial params, standardized features, momentum.
    net = fnet.Network((2, 3, 1), "tanh", "tanh", loss="squared_error")
    params = fnet.init_params(net, seed=0, dtype="float64")
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    run = fnet.train(net, fnet.sgd(0.1, momentum=0.9), params, x, y, plan)
    lesson.report(
        "Corrected (tanh, biases, random initial params, standardized features, momentum):",
        run.history["loss"],
    )
    correct = (fnet.predict(net, run.params, x).numpy()[:, 0] > 0) == (y > 0)
    print(f"{correct.sum()} of {len(x)} rows correct")

    lesson.draw(options.picture, {"As in the notes": notes, "Corrected": run.history})


if __name__ == "__main__":
    main()
