"""
Backpropagation in thirty lines
===============================

Lesson 1 had a gradient by hand for one network. Here are the formulas for any number of layers,
as thirty lines of NumPy. They are checked against fnet, and then train on digits. At the end you
can read fnet's own backward pass.
"""

import inspect

import numpy as np

import fnet
from fnet import reference

# %%
# Forward
# -------
# Layer by layer, with ``a[0] = x``:
#
# - ``z[l] = a[l-1] @ w[l] + b[l]``
# - ``a[l] = relu(z[l])``
#
# The last layer has no relu; its ``z`` are the logits. We keep every ``z`` and every input of a
# layer, since the way back needs them.


def relu(z):
    return np.maximum(z, 0)


def forward(params, x):
    zs, inputs = [], [x]
    for w, b in params:
        zs.append(inputs[-1] @ w + b)
        inputs.append(relu(zs[-1]))
    return zs, inputs[:-1]


# %%
# The loss
# --------
# Softmax makes probabilities of logits, and the loss is the mean over rows of
# ``-log(probability of the true class)``. Subtracting the largest logit changes nothing but keeps
# ``exp`` from overflowing.


def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def loss(params, x, y):
    zs, _ = forward(params, x)
    return -np.mean(np.sum(y * np.log(softmax(zs[-1])), axis=-1))


# %%
# Backward
# --------
# Let J be the loss and ``delta[l]`` its derivative with respect to ``z[l]``, one row for each row
# of data. Four formulas are all there is.
#
# 1. At the end, with B rows: ``delta[L] = (softmax(z[L]) - y) / B``. Lesson 13 derives it.
# 2. Since ``z = a @ w + b``, the gradient of the weights is ``a[l-1].T @ delta[l]``, ...
# 3. ... and that of the biases is the sum of ``delta[l]`` over the rows.
# 4. One layer back: ``delta[l-1] = delta[l] @ w[l].T * relu'(z[l-1])``. The derivative of relu is 1
#    where z is above 0, and 0 elsewhere.


def grads(params, x, y):
    zs, inputs = forward(params, x)
    delta = (softmax(zs[-1]) - y) / len(x)
    found = []
    for i in reversed(range(len(params))):
        found.insert(0, fnet.Layer(inputs[i].T @ delta, delta.sum(axis=0)))
        if i:
            delta = delta @ params[i].w.T * (zs[i - 1] > 0)
    return tuple(found)


# %%
# Is it right?
# ------------
# First against fnet, which lets TensorFlow find the gradient. A network with two hidden layers, and
# 100 digits:

x, x_test, y, y_test = fnet.datasets.load_digits(scale=True)
net = fnet.Network((64, 30, 20, 10))
params = reference.init_params(net, seed=0, dtype="float64")


def difference(ours, theirs):
    pairs = zip(ours, theirs, strict=True)
    return max(abs(a - np.asarray(b)).max() for pair in pairs for a, b in zip(*pair, strict=True))


ours = grads(params, x[:100], y[:100])
by_tape = difference(ours, fnet.grads(net, params, x[:100], y[:100]))
by_hand = difference(ours, reference.grads(net, params, x[:100], y[:100]))
print(f"largest difference: {by_tape:.0e} to TensorFlow, {by_hand:.0e} to the NumPy twin")
assert by_tape < 1e-14
assert by_hand < 1e-14

# %%
# Then against the definition of a derivative. Change one weight by ``h`` both ways; the difference
# of the losses over ``2 h`` is nearly the slope.


def slope(layer, row, column, h=1e-6):
    values = []
    for change in (h, -h):
        changed = [fnet.Layer(w.copy(), b) for w, b in params]
        changed[layer].w[row, column] += change
        values.append(loss(changed, x[:100], y[:100]))
    return (values[0] - values[1]) / (2 * h)


for place in ((0, 20, 3), (1, 5, 5), (2, 7, 1)):
    layer, row, column = place
    print(f"{slope(*place):+.8f} {ours[layer].w[row, column]:+.8f}")
    assert abs(slope(*place) - ours[layer].w[row, column]) < 1e-8

# %%
# Does it learn?
# --------------
# Gradient descent on mini-batches: each step moves against the gradient.

plan = fnet.minibatch_plan(len(x), batch_size=32, epochs=20, seed=0)
trained = params
for rows in plan.batches(0, 20)[0].reshape(-1, 32):
    step = grads(trained, x[rows], y[rows])
    trained = [
        fnet.Layer(w - 0.2 * dw, b - 0.2 * db)
        for (w, b), (dw, db) in zip(trained, step, strict=True)
    ]
logits = forward(trained, x_test)[0][-1]
accuracy = np.mean(logits.argmax(axis=1) == y_test.argmax(axis=1))
print(f"test accuracy {accuracy:.3f}")
assert accuracy > 0.95

