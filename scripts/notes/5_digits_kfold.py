"""Digits on mini-batches made by KFold, with a progress bar.

The lecture notes shuffle the rows and use the folds of `KFold(1437 // 64)` as batches: 22 batches
of 65 or 66 rows. `fnet.kfold_plan` makes the same batches without KFold's quadratic time.
"""

from typing import Any

import lesson
from tqdm import tqdm

import fnet
from fnet import backends


def main() -> None:
    """Repeat the lecture notes' training, then train a corrected network."""
    options = lesson.options(__file__, __doc__, epochs=500)
    tf: Any = backends.import_tensorflow()
    net = fnet.Network((64, 30, 10), hidden="relu", loss="softmax_cross_entropy")
    adam = fnet.adam(learning_rate=0.001)

    def train_epoch(params: Any, x: Any, y: Any, rows: Any, weights: Any) -> tuple[Any, Any]:
        """The loss of the last batch, and the params after one step of a new Adam per batch."""
        loss = tf.constant(0.0)
        for k in tf.range(len(rows)):
            batch = tf.gather(x, rows[k]), tf.gather(y, rows[k]), weights[k]
            loss = fnet.loss(net, params, *batch)
            grads = fnet.grads(net, params, *batch)
            params, _ = fnet.update(adam, params, adam.init(params), grads)
        return loss, params

    compiled_epoch = tf.function(train_epoch)
    x, x_test, y, y_test = (tf.constant(c, tf.float32) for c in fnet.datasets.load_digits())
    plan = fnet.kfold_plan(len(x), batch_size=64, epochs=options.epochs, seed=0)

    # As in the notes: pixels from 0 to 16, standard normal params, a new Adam in every step.
    params = fnet.init_params(net, seed=0, scheme="normal")
    notes: dict[str, list[float]] = {"loss": [], "validation_accuracy": []}
    for epoch in tqdm(range(options.epochs), unit="epoch"):
        rows, weights = plan.batches(epoch, epoch + 1)  # padding of a batch has weight 0
        loss, params = compiled_epoch(params, x, y, tf.constant(rows[0]), tf.constant(weights[0]))
        accuracy = fnet.accuracy(fnet.forward(net, params, x_test), y_test)
        notes["loss"].append(float(loss))
        notes["validation_accuracy"].append(float(accuracy))
    lesson.report("As in the notes:", notes["loss"], notes["validation_accuracy"])

    # Corrected: scaled pixels, He initialization, Adam keeps its state, one compiled program.
    params = fnet.init_params(net, seed=0)
    corrected = fnet.train(
        net,
        fnet.adam(learning_rate=0.005),
        params,
        x / 16,
        y,
        plan,
        validation=(x_test / 16, y_test),
        progress=True,
    ).history
    lesson.report(
        "Corrected (pixels from 0 to 1, He initialization, Adam keeps its state):",
        corrected["loss"],
        corrected["validation_accuracy"],
    )
    print(
        "The loss is now the mean over all batches of an epoch, not the loss of the last batch.\n"
        "Scaled pixels and He initialization raise the accuracy. The run is faster because no\n"
        "Python code runs between steps."
    )

    lesson.draw(options.picture, {"As in the notes": notes, "Corrected": corrected})


if __name__ == "__main__":
    main()
