"""The main job: the 64-30-10 classifier of handwritten digits, and the picture of how it went.

`fnet digits` and `scripts/digits.py` are made of these.
"""

from matplotlib.figure import Figure

from fnet import plots
from fnet.batches import kfold_plan
from fnet.network import Network

NET = Network((64, 30, 10), hidden="relu", loss="softmax_cross_entropy")

BATCH = 64


def train(side, data, *, epochs=500, seed=0, progress=True):
    """The Run on the notes' rows, `data` being what `load_digits(scale=True)` gives.

    `side` is fnet or its twin. The test rows take no part in it; they are measured after each
    epoch.
    """
    x_train, x_test, y_train, y_test = data
    return side.train(
        NET,
        side.adam(learning_rate=0.005),
        side.init_params(NET, seed),
        x_train,
        y_train,
        kfold_plan(len(x_train), BATCH, epochs, seed),
        validation=(x_test, y_test),
        progress=progress,
    )


def picture(run, data, predicted):
    """Loss and accuracy by epoch, the confusion matrix, and the digits that were taken for others.

    `predicted` are the classes `[360]` that the run gives the test rows.
    """
    _, x_test, _, y_test = data
    truth = y_test.argmax(axis=1)
    figure = Figure(figsize=(17, 6), layout="constrained")
    left, middle, right = figure.subfigures(1, 3)
    plots.curves(run.history, left)
    plots.confusion_matrix(truth, predicted, 10, middle)
    plots.misclassified(x_test.reshape(-1, 8, 8), truth, predicted, right)
    return figure
