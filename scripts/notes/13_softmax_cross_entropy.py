"""
Why softmax and cross-entropy belong together
=============================================

The notes end their digits networks with softmax and measure them by cross-entropy. Any output and
any loss could be combined. This pair has the simplest gradient there is, and it is never lost
when the network is wrong.
"""

import numpy as np

from fnet import datasets
from fnet import reference as fnet
from fnet.plots.canvas import Figure

# %%
# Probabilities
# -------------
# The last layer gives one number for each class, the logits z. Softmax makes them positive and
# divides by their sum: ``p = exp(z) / sum(exp(z))``. Adding a number to all logits changes nothing.

z = np.array([2.0, 1.0, -1.0])
p = fnet.softmax(z)
print(p.round(3), fnet.softmax(z + 100).round(3))
assert np.isclose(p.sum(), 1)
assert np.allclose(fnet.softmax(z + 100), p)

# %%
# Cross-entropy
# -------------
# How likely are the labels, if the network is right? The product of the probabilities of the true
# classes. Its logarithm is a sum, and a loss should fall as things get better, hence the minus:
# ``-log(p of the true class)``, averaged over rows.

for probability in (0.99, 0.5, 0.1, 0.001):
    print(f"p = {probability:5}: loss {-np.log(probability):.2f}")
assert -np.log(0.001) > 6.9

# %%
# To be sure and wrong is expensive.

# %%
# The gradient
# ------------
# With y the one-hot label, the loss is ``-sum(y * log(p))``. Step by step:
#
# - The derivative of the loss with respect to ``p[i]`` is ``-y[i] / p[i]``.
# - That of ``p[i]`` with respect to ``z[j]`` is ``p[i] * ((i == j) - p[j])``.
# - Multiply and add over i. The ``p[i]`` cancels, the y add up to 1, and what is left is ``p - y``.
#
# The probabilities less the label. Check it by small changes of z:

y = np.array([0.0, 1.0, 0.0])


def cross_entropy(z):
    return -np.sum(y * np.log(fnet.softmax(z)))


h = 1e-6
changes = [(cross_entropy(z + h * e) - cross_entropy(z - h * e)) / (2 * h) for e in np.eye(3)]
print(np.round(changes, 6), (p - y).round(6))
assert np.allclose(changes, p - y)

# %%
# With squared error
# ------------------
# Take ``mean((p - y)**2)`` in its place. Now nothing cancels, and the derivative of softmax stays
# as a factor. Where softmax is sure, it is flat.
#
# Three classes, class 1 is true, and the network is the more sure of class 0 the larger its logit:


def squared_error_gradient(z):
    p = fnet.softmax(z)
    of_p = 2 * (p - y) / len(p)
    return p * (of_p - np.sum(of_p * p))


logits = np.array([0.0, 2.0, 5.0, 10.0, 20.0])
lengths = {"cross-entropy": [], "squared error": []}
for logit in logits:
    wrong = np.array([logit, 0.0, 0.0])
    lengths["cross-entropy"].append(np.linalg.norm(fnet.softmax(wrong) - y))
    lengths["squared error"].append(np.linalg.norm(squared_error_gradient(wrong)))
    print(
        f"wrong logit {logit:4.0f}: gradient {lengths['cross-entropy'][-1]:.4f} by cross-entropy, "
        f"{lengths['squared error'][-1]:.1e} by squared error"
    )
assert lengths["cross-entropy"][-1] > 1.4
assert lengths["squared error"][-1] < 1e-8

# %%
# By cross-entropy the gradient grows with the mistake. By squared error the worst mistakes have no
# gradient left.

figure = Figure(figsize=(6, 3.2), layout="constrained")
axes = figure.subplots()
for (name, values), style in zip(lengths.items(), ("o-", "s--"), strict=True):
    axes.plot(logits, values, style, label=name)
axes.set(xlabel="logit of the wrong class", ylabel="length of the gradient")
axes.legend()
figure

# %%
# In training
# -----------
# Two networks for digits, one for each loss, and a bad start: a bias of 20 makes both sure that
# every image is a 0.

