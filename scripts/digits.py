"""Train a 64-30-10 classifier of handwritten digits and draw its results.

Prints the accuracy on the 360 test rows, which are not used for training, and draws one picture:
loss and accuracy by epoch, the confusion matrix, and the misclassified digits. `fnet digits` does
the same.
"""

import argparse

import numpy as np

import fnet
from fnet import backends
from fnet.cli import digits


def main() -> None:
    """Train, print the test accuracy and draw the picture."""
    about = (__doc__ or "").partition("\n")[0]
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--epochs", type=int, default=500, help="number of epochs (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the params and the shuffle")
    parser.add_argument("--picture", default="digits.png", help="file of the picture (%(default)s)")
    options = parser.parse_args()
    backends.import_tensorflow()

    data = fnet.datasets.load_digits(scale=True)
    run = digits.train(fnet, data, epochs=options.epochs, seed=options.seed)

    _, x_test, _, y_test = data
    probabilities = fnet.predict(run.net, run.params, x_test)
    print(f"Test accuracy: {fnet.accuracy(probabilities, y_test):.4f}")
    digits.draw(run, data, np.argmax(probabilities, axis=1)).savefig(options.picture)
    print(f"Picture: {options.picture}")


if __name__ == "__main__":
    main()
