"""The main job: train the 64-30-10 classifier of handwritten digits and draw how it went.

Prints the accuracy on the 360 test rows, which take no part in training, and draws one picture:
loss and accuracy by epoch, the confusion matrix, and the digits that it got wrong.
"""

import argparse

from matplotlib.figure import Figure

import fnet
from fnet import plots, quiet


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0, help="of the first params and the shuffle")
    parser.add_argument("--picture", default="digits.png", help="the file to draw")
    options = parser.parse_args()
    quiet.tensorflow()

    x_train, x_test, y_train, y_test = fnet.datasets.load_digits(scale=True)
    net = fnet.Network((64, 30, 10), hidden="relu", loss="softmax_cross_entropy")
    params = fnet.init_params(net, seed=options.seed)
    plan = fnet.kfold_plan(len(x_train), 64, epochs=options.epochs, seed=options.seed)
    run = fnet.train(
        net,
        fnet.adam(learning_rate=0.005),
        params,
        x_train,
        y_train,
        plan,
        validation=(x_test, y_test),
        progress=True,
    )

    probabilities = fnet.predict(net, run.params, x_test)
    truth, said = y_test.argmax(axis=1), probabilities.numpy().argmax(axis=1)
    print(f"Test accuracy: {fnet.accuracy(probabilities, truth):.4f}")

    figure = Figure(figsize=(17, 6), layout="constrained")
    left, middle, right = figure.subfigures(1, 3)
    plots.curves(run.history, left)
    plots.confusion_matrix(truth, said, 10, middle)
    plots.misclassified(x_test.reshape(-1, 8, 8), truth, said, right)
    figure.savefig(options.picture)
    print(f"Picture: {options.picture}")


if __name__ == "__main__":
    main()