x, x_test, labels, labels_test = datasets.load_digits(scale=True)
networks = {
    "cross-entropy": fnet.Network((64, 30, 10)),
    "squared error": fnet.Network((64, 30, 10), output="softmax", loss="squared_error"),
}
plan = fnet.minibatch_plan(len(x), batch_size=64, epochs=20, seed=0)
first, last = fnet.init_params(networks["cross-entropy"], seed=0, dtype="float64")
sure = (first, last._replace(b=20.0 * np.eye(10)[0]))


def accuracy(net, start, rate):
    run = fnet.train(net, fnet.sgd(rate), start, x, labels, plan)
    return float(fnet.accuracy(fnet.predict(net, run.params, x_test), labels_test))


found = {}
for name, net in networks.items():
    for rate in (0.1, 1.0, 10.0):
        found[name, rate] = accuracy(net, sure, rate)
        print(f"{name}, rate {rate:4}: accuracy {found[name, rate]:.2f}")
assert found["cross-entropy", 0.1] > 0.9
assert all(found["squared error", rate] < 0.2 for rate in (0.1, 1.0, 10.0))

# %%
# By cross-entropy the network recovers, at a rate that suits it. By squared error it moves at none
# of them.
#
# From a good start squared error trains, too, at a large rate:

good = fnet.init_params(networks["squared error"], seed=0, dtype="float64")
recovered = accuracy(networks["squared error"], good, 3.0)
print(f"{recovered:.2f}")
assert recovered > 0.95

# %%
# Large numbers
# -------------
# Computed one after the other, softmax and logarithm fail: ``exp(1000)`` is infinite, and the
# logarithm of a probability that rounds to 0 is as well. Together they do not:
# ``-log(p[true]) = log(sum(exp(z))) - z[true]``, and the largest logit can be taken out of the sum.

large = np.array([1000.0, 0.0, 0.0])
with np.errstate(all="ignore"):
    naive = -np.log(np.exp(large) / np.exp(large).sum())
shifted = large - large.max()
together = np.log(np.exp(shifted).sum()) - shifted
print(naive, together)
assert not np.isfinite(naive).any()
assert together.tolist() == [0, 1000, 1000]

# %%
# That is why ``softmax_cross_entropy`` takes logits, and ``forward`` returns them. ``predict``
# applies softmax.

# %%
# Exercises
# ---------
# 1. For two classes one output and a sigmoid are enough, with the loss
#    ``-y log(a) - (1 - y) log(1 - a)``. What is its derivative with respect to z?
# 2. For regression the output is z itself and the loss ``(z - y)**2``. Is the gradient lost when
#    the network is far off?
# 3. Of many equal rows 70% are of class 1. Which probability has the lowest cross-entropy? And
#    which the lowest mean of ``abs(p - y)``?

# %%
# Answer 1
# --------
# ``a - y``, by the same cancelling: ``(a - y) / (a (1 - a))`` times ``a (1 - a)``. A network of one
# weight, with x = 1, has z as its weight, and fnet its gradient.

net = fnet.Network((1, 1), bias=False, loss="sigmoid_cross_entropy")
weight = (fnet.Layer(np.array([[3.0]])),)
gradient = fnet.grads(net, weight, [[1.0]], [[0.0]])[0].w.item()
print(f"{gradient:.6f} {1 / (1 + np.exp(-3.0)):.6f}")
assert np.isclose(gradient, 1 / (1 + np.exp(-3.0)))

# %%
# Answer 2
# --------
# No, it is ``2 (z - y)``: again the output less the label. Each usual pair of output and loss has
# this gradient.

net = fnet.Network((1, 1), bias=False, loss="squared_error")
gradient = fnet.grads(net, weight, [[1.0]], [[-500.0]])[0].w.item()
print(gradient)
assert gradient == 2 * (3 + 500)

# %%
# Answer 3
# --------
# 0.7 for cross-entropy, which rewards saying how sure one can be. For the absolute difference it is
# 1: it rewards being sure.

p = np.linspace(0.001, 0.999, 999)
entropy = -0.7 * np.log(p) - 0.3 * np.log(1 - p)
absolute = 0.7 * (1 - p) + 0.3 * p
print(f"{p[entropy.argmin()]:.3f} {p[absolute.argmin()]:.3f}")
assert np.isclose(p[entropy.argmin()], 0.7)
assert np.isclose(p[absolute.argmin()], 0.999)
