"""Digits with mini-batches made by `tf.data`: shuffle, batch, prefetch.

`fnet.pipeline` shuffles by (seed, epoch), so that it gives other batches in each epoch and the same
ones when it is iterated again: 23 batches an epoch, of 64 rows and a last one of 29.
"""

import lesson
from tqdm import tqdm

import fnet
from fnet import backends


def main():
    options = lesson.options(__file__, __doc__, epochs=500)
    tf = backends.import_tensorflow()
    net = fnet.Network((64, 30, 10), hidden="relu", loss="softmax_cross_entropy")
    adam = fnet.adam(learning_rate=0.001)

    @tf.function
    def one_epoch(params, batches):
        """The loss of the last batch, and the params after a step on each; a new Adam in each."""
        loss = tf.constant(0.0)
        for _ in tf.range(steps):
            batch = next(batches)
            loss = fnet.loss(net, params, *batch)
            slopes = fnet.grads(net, params, *batch)
            params, _ = fnet.update(adam, params, adam.init(params), slopes)
        return loss, params

    x, x_test, y, y_test = (c.astype("float32") for c in fnet.datasets.load_digits())

    # As in the notes: raw pixels, a standard-normal start, a new Adam in every step.
    pipeline = fnet.pipeline(x, y, batch_size=64, epochs=options.epochs, seed=0)
    steps = len(pipeline) // options.epochs
    batches = iter(pipeline)
    params = fnet.init_params(net, seed=0, scheme="normal")
    printed = {"loss": [], "validation_accuracy": []}
    for _ in tqdm(range(options.epochs), unit="epoch"):
        loss, params = one_epoch(params, batches)
        accuracy = fnet.accuracy(fnet.forward(net, params, x_test), y_test)
        printed["loss"].append(float(loss))
        printed["validation_accuracy"].append(float(accuracy))
    lesson.report("As in the notes:", printed["loss"], printed["validation_accuracy"])

    # Done right: scaled pixels, He's start, Adam's state kept; `train` takes the pipeline itself.
    right = fnet.train(
        net,
        fnet.adam(learning_rate=0.005),
        fnet.init_params(net, seed=0),
        data=fnet.pipeline(x / 16, y, batch_size=64, epochs=options.epochs, seed=0),
        validation=(x_test / 16, y_test),
        progress=True,
    ).history
    lesson.report("Done right:", right["loss"], right["validation_accuracy"])

    lesson.draw(options.picture, {"As in the notes": printed, "Right": right})


if __name__ == "__main__":
    main()
