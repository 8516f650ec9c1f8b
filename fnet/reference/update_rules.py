"""The rules of the optimizers: how one array changes, in NumPy. Twin of `rules.py`.

The formulas are written again on purpose: an oracle that imports what it checks checks nothing.
A rule takes the numbers n, float64, and `like`, which casts to the dtype of params; then the step t
(from 1) and the rate; then one array with its slope and moments.
"""

import numpy as np

WANING = np.cumprod([1 if i == 0 else 1 - 0.96**i / 2 for i in range(1000)])
"""The products over i from 1 to t of `1 - 0.5 * 0.96**i`, which no longer change from t = 900 on"""


def at_right(number, p):
    """A number with axes appended on the right to go with those of p."""
    return number.reshape(number.shape + (1,) * (p.ndim - number.ndim)) if number.ndim else number


def _sgd(n, like):
    def at(t, rate):
        rate = like(rate)
        return lambda p, g: (p - at_right(rate, p) * g,)

    return at


def _momentum(n, like):
    momentum = like(n["momentum"])

    def at(t, rate):
        rate = like(rate)

        def change(p, g, v):
            v = at_right(momentum, p) * v - at_right(rate, p) * g
            return p + v, v

        return change

    return at


def _nesterov(n, like):
    momentum = like(n["momentum"])

    def at(t, rate):
        rate = like(rate)

        def change(p, g, v):
            v = at_right(momentum, p) * v - at_right(rate, p) * g
            return p + at_right(momentum, p) * v - at_right(rate, p) * g, v

        return change

    return at


def _adam(largest):
    """The rule of adam, or of amsgrad, which divides by the largest v so far, its last moment."""

    def rule(n, like):
        share_1, share_2 = like(1 - n["beta_1"]), like(1 - n["beta_2"])
        epsilon = like(n["epsilon"])

        def at(t, rate):
            rate = like(rate * np.sqrt(1 - n["beta_2"] ** t) / (1 - n["beta_1"] ** t))

            def change(p, g, m, v, *tops):
                m = m + at_right(share_1, p) * (g - m)
                v = v + at_right(share_2, p) * (g * g - v)
                tops = [np.maximum(top, v) for top in tops]
                root = np.sqrt(tops[0] if largest else v)
                return p - at_right(rate, p) * m / (root + at_right(epsilon, p)), m, v, *tops

            return change

        return at

    return rule


def _nadam(n, like):
    beta_1, beta_2 = n["beta_1"], n["beta_2"]
    share_1, share_2 = like(1 - beta_1), like(1 - beta_2)
    epsilon = like(n["epsilon"])

    def product(t):
        """Of all u up to t."""
        return beta_1**t * WANING[np.minimum(t, len(WANING) - 1).astype(int)]

    def at(t, rate):
        now, following = (beta_1 * (1 - 0.96**s / 2) for s in (t, t + 1))
        of_mean = like(rate * following / (1 - product(t + 1)))
        of_slope = like(rate * (1 - now) / (1 - product(t)))
        correction = like(1 / (1 - beta_2**t))

        def change(p, g, m, v):
            m = m + at_right(share_1, p) * (g - m)
            v = v + at_right(share_2, p) * (g * g - v)
            root = np.sqrt(at_right(correction, p) * v)
            move = at_right(of_mean, p) * m + at_right(of_slope, p) * g
            return p - move / (root + at_right(epsilon, p)), m, v

        return change

    return at


def _rmsprop(centered, momentum):
    """The rule of rmsprop with these flags: its moments are v, the mean of g, and the momentum."""

    def rule(n, like):
        share, epsilon = like(1 - n["rho"]), like(n["epsilon"])
        kept = like(n["momentum"]) if momentum else None

        def at(t, rate):
            rate = like(rate)

            def change(p, g, v, *others):
                v = v + at_right(share, p) * (g * g - v)
                moments, spread = [v], v
                if centered:
                    mean, *others = others
                    mean = mean + at_right(share, p) * (g - mean)
                    moments.append(mean)
                    spread = np.maximum(v - mean * mean, 0)  # rounding can bring it below 0
                move = at_right(rate, p) * g / np.sqrt(spread + at_right(epsilon, p))
                if momentum:
                    move = at_right(kept, p) * others[0] + move
                    moments.append(move)
                return p - move, *moments

            return change

        return at

    return rule


def _adagrad(n, like):
    epsilon = like(n["epsilon"])

    def at(t, rate):
        rate = like(rate)

        def change(p, g, total):
            total = total + g * g
            return p - at_right(rate, p) * g / np.sqrt(total + at_right(epsilon, p)), total

        return change

    return at


def _lion(n, like):
    share_1, share_2 = like(1 - n["beta_1"]), like(1 - n["beta_2"])

    def at(t, rate):
        rate = like(rate)

        def change(p, g, m):
            ahead = m + at_right(share_1, p) * (g - m)
            return p - at_right(rate, p) * np.sign(ahead), m + at_right(share_2, p) * (g - m)

        return change

    return at


ZERO = "zero"

RULES = {
    "sgd": (_sgd, ()),
    "momentum": (_momentum, (ZERO,)),
    "nesterov": (_nesterov, (ZERO,)),
    "adam": (_adam(largest=False), (ZERO, ZERO)),
    "amsgrad": (_adam(largest=True), (ZERO, ZERO, ZERO)),
    "nadam": (_nadam, (ZERO, ZERO)),
    "rmsprop": (_rmsprop(centered=False, momentum=False), (ZERO,)),
    "rmsprop_momentum": (_rmsprop(centered=False, momentum=True), (ZERO, ZERO)),
    "rmsprop_centered": (_rmsprop(centered=True, momentum=False), (ZERO, ZERO)),
    "rmsprop_centered_momentum": (_rmsprop(centered=True, momentum=True), (ZERO, ZERO, ZERO)),
    "adagrad": (_adagrad, ("initial_accumulator_value",)),
    "lion": (_lion, (ZERO,)),
}
"""Each kind with its rule, and what each of its moments starts from: zero, or a number by name."""
