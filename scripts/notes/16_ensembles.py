"""
Folds as members: what an ensemble gains
========================================

Cross-validation trains a network for each fold and usually throws them away. Keep them, and
predict with their mean. It is better than its members, and an identity says by how much.
"""

import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.model_selection import KFold

from fnet import reference as fnet
from fnet.plots.canvas import Figure

# %%
# Eight folds, one run
# --------------------
# The patients of lesson 12: 320 to learn from, 122 for the test. ``cross_validate`` trains one
# network for each of eight folds. All are members of one run and share its batches; the rows that a
# member holds out weigh 0 in it.

features, target = load_diabetes(return_X_y=True)
order = np.random.default_rng(0).permutation(len(features))
training, test = order[:320], order[320:]
features = (features - features[training].mean(axis=0)) / features[training].std(axis=0)
target = (target - target[training].mean()) / target[training].std()
x, y = features[training], target[training]
x_test, y_test = features[test], target[test]

net = fnet.Network((10, 32, 1), loss="squared_error")
adam = fnet.adam(0.003)
plan = fnet.minibatch_plan(len(x), batch_size=32, epochs=30, seed=0)
found = fnet.cross_validate(net, adam, x, y, KFold(8), plan)
print(found.params[0].w.shape)
assert found.params[0].w.shape == (8, 10, 32)

# %%
# What it gains
# -------------
# The squared errors of the eight on the test rows, and that of their mean prediction.

predictions = fnet.predict(net, found.params, x_test)[..., 0]  # [8, 122]
errors = np.mean((predictions - y_test) ** 2, axis=1)
together = fnet.mean_prediction(net, found.params, x_test)[:, 0]
of_mean = np.mean((together - y_test) ** 2)
print(errors.round(3))
print(f"mean of the members {errors.mean():.3f}, their mean prediction {of_mean:.3f}")
assert of_mean < errors.mean()

# %%
# Why
# ---
# For each row, the square of a mean is the mean of the squares less the variance. So
#
# **error of the mean = mean error - variance of the members.**
#
# It holds exactly, for any members and any rows (Krogh and Vedelsby, 1995). The mean is never worse
# than the average member; and it gains what the members disagree.

variance = predictions.var(axis=0).mean()
print(f"{errors.mean():.6f} - {variance:.6f} = {errors.mean() - variance:.6f}; {of_mean:.6f}")
assert np.isclose(errors.mean() - variance, of_mean)

# %%
# What to expect on new rows
# --------------------------
# Each training row was held out by one member, and its *out-of-fold* prediction comes from that
# member. So the training rows themselves say how good the members are on new rows.

out_of_fold = np.mean((found.predictions[:, 0] - y) ** 2)
print(f"out of fold {out_of_fold:.3f}, members on the test rows {errors.mean():.3f}")
assert abs(out_of_fold - errors.mean()) < 0.15

# %%
# It is that of single members, so the mean of eight should do a little better still.
# ``fnet.TabularRegressor`` and ``TabularClassifier`` work like this: folds as members, an honest
# score, the mean as prediction.

# %%
# How many?
# ---------
# 32 networks that differ by their start alone, and the error of the mean of 1, 2, 4 and more of
# them, averaged over 30 draws.

many = fnet.train(net, adam, fnet.init_params(net, seed=range(32)), x, y, plan)
predictions_of_many = fnet.predict(net, many.params, x_test)[..., 0]
rng = np.random.default_rng(0)


def error_of_mean(count):
    means = (predictions_of_many[rng.permutation(32)[:count]].mean(axis=0) for _ in range(30))
    return np.mean([np.mean((mean - y_test) ** 2) for mean in means])


counts = (1, 2, 4, 8, 16, 32)
by_count = [error_of_mean(count) for count in counts]
for count, error in zip(counts, by_count, strict=True):
    print(f"{count:2} members: {error:.3f}")
assert by_count[0] > by_count[2] > by_count[5]
assert by_count[0] - by_count[3] > 3 * (by_count[3] - by_count[5])

# %%
# Twice the members halve what is left to gain. Eight have most of it.

figure = Figure(figsize=(6, 3.2), layout="constrained")
axes = figure.subplots()
axes.plot(counts, by_count, "o-")
axes.set(xlabel="members", ylabel="squared error", xscale="log")
axes.set_xticks(counts, map(str, counts))
axes.minorticks_off()
figure

# %%
# Exercises
# ---------
# 1. Eight members with the same start, the same rows and the same batches: what does the mean gain?
# 2. Take the mean of the *weights* of the eight folds' networks in place of their predictions. How
#    good is that network?
# 3. Take eight linear models, ``Network((10, 1))``, from eight starts, and train them well. What
#    does their mean gain?

# %%
# Answer 1
# --------
# Nothing: they are equal, and their variance is 0.

equal = fnet.train(net, adam, fnet.init_params(net, seed=[0] * 8), x, y, plan)
spread = fnet.predict(net, equal.params, x_test).var(axis=0).mean()
print(f"variance {spread:.0e}")
assert spread < 1e-9

# %%
# Answer 2
# --------
# Bad. Hidden unit 3 of one network has nothing to do with unit 3 of another, so their weights
# cannot be averaged.

averaged = tuple(fnet.Layer(w.mean(axis=0), b.mean(axis=0)) for w, b in found.params)
error = np.mean((fnet.predict(net, averaged, x_test)[:, 0] - y_test) ** 2)
print(f"{error:.3f}, against {of_mean:.3f}")
assert error > errors.max()

# %%
# Answer 3
# --------
# Next to nothing. The loss of a linear model has one lowest point, and all starts lead there.

linear = fnet.Network((10, 1), loss="squared_error")
start = fnet.init_params(linear, seed=range(8))
long = fnet.full_batch_plan(len(x), epochs=2000)
trained = fnet.train(linear, fnet.sgd(0.1, momentum=0.9), start, x, y, long)
spread = fnet.predict(linear, trained.params, x_test).var(axis=0).mean()
print(f"variance {spread:.0e}")
assert spread < 1e-6
