"""The 2-3-1 network in TensorFlow, its update by an optimizer.

The notes make a new SGD in every step. That is harmless, since plain gradient descent keeps
nothing from step to step: its state has no moments. (TensorFlow does have plain gradient descent:
it is this, with every row in the batch.) A whole run is one call of `fnet.train`.
"""

import lesson

import fnet
from fnet import backends


def main():
    options = lesson.options(__file__, __doc__, epochs=200)
    backends.import_tensorflow()
    x, y = fnet.datasets.load_course()
    plan = fnet.full_batch_plan(len(x), options.epochs)

    # As in the notes: the same numbers as with the tape.
    net = fnet.Network((2, 3, 1), "sigmoid", "sigmoid", bias=False, loss="squared_error")
    params = fnet.init_params(net, seed=0, scheme="ones", dtype="float64")
    sgd = fnet.sgd(learning_rate=0.1)
    printed = fnet.train(net, sgd, params, x, y, plan).history
    lesson.report("As in the notes:", printed["loss"])
    shown = [done for done in (1, 100, 200) if done <= options.epochs]
    print(f"at steps {shown}:", ", ".join(f"{printed['loss'][done - 1]:.6f}" for done in shown))
    print(f"moments that this optimizer keeps: {len(sgd.init(params).moments)}")

    # Done right: tanh, biases, a random start, features of mean 0 and deviation 1, momentum kept.
    net = fnet.Network((2, 3, 1), "tanh", "tanh", loss="squared_error")
    params = fnet.init_params(net, seed=0, dtype="float64")
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    run = fnet.train(net, fnet.sgd(0.1, momentum=0.9), params, x, y, plan)
    right = run.history
    lesson.report("Done right (tanh, biases, a random start, scaled x, momentum):", right["loss"])
    hits = (fnet.predict(net, run.params, x).numpy()[:, 0] > 0) == (y > 0)
    print(f"{hits.sum()} of {len(x)} rows right")

    lesson.draw(options.picture, {"As in the notes": printed, "Right": right})


if __name__ == "__main__":
    main()
