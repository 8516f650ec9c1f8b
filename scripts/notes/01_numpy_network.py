"""
A network by hand
=================

A network of nine weights, in NumPy, with its gradient by hand. The lecture notes that these lessons
follow begin with it; you do not need them. Their network learns nothing. You will see why, and then
train one that learns.

You need to know NumPy's arrays, the matrix product ``@``, and what a derivative is. Shapes use
the same letters in all lessons: N rows, D inputs, H hidden units, K outputs.
"""

import numpy as np

from fnet import datasets, plots
from fnet import reference as fnet
from fnet.plots.canvas import Figure

# %%
# The data
# --------
# Each of 150 rows is a flower: the length and the width of a sepal, in centimetres. The label is -1
# for one species of iris and 1 for two others. The network shall learn to tell the label from the
# two lengths.

x, y = datasets.load_course()
print(x.shape, y.shape)
print(x[0], y[0])
print(f"{(y == -1).sum()} labels are -1, {(y == 1).sum()} are 1")
assert x.shape == (150, 2)
assert (y == 1).sum() == 100

# %%
# Lines with ``assert`` say what must be true. If one is not, the lesson stops with an error.

# %%
# A picture of the rows. The last line of a cell is shown, in a notebook and on the page. In a
# script, write ``figure.savefig("rows.png")`` to see it.

figure = Figure(figsize=(5, 3.4), layout="constrained")
axes = figure.subplots()
axes.plot(*x[y == -1].T, "o", label="-1")
axes.plot(*x[y == 1].T, "s", label="1")
axes.set(xlabel="sepal length (cm)", ylabel="sepal width (cm)")
axes.legend(title="label")
figure

# %%
# The network
# -----------
# Two inputs, three hidden units, one output: 2-3-1. Each layer multiplies by its weights and
# applies the sigmoid, which maps any number into the interval from 0 to 1.
#
# ``z`` is what comes before the sigmoid and ``a`` what comes after it.


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def forward(w1, w2, x):
    a1 = sigmoid(x @ w1)  # [N, 2] @ [2, 3] -> [N, 3]
    a2 = sigmoid(a1 @ w2)  # [N, 3] @ [3, 1] -> [N, 1]
    return a1, a2


# %%
# The notes start with all weights equal to 1. The first three flowers have the label -1. The
# outputs are far from it:

w1, w2 = np.ones((2, 3)), np.ones((3, 1))
a1, a2 = forward(w1, w2, x)
print(a2[:3, 0].round(4))
assert (a2[:3] > 0.95).all()

# %%
# The loss
# --------
# The loss is one number that says how far the outputs are from the labels: the mean of the squared
# differences.


def squared_error(a2, y):
    return np.mean((a2[:, 0] - y) ** 2)


print(f"{squared_error(a2, y):.6f}")
assert round(squared_error(a2, y), 6) == 1.272302

# %%
# The gradient
# ------------
# The gradient has a number for each weight: how fast the loss grows if this weight grows. The chain
# rule gives it, from the loss back to the first layer.
#
# - The derivative of the squared difference ``(a - y)**2`` is ``2 (a - y)``.
# - The derivative of the sigmoid is ``a (1 - a)``.
# - ``z`` is a product with weights. So the way back to the weights is a product with the inputs,
#   and the way back to the inputs a product with the weights.
#
# ``delta`` is the derivative of the loss with respect to ``z``. Each line has the shape of what it
# is the derivative of.


def gradient(w1, w2, x, y):
    a1, a2 = forward(w1, w2, x)
    delta2 = 2 * (a2 - y[:, None]) / len(x) * a2 * (1 - a2)  # [N, 1], as z2
    delta1 = delta2 @ w2.T * a1 * (1 - a1)  # [N, 3], as z1
    return x.T @ delta1, a1.T @ delta2  # [2, 3] and [3, 1], as w1 and w2


dw1, dw2 = gradient(w1, w2, x, y)
print(dw2.round(6))
assert (dw2 > 0).all()

# %%
# Check it without calculus: make one weight a little larger, and see how the loss changes.

small = 1e-6
changed = w2.copy()
changed[0] += small
slope = (squared_error(forward(w1, changed, x)[1], y) - squared_error(a2, y)) / small
print(f"{slope:.6f} is close to {dw2[0, 0]:.6f}")
assert abs(slope - dw2[0, 0]) < 1e-6

# %%
# fnet does the same. ``fnet.reference`` is fnet in NumPy, with every gradient written by hand; at
# the top it was imported as ``fnet``. A ``Network`` holds sizes and names. Its weights are
# separate, one ``Layer(w, b)`` for each layer, together the *params*; ``init_params`` makes them
# by a scheme, here all ones, from a seed for random numbers, as ``float64``, numbers of 64 bits.
# ``b`` is a bias, a number added to each z; this network has none. ``grads`` gives the gradient
# of the params.

net = fnet.Network((2, 3, 1), "sigmoid", "sigmoid", bias=False, loss="squared_error")
params = fnet.init_params(net, seed=0, scheme="ones", dtype="float64")
grads = fnet.grads(net, params, x, y)
print(np.allclose(grads[0].w, dw1), np.allclose(grads[1].w, dw2))
assert np.allclose(grads[0].w, dw1)
assert np.allclose(grads[1].w, dw2)

# %%
# ``trace`` prints every number of a step, as on a blackboard. ``[1]`` is the first layer and
# ``[2]`` the second. This is the step for the first flower alone:

step = fnet.trace(net, params, x[:1], y[:1])
print(step)
assert np.allclose(step.grads[1].w, gradient(w1, w2, x[:1], y[:1])[1])

# %%
# The same numbers in the network:

plots.network(net, params, step)

# %%
# Gradient descent
# ----------------
# Against the gradient the loss falls fastest. Each step subtracts the gradient from the weights,
# times a small number, the learning rate.
#
# The notes follow the gradient of the **sum** over 150 rows at a learning rate of 0.001. That is
# the gradient of the mean at 0.15.

losses = []
for _ in range(200):
    losses.append(squared_error(forward(w1, w2, x)[1], y))
    dw1, dw2 = gradient(w1, w2, x, y)
    w1, w2 = w1 - 0.15 * dw1, w2 - 0.15 * dw2
print(f"{losses[0]:.6f} at first, {losses[-1]:.6f} at last")
assert round(losses[-1], 6) == 0.888905

# %%
# The notes plot this curve and print nothing. It falls as a good curve does, and looks like
# success.

plots.learning_curves({"loss": losses})

# %%
# What went wrong
# ---------------
# **It learns one number.** All outputs are nearly equal, whatever the flower.

a1, a2 = forward(w1, w2, x)
print(f"outputs from {a2.min():.4f} to {a2.max():.4f}")
assert a2.max() - a2.min() < 0.001

# %%
# The best constant is the mean of the labels, 1/3. Its loss is 8/9 = 0.8889, which is where the
# curve ends.

print(f"mean label {y.mean():.4f}, loss of this constant {np.mean((y.mean() - y) ** 2):.4f}")
assert np.isclose(np.mean((y.mean() - y) ** 2), 8 / 9)

# %%
# **The hidden units are copies.** They start equal, so they receive equal gradients and stay equal.
# Three equal units do no more than one.

print(w1.round(4))
assert np.allclose(w1, w1[:, :1])

# %%
# **A sigmoid cannot reach -1.** The best output for a label of -1 is 0, which costs 1. A third of
# the rows has this label, so no weights at all bring the loss under 1/3.

best = np.where(y == -1, 0, 1)
print(f"{np.mean((best - y) ** 2):.4f}")
assert np.isclose(np.mean((best - y) ** 2), 1 / 3)

# %%
# A network that learns
# ---------------------
# Three changes: labels 0 and 1, which a sigmoid can reach; random weights, so that the hidden units
# differ; and biases, so that a unit need not be 1/2 where the inputs are 0. (Lesson 2 leaves them
# out again, to repeat the notes.)
#
# ``sgd`` is gradient descent, and ``update`` takes one step. Its ``state`` is what an optimizer
# remembers between steps: for this one, how many there were.

net = fnet.Network((2, 3, 1), "sigmoid", "sigmoid", loss="squared_error")
params = fnet.init_params(net, seed=0, scheme="normal", dtype="float64")
labels = (y + 1) / 2
sgd = fnet.sgd(learning_rate=0.5)
state = sgd.init(params)

corrected = []
for _ in range(1000):
    corrected.append(fnet.loss(net, params, x, labels))
    grads = fnet.grads(net, params, x, labels)
    params, state = fnet.update(sgd, params, state, grads)

correct = (fnet.predict(net, params, x)[:, 0] > 0.5) == (labels == 1)
print(f"loss {corrected[-1]:.4f}; {correct.sum()} of {len(x)} flowers correct")
assert corrected[-1] < 0.02
assert correct.sum() >= 148

# %%
# The loss falls in every step.

rises = np.sum(np.diff(corrected) > 0)
print(f"the loss rises in {rises} of {len(corrected)} steps")
assert rises == 0
plots.learning_curves({"loss": corrected})

# %%
# Exercises
# ---------
# 1. With labels 0 and 1, what is the best constant output, and what is its loss?
# 2. Start the hidden units equal, but the three output weights at 1, 2 and 3. Do the hidden units
#    stay equal?
# 3. Train the last network with ``sgd(learning_rate=50)``. What happens?

# %%
# Answer 1
# --------
# The mean of the labels, 2/3. A third of the rows is off by 2/3 and two thirds by 1/3, so the loss
# is 4/27 + 2/27 = 2/9.

loss = np.mean((labels.mean() - labels) ** 2)
print(f"{loss:.4f}")
assert np.isclose(loss, 2 / 9)

# %%
# Answer 2
# --------
# No. ``delta1`` contains the output weights, so the units receive different gradients from the
# first step on.

dw1, _ = gradient(np.ones((2, 3)), np.array([[1.0], [2.0], [3.0]]), x, y)
print(dw1[0])
assert len(set(dw1[0])) == 3

# %%
# Answer 3
# --------
# The loss ends at 1/3: every output is 1, and a third of the labels is 0. The first steps are so
# large that the sigmoid saturates. Its derivative ``a (1 - a)`` is then nearly 0, and so is every
# gradient.
#
# ``train`` takes all the steps in one call, an epoch for each pass over the rows; lesson 3
# explains it.

params = fnet.init_params(net, seed=0, scheme="normal", dtype="float64")
plan = fnet.full_batch_plan(len(x), epochs=1000)
run = fnet.train(net, fnet.sgd(learning_rate=50), params, x, labels, plan)
largest = max(abs(layer.w).max() for layer in fnet.grads(net, run.params, x, labels))
print(f"loss {run.history['loss'][-1]:.4f}; largest gradient {largest:.0e}")
assert np.isclose(run.history["loss"][-1], 1 / 3)
assert largest < 1e-6
