"""
Why standardize
===============

Features come in any unit: percent, grams, thousands. A network trained on them as they are learns
slowly or not at all. This lesson shows that, and why.

From here on lessons use ``fnet.reference``, fnet in NumPy, which starts at once. ``import fnet``
in its place gives the same numbers by TensorFlow.
"""

import numpy as np
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split

from fnet import datasets
from fnet import reference as fnet
from fnet.plots.canvas import Figure

# %%
# Wine
# ----
# 178 wines of three growers, 13 measurements of each.

x, y = load_wine(return_X_y=True)
deviations = x.std(axis=0)
print(f"deviations from {deviations.min():.2f} to {deviations.max():.0f}")
assert deviations.max() > 2000 * deviations.min()

# %%
# One measurement varies by 314 and another by 0.12. A third of the wines is kept for the test.

x, x_test, y, y_test = train_test_split(x, y, test_size=0.3, random_state=0, stratify=y)

# %%
# Subtract the mean of each column and divide by its standard deviation. Both come from the training
# rows alone: test rows stand for rows that nobody has seen yet.

mean, deviation = x.mean(axis=0), x.std(axis=0)
standardized, standardized_test = (x - mean) / deviation, (x_test - mean) / deviation

# %%
# Raw against standardized
# ------------------------
# The same network and start, 500 steps of gradient descent, at five learning rates.

net = fnet.Network((13, 16, 3))
start = fnet.init_params(net, seed=0, dtype="float64")
plan = fnet.full_batch_plan(len(x), epochs=500)


def accuracy(rows, test_rows, learning_rate):
    run = fnet.train(net, fnet.sgd(learning_rate), start, rows, y, plan)
    return float(fnet.accuracy(fnet.forward(net, run.params, test_rows), y_test))


raw, scaled = [], []
print("rate     raw   standardized")
for rate in (1e-5, 1e-4, 1e-3, 1e-2, 1e-1):
    raw.append(accuracy(x, x_test, rate))
    scaled.append(accuracy(standardized, standardized_test, rate))
    print(f"{rate:.0e}   {raw[-1]:.2f}   {scaled[-1]:.2f}")
assert max(raw) < 0.8
assert max(scaled) > 0.95

# %%
# No rate helps the raw features. The column of hundreds rules: its weights receive gradients
# thousands of times as large as others.

# %%
# Why: the shape of the loss
# --------------------------
# Take the simplest case, a linear model ``w[0] * length + w[1] * width + b`` of the flowers of the
# first lesson. Its squared error is a bowl over the weights, and how steep the bowl is in each
# direction are the eigenvalues of ``x.T @ x / N``, with a column of ones for b.

flowers, labels = datasets.load_course()


def with_ones(rows):
    return np.column_stack([rows, np.ones(len(rows))])


def steepness(rows):
    return np.linalg.eigvalsh(with_ones(rows).T @ with_ones(rows) / len(rows))


bowls = {
    "raw": flowers,
    "standardized": (flowers - flowers.mean(axis=0)) / flowers.std(axis=0),
}
for name, rows in bowls.items():
    steep = steepness(rows)
    print(f"{name}: {steep.round(3)}, ratio {steep[-1] / steep[0]:,.1f}")
assert steepness(bowls["raw"])[-1] > 5000 * steepness(bowls["raw"])[0]
assert steepness(bowls["standardized"])[-1] < 2 * steepness(bowls["standardized"])[0]

# %%
# The raw bowl is 5,300 times as steep in one direction as in another. The learning rate must suit
# the steepest, or the steps jump across the bowl; then the flattest takes thousands of steps.
#
# The standardized bowl is nearly round. One rate suits all directions.

# %%
# How many steps?
# ---------------
# Gradient descent from zero, at the largest rate that is safe in each bowl, until the loss is
# within 0.001 of the lowest.


def steps_needed(rows):
    design = with_ones(rows)
    best = np.linalg.lstsq(design, labels, rcond=None)[0]
    lowest = np.mean((design @ best - labels) ** 2)
    w, rate = np.zeros(3), 0.5 / steepness(rows)[-1]
    for step in range(1_000_000):
        errors = design @ w - labels
        if np.mean(errors**2) < lowest + 0.001:
            return step
        w -= rate * 2 * design.T @ errors / len(rows)
    return None


needed = {name: steps_needed(rows) for name, rows in bowls.items()}
print(needed)
assert needed["raw"] > 100 * needed["standardized"]

# %%
# Seen from above: lines of equal loss over the two weights, without b.

figure = Figure(figsize=(7, 3.4), layout="constrained")
for axes, (name, rows) in zip(figure.subplots(1, 2), bowls.items(), strict=True):
    best = np.linalg.lstsq(rows, labels, rcond=None)[0]
    grid = np.linspace(-1, 1, 101)
    w = best + np.stack(np.meshgrid(grid, grid), axis=-1).reshape(-1, 2)  # [10201, 2]
    values = np.mean((rows @ w.T - labels[:, None]) ** 2, axis=0).reshape(101, 101)
    axes.contour(best[0] + grid, best[1] + grid, values, levels=12)
    axes.set(title=name, xlabel="weight of length", ylabel="weight of width", aspect="equal")
figure

# %%
# ``fnet.MLPClassifier(standardize=True)`` and ``fnet.TabularClassifier`` standardize by themselves,
# and keep the means and deviations in their files.

# %%
# Exercises
# ---------
# 1. A column has the same value in every row. What does standardizing make of it? What should it?
# 2. Standardize each test row by the mean and deviation of the test rows, and predict one wine at a
#    time. What happens?
# 3. The pixels of digits are integers. What is lost if the standardized ones are stored as integers
#    again?

# %%
# Answer 1
# --------
# 0 / 0, which is not a number (nan), and spreads to every weight. Divide by 1 where the deviation
# is 0: the column is then 0 everywhere, and has no effect.

constant = np.full((4, 1), 7.0)
with np.errstate(invalid="ignore"):
    bad = (constant - constant.mean(axis=0)) / constant.std(axis=0)
spread = constant.std(axis=0)
good = (constant - constant.mean(axis=0)) / np.where(spread == 0, 1, spread)
print(bad[0], good[0])
assert np.isnan(bad).all()
assert (good == 0).all()

# %%
# Answer 2
# --------
# A single row is its own mean. Every wine becomes a row of zeros, and all get the same prediction.

run = fnet.train(net, fnet.sgd(0.1), start, standardized, y, plan)
alone = np.concatenate([row[None] - row[None].mean(axis=0) for row in x_test])
predicted = fnet.predict(net, run.params, alone).argmax(axis=1)
print(f"{len(set(predicted))} grower for all {len(predicted)} wines")
assert len(set(predicted)) == 1

# %%
# Answer 3
# --------
# Everything between -1 and 1 becomes 0, without any message. Few values are left.

pixels = datasets.load_digits()[0]
spread = np.where(pixels.std(axis=0) == 0, 1, pixels.std(axis=0))
scaled_pixels = (pixels - pixels.mean(axis=0)) / spread
rounded = scaled_pixels.astype(int)
print(f"{np.mean(rounded == 0):.0%} are 0; {len(np.unique(rounded))} values are left")
assert np.mean(rounded == 0) > 0.5
