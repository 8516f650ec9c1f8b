"""Digits with mini-batches made by KFold, and a progress bar.

The notes shuffle the rows and take the folds of `KFold(1437 // 64)` as batches: 22 of them, of 65
or 66 rows. `fnet.kfold_plan` makes the same batches, without KFold's quadratic time.
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
    def one_epoch(params, x, y, rows, weights):
        """The loss of the last batch, and the params after a step on each; a new Adam in each."""
        loss = tf.constant(0.0)
        for k in tf.range(len(rows)):
            batch = tf.gather(x, rows[k]), tf.gather(y, rows[k]), weights[k]
            loss = fnet.loss(net, params, *batch)
            slopes = fnet.grads(net, params, *batch)
            params, _ = fnet.update(adam, params, adam.init(params), slopes)
        return loss, params

    x, x_test, y, y_test = (tf.constant(c, tf.float32) for c in fnet.datasets.load_digits())
    plan = fnet.kfold_plan(len(x), batch_size=64, epochs=options.epochs, seed=0)

    # As in the notes: raw pixels, a standard-normal start, a new Adam in every step.
    params = fnet.init_params(net, seed=0, scheme="normal")
    printed = {"loss": [], "validation_accuracy": []}
    for epoch in tqdm(range(options.epochs), unit="epoch"):
        rows, weights = plan.batches(epoch, epoch + 1)  # weight 0 where a batch of 65 is padded
        loss, params = one_epoch(params, x, y, tf.constant(rows[0]), tf.constant(weights[0]))
        accuracy = fnet.accuracy(fnet.forward(net, params, x_test), y_test)
        printed["loss"].append(float(loss))
        printed["validation_accuracy"].append(float(accuracy))
    lesson.report("As in the notes:", printed["loss"], printed["validation_accuracy"])

    # Done right: scaled pixels, He's start, Adam's state kept, and one program for the whole run.
    params = fnet.init_params(net, seed=0)
    right = fnet.train(
        net,
        fnet.adam(learning_rate=0.005),
        params,
        x / 16,
        y,
        plan,
        validation=(x_test / 16, y_test),
        progress=True,
    ).history
    lesson.report("Done right:", right["loss"], right["validation_accuracy"])
    print(
        "The loss is now the mean over all batches of the epoch, not that of the last alone.\n"
        "What made it better is the start and the scale; what made it faster is that nothing\n"
        "happens in Python between steps."
    )

    lesson.draw(options.picture, {"As in the notes": printed, "Right": right})


if __name__ == "__main__":
    main()
