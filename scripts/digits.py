"""The main job: train the 64-30-10 classifier of handwritten digits and draw how it went.

Prints the accuracy on the 360 test rows, which take no part in training, and draws one picture:
loss and accuracy by epoch, the confusion matrix, and the digits that it got wrong. `fnet digits`
is the same job.
"""

import argparse

import numpy as np

import fnet
from fnet import backends
from fnet.cli import digits


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0, help="of the first params and the shuffle")
    parser.add_argument("--picture", default="digits.png", help="the file to draw")
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