# %%
# What the twin adds
# ------------------
# ``fnet.reference`` has the same four formulas in ``loss_and_grads``, in
# ``fnet/reference/functions.py``. Around them it has what the lines above leave out:
#
# - **Members.** Leading axes of the params are many networks, trained at once.
# - **Row weights.** The factor ``1 / B`` becomes ``weight / sum(weights)``. Rows that only fill up
#   a batch weigh 0.
# - **Any activation and any loss**, from tables of formulas with their derivatives.
# - **Dropout.** A mask multiplies the input of a layer, and ``delta`` on its way back.
# - **Penalties**, which add to the loss and to the gradient.
# - **Packing.** All numbers of a network are one array, so that an optimizer makes one operation of
#   its update and not one for each layer.
# - **Embeddings** before the first layer, for columns of a table.
#
# Two of them in code. For members, transpose only the last two axes (``mT``), and give the biases
# an axis for the rows. For row weights, give each row its own factor.


def forward(params, x):
    zs, inputs = [], [x]
    for w, b in params:
        zs.append(inputs[-1] @ w + b[..., None, :])
        inputs.append(relu(zs[-1]))
    return zs, inputs[:-1]


def grads(params, x, y, weights):
    zs, inputs = forward(params, x)
    delta = (softmax(zs[-1]) - y) * (weights / weights.sum())[:, None]
    found = []
    for i in reversed(range(len(params))):
        found.insert(0, fnet.Layer(inputs[i].mT @ delta, delta.sum(axis=-2)))
        if i:
            delta = delta @ params[i].w.mT * (zs[i - 1] > 0)
    return tuple(found)


# %%
# Three networks and weighted rows:

three = reference.init_params(net, seed=[0, 1, 2], dtype="float64")
weights = np.arange(100.0)
ours = grads(three, x[:100], y[:100], weights)
theirs = reference.grads(net, three, x[:100], y[:100], weights)
print(f"w {ours[0].w.shape}; largest difference {difference(ours, theirs):.0e}")
assert ours[0].w.shape == (3, 64, 30)
assert difference(ours, theirs) < 1e-14

# %%
# And the twin's own lines for a dense layer. It sums ``delta`` over the rows as a product with
# ones.

print(inspect.getsource(reference.functions.dense_back))

# %%
# Exercises
# ---------
# 1. Write the backward pass for tanh in place of relu. Check it against fnet.
# 2. What is the gradient of the loss with respect to the *pixels*? One more line gives it.
# 3. Start with all weights 0. Which gradients are 0 in the first step, and why?

# %%
# Answer 1
# --------
# The derivative of tanh is ``1 - tanh(z)**2``. Nothing else changes.


def tanh_grads(params, x, y):
    (w1, b1), (w2, b2) = params
    a1 = np.tanh(x @ w1 + b1)
    delta2 = (softmax(a1 @ w2 + b2) - y) / len(x)
    delta1 = delta2 @ w2.T * (1 - a1**2)
    first = fnet.Layer(x.T @ delta1, delta1.sum(axis=0))
    return first, fnet.Layer(a1.T @ delta2, delta2.sum(axis=0))


tanh_net = fnet.Network((64, 30, 10), hidden="tanh")
tanh_params = reference.init_params(tanh_net, seed=0, dtype="float64")
theirs = reference.grads(tanh_net, tanh_params, x[:100], y[:100])
print(f"{difference(tanh_grads(tanh_params, x[:100], y[:100]), theirs):.0e}")
assert difference(tanh_grads(tanh_params, x[:100], y[:100]), theirs) < 1e-14

# %%
# Answer 2
# --------
# ``delta[1] @ w[1].T``: formula 4 without a relu. It shows which pixels the loss depends on.

image, label = x[:1], y[:1]
zs, inputs = forward(trained, image)
delta = softmax(zs[-1]) - label
for i in (2, 1):
    delta = delta @ trained[i].w.T * (zs[i - 1] > 0)
of_pixels = (delta @ trained[0].w.T)[0]

brighter = image.copy()
brighter[0, 20] += 1e-6
change = (loss(trained, brighter, label) - loss(trained, image, label)) / 1e-6
print(f"pixel 20: {of_pixels[20]:.2e}, by its definition {change:.2e}")
assert abs(change - of_pixels[20]) < 1e-6

# %%
# Answer 3
# --------
# All but that of the last biases. Hidden units are 0, so the last weights get nothing
# (``a.T @ delta``). The last weights are 0, so nothing goes back (``delta @ w.T``). The network
# would learn how frequent the digits are, and no more.

zeros = reference.init_params(net, seed=0, scheme="zeros", dtype="float64")
found = grads(zeros, x[:100], y[:100], np.ones(100))
print([f"{abs(w).max():.0f}" for w, _ in found], [f"{abs(b).max():.2f}" for _, b in found])
assert all(not w.any() for w, _ in found)
assert [bool(b.any()) for _, b in found] == [False, False, True]
