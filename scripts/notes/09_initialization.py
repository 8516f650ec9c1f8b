"""
Why this start
==============

Before the first step the weights are drawn at random. How large they are decides whether a deep
network learns, and a bad start or a large step kills hidden units. You will count the dead.
"""

import numpy as np

from fnet import datasets
from fnet import reference as fnet
from fnet.plots.canvas import Figure

# %%
# Random, but how large?
# ----------------------
# Weights must differ, or the hidden units stay copies of each other (lesson 1). So they are random.
# Take 20 hidden layers of 50 units and three sizes of weights. D is the number of inputs of a
# layer.
#
# - ``normal``: variance 1
# - ``lecun_normal``: variance 1 / D
# - ``he_normal``: variance 2 / D

x, x_test, y, y_test = datasets.load_digits(scale=True)
deep = fnet.Network((64, *[50] * 20, 10), hidden="relu")


def relu(z):
    return np.maximum(z, 0)


def root_mean_square(a):
    return np.sqrt(np.mean(a**2))


def sizes(params):
    a, found = x, []
    for w, b in params[:-1]:
        a = relu(a @ w + b)
        found.append(root_mean_square(a))
    return found


schemes = ("normal", "lecun_normal", "he_normal")
params_of = {name: fnet.init_params(deep, seed=0, scheme=name, dtype="float64") for name in schemes}
signals = {name: sizes(params) for name, params in params_of.items()}
for name, signal in signals.items():
    print(f"{name:13} layer 1: {signal[0]:.1e}, layer 20: {signal[-1]:.1e}")
assert signals["normal"][-1] > 1e12
assert signals["lecun_normal"][-1] < 1e-3
assert 0.1 < signals["he_normal"][-1] < 1

# %%
# The typical size of what the units put out, layer by layer. Note the scale.

figure = Figure(figsize=(6, 3.2), layout="constrained")
axes = figure.subplots()
for (name, signal), style in zip(signals.items(), ("--", ":", "-"), strict=True):
    axes.plot(range(1, 21), signal, style, label=name)
axes.set(xlabel="layer", ylabel="size", yscale="log", xticks=range(2, 21, 2))
axes.legend()
figure

# %%
# Why 2 / D
# ---------
# A sum of D terms has D times their variance, so a variance of 1 / D keeps the size of z. Then relu
# sets the negative half to 0, which halves the mean square. 2 / D makes up for it.

z = np.random.default_rng(0).standard_normal(1_000_000)
half = np.mean(relu(z) ** 2) / np.mean(z**2)
print(f"{half:.3f} of the mean square is left after relu")
assert abs(half - 0.5) < 0.01

# %%
# Does it train?
# --------------
# Ten epochs with Adam, from each start.

plan = fnet.minibatch_plan(len(x), batch_size=64, epochs=10, seed=0)
accuracies = {}
for name, params in params_of.items():
    run = fnet.train(deep, fnet.adam(0.001), params, x, y, plan)
    accuracies[name] = fnet.accuracy(fnet.forward(deep, run.params, x_test), y_test)
    print(f"{name:13} loss {run.history['loss'][-1]:.2g}, accuracy {accuracies[name]:.2f}")
assert accuracies["normal"] < accuracies["lecun_normal"] < accuracies["he_normal"]
assert accuracies["he_normal"] > 0.85

# %%
# The start of He et al. keeps the size of the signal, and of the gradient on its way back. It is
# the default of ``init_params`` for relu.

# %%
# Dead units
# ----------
# A relu unit whose ``z`` is below 0 for all rows puts out 0, has a derivative of 0, and so receives
# no gradient. It is dead: no step changes it any more.
#
# Large steps kill. Ten networks for each learning rate, as members of one run:

net = fnet.Network((64, 30, 10))


def dead(params):
    (w, b), _ = params
    return np.sum(relu(x @ w + b[..., None, :]).max(axis=-2) == 0, axis=-1)  # of each member


rates = np.array([0.001, 0.01, 0.1, 0.3])
start = fnet.init_params(net, seed=np.tile(np.arange(10), (4, 1)))  # [4, 10] networks
plan = fnet.minibatch_plan(len(x), batch_size=64, epochs=20, seed=0)
run = fnet.train(net, fnet.adam(np.repeat(rates[:, None], 10, axis=1)), start, x, y, plan)
accuracy = fnet.accuracy(fnet.predict(net, run.params, x_test), y_test).mean(axis=1)
for rate, count, value in zip(rates, dead(run.params).mean(axis=1), accuracy, strict=True):
    print(f"rate {rate:<5}  dead units: {count:4.1f} of 30, accuracy {value:.2f}")
counts = dead(run.params).mean(axis=1)
assert (np.diff(counts) > 0).all()
assert counts[-1] > 20
assert accuracy[1] > 0.95 > 0.8 > accuracy[-1]

# %%
# Some dead units do no harm; a layer of them does.

# %%
# Biases far below 0 kill at the start. With all units dead nothing moves but the last biases, and
# the network answers the same digit for every image.

first, last = fnet.init_params(net, seed=0)
params = (first._replace(b=first.b - 5), last)
print(f"{dead(params)} of 30 are dead at the start")
run = fnet.train(net, fnet.adam(0.005), params, x, y, plan)
answers = fnet.predict(net, run.params, x_test).argmax(axis=1)
print(f"{dead(run.params)} after training; the network answers {set(answers.tolist())}")
assert dead(params) == dead(run.params) == 30
assert len(set(answers)) == 1

# %%
# Exercises
# ---------
# 1. From the same seed, ``lecun_normal`` draws the weights of ``he_normal`` divided by the root of
#    2. By what factor is its signal smaller after 20 layers?
# 2. Train the network whose units are all dead with ``leaky_relu``, which puts out 0.2 z below 0.
#    Does it recover?
# 3. Could all biases start at 0? Could all weights?

# %%
# Answer 1
# --------
# relu passes a factor on: ``relu(c z) = c relu(z)``. 20 layers make it ``sqrt(2)**20``, which is
# 1,024.

factor = sizes(params_of["he_normal"])[-1] / sizes(params_of["lecun_normal"])[-1]
print(f"{factor:.1f}")
assert np.isclose(factor, 1024)

# %%
# Answer 2
# --------
# Yes. Below 0 the slope is 0.2 and not 0, so the gradient gets through.

leaky = fnet.Network((64, 30, 10), hidden="leaky_relu")
run = fnet.train(leaky, fnet.adam(0.005), params, x, y, plan)
recovered = fnet.accuracy(fnet.predict(leaky, run.params, x_test), y_test)
print(f"accuracy {recovered:.2f}")
assert recovered > 0.9

# %%
# Answer 3
# --------
# All biases can, if the weights are random: the units differ already. All weights cannot: units
# that start equal stay equal.

equal = fnet.init_params(net, seed=0, scheme="ones", dtype="float64")
run = fnet.train(net, fnet.adam(0.005), equal, x, y, plan)
first, _ = run.params
print(f"the 30 units differ by {np.ptp(first.w, axis=1).max():.0e}")
assert np.ptp(first.w, axis=1).max() < 1e-6
