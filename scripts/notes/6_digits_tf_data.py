"""Digits on mini-batches made by `tf.data`: shuffle, batch, prefetch.

`fnet.pipeline` shuffles by (seed, epoch). Each epoch has different batches, and a second iteration
gives the same batches again. An epoch has 23 batches: 22 of 64 rows and a last one of 29.
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

    def train_epoch(params: Any, batches: Any) -> tuple[Any, Any]:
        """The loss of the last batch, and the params after one step of a new Adam per batch."""
        loss = tf.constant(0.0)
        for _ in tf.range(steps):
            batch = next(batches)
            loss = fnet.loss(net, params, *batch)
            grads = fnet.grads(net, params, *batch)
            params, _ = fnet.update(adam, params, adam.init(params), grads)
        return loss, params

    compiled_epoch = tf.function(train_epoch)
    x, x_test, y, y_test = (c.astype("float32") for c in fnet.datasets.load_digits())

    # As in the notes: pixels from 0 to 16, standard normal params, a new Adam in every step.
    pipeline = fnet.pipeline(x, y, batch_size=64, epochs=options.epochs, seed=0)
    steps = len(pipeline) // options.epochs
    batches = iter(pipeline)
    params = fnet.init_params(net, seed=0, scheme="normal")
    notes: dict[str, list[float]] = {"loss": [], "validation_accuracy": []}
    for _ in tqdm(range(options.epochs), unit="epoch"):
        loss, params = compiled_epoch(params, batches)
        accuracy = fnet.accuracy(fnet.forward(net, params, x_test), y_test)
        notes["loss"].append(float(loss))
        notes["validation_accuracy"].append(float(accuracy))
    lesson.report("As in the notes:", notes["loss"], notes["validation_accuracy"])

    # Corrected: scaled pixels, He initialization, Adam keeps its state; `train` takes the pipeline.
    corrected = fnet.train(
        net,
        fnet.adam(learning_rate=0.005),
        fnet.init_params(net, seed=0),
        data=fnet.pipeline(x / 16, y, batch_size=64, epochs=options.epochs, seed=0),
        validation=(x_test / 16, y_test),
        progress=True,
    ).history
    lesson.report(
        "Corrected (pixels from 0 to 1, He initialization, Adam keeps its state):",
        corrected["loss"],
        corrected["validation_accuracy"],
    )

    lesson.draw(options.picture, {"As in the notes": notes, "Corrected": corrected})


if __name__ == "__main__":
    main()
