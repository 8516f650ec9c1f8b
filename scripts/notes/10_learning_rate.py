"""
Learning rates
==============

The learning rate is the number to tune first. Too small a rate wastes time, too large a one
fails. You will train 26 networks at once to see where the border is, and lower the rate during a
run.
"""

import numpy as np

from fnet import datasets
from fnet import reference as fnet
from fnet.plots.canvas import Figure

# %%
# On a parabola
# -------------
# Take the loss ``w**2``, whose gradient is ``2 w`` and whose lowest point is 0. A step multiplies w
# by ``1 - 2 * rate``.


def descend(rate, steps=10):
    w = 1.0
    for _ in range(steps):
        w -= rate * 2 * w
    return w


for rate in (0.05, 0.4, 0.9, 1.1):
    print(f"rate {rate}: after 10 steps w = {descend(rate):+.4f}")
assert descend(0.05) > 0.3
assert abs(descend(0.4)) < 1e-6
assert abs(descend(0.9)) > 0.1
assert abs(descend(1.1)) > 6

# %%
# 0.05 is slow. 0.4 is quick. 0.9 jumps from one side to the other, a little closer each time. From
# 1.0 on each jump goes further out. A loss with twice the curvature allows half the rate.

# %%
# On digits
# ---------
# Thirteen rates from 0.0001 to 100, two to a decade. Params with a leading axis are many networks,
# trained in one run. Here all start equal, and only the rate differs.

x, x_test, y, y_test = datasets.load_digits(scale=True)
net = fnet.Network((64, 30, 10))
rates = np.geomspace(1e-4, 100, 13)
start = fnet.init_params(net, seed=[0] * 13)
plan = fnet.minibatch_plan(len(x), batch_size=64, epochs=20, seed=0)

final = {}
for name, optimizer in {"sgd": fnet.sgd(rates), "adam": fnet.adam(rates)}.items():
    final[name] = fnet.train(net, optimizer, start, x, y, plan).history["loss"][-1]
for rate, sgd, adam in zip(rates, final["sgd"], final["adam"], strict=True):
    print(f"rate {rate:8.4f}   sgd {sgd:8.4f}   adam {adam:8.4f}")

# %%
# The loss after 20 epochs. log(10) = 2.3 is the loss of ignorance.

figure = Figure(figsize=(6, 3.4), layout="constrained")
axes = figure.subplots()
axes.plot(rates, final["sgd"], "o-", label="sgd")
axes.plot(rates, final["adam"], "s--", label="adam")
axes.axhline(np.log(10), color="gray", linewidth=1)
axes.set(xlabel="learning rate", ylabel="loss", xscale="log", yscale="log")
axes.legend()
figure

# %%
# Three things to see. The loss falls for a long while as the rate rises. Then it fails at once: the
# best rate is next to the border. And each optimizer has a border of its own.

best = {name: rates[losses.argmin()] for name, losses in final.items()}
print({name: round(float(rate), 3) for name, rate in best.items()})
assert 0.3 < best["sgd"] < 3
assert 0.003 < best["adam"] < 0.1
assert all(losses[-1] > np.log(10) for losses in final.values())

# %%
# So try rates a factor of 3 apart, and take one a little below the best.

# %%
# A schedule
# ----------
# Large steps get far, small steps settle. A schedule does both: ``cosine`` lowers the rate from its
# first value to 0. A warm-up raises it at the beginning, when the gradients are largest.

steps = plan.epochs * plan.steps
tenth = steps // 10
schedules = {
    "constant": 0.1,
    "cosine": fnet.schedules.cosine(0.1, decay_steps=steps),
    "warm-up, cosine": fnet.schedules.cosine(
        0.0, decay_steps=steps - tenth, warmup_target=0.1, warmup_steps=tenth
    ),
}

# %%
# Adam at 0.1, which is too high to stay. Eight starts each.

start = fnet.init_params(net, seed=range(8))
runs = {}
for name, rate in schedules.items():
    runs[name] = fnet.train(net, fnet.adam(rate), start, x, y, plan, validation=(x_test, y_test))
    history = runs[name].history
    loss, accuracy = history["loss"][-1].mean(), history["validation_accuracy"][-1].mean()
    print(f"{name:15}  loss {loss:.4f}, test accuracy {accuracy:.3f}")
losses = [run.history["loss"][-1].mean() for run in runs.values()]
assert losses[0] > losses[1] > losses[2]
assert losses[2] < 0.02

# %%
# The mean loss of the eight, by epoch.

figure = Figure(figsize=(6, 3.4), layout="constrained")
axes = figure.subplots()
for (name, run), style in zip(runs.items(), ("--", ":", "-"), strict=True):
    axes.plot(range(1, 21), run.history["loss"].mean(axis=1), style, label=name)
axes.set(xlabel="epoch", ylabel="loss", yscale="log", xticks=range(2, 21, 2))
axes.legend()
figure

# %%
# Exercises
# ---------
# 1. On the parabola, which rate reaches the lowest point in one step?
# 2. Multiply the loss by 10 (``fnet.Tuning(loss_weight=10)``). What does it change for sgd, and
#    what for Adam?
# 3. Lesson 8 had a linear model of flowers. The largest eigenvalue of its standardized bowl is
#    1.118. What is the border of the rate?

# %%
# Answer 1
# --------
# 0.5, so that ``1 - 2 * rate`` is 0: one over the curvature, which is 2 here.

print(descend(0.5, steps=1))
assert descend(0.5, steps=1) == 0

# %%
# Answer 2
# --------
# For sgd it is a rate ten times as large. Adam divides each gradient by its usual size, so nothing
# changes but its epsilon.

start = fnet.init_params(net, seed=0, dtype="float64")
tuning = fnet.Tuning(loss_weight=10)
times_ten = fnet.train(net, fnet.sgd(0.01), start, x, y, plan, tuning=tuning)
rate_ten = fnet.train(net, fnet.sgd(0.1), start, x, y, plan)
difference = abs(times_ten.params[0].w - rate_ten.params[0].w).max()
print(f"sgd: {difference:.0e} apart")
assert difference < 1e-9

heavy = fnet.train(net, fnet.adam(0.003), start, x, y, plan, tuning=tuning)
light = fnet.train(net, fnet.adam(0.003), start, x, y, plan)
print(f"adam: loss {heavy.history['loss'][-1] / 10:.4f} and {light.history['loss'][-1]:.4f}")
assert np.isclose(heavy.history["loss"][-1] / 10, light.history["loss"][-1], rtol=0.05)

# %%
# Answer 3
# --------
# The gradient of a squared error has the curvature ``2 * 1.118``. A step along the steepest
# direction multiplies by ``1 - rate * 2.236``, which must stay above -1: the border is 2 / 2.236 =
# 0.89.

flowers, labels = datasets.load_course()
flowers = (flowers - flowers.mean(axis=0)) / flowers.std(axis=0)
linear = fnet.Network((2, 1), loss="squared_error")
zeros = fnet.init_params(linear, seed=0, scheme="zeros", dtype="float64")
long = fnet.full_batch_plan(len(flowers), epochs=200)
for rate in (0.88, 0.91):
    losses = fnet.train(linear, fnet.sgd(rate), zeros, flowers, labels, long).history["loss"]
    print(f"rate {rate}: loss {losses[-1]:.3g}")
    assert (losses[-1] < 0.5) == (rate < 0.89)
