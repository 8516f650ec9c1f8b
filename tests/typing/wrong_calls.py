"""Twenty wrong calls. A type checker must refuse each line that ends in `# wrong`."""

import numpy as np

import fnet
from fnet import reference

net = fnet.Network((2, 3, 1), hidden="relu", loss="squared_error")
params = fnet.init_params(net, seed=0)
adam = fnet.adam(0.01)
x, y = np.zeros((4, 2)), np.zeros((4, 1))
plan = fnet.kfold_plan(4, batch_size=2, epochs=1, seed=0)
run = fnet.train(net, adam, params, x, y, plan)
model = fnet.MLPClassifier()

fnet.init_params(net, sed=1)  # wrong: misspelt keyword
fnet.init_params(net)  # wrong: missing argument
fnet.init_params(net, 0, scheme="glorot")  # wrong: no such initializer
fnet.Network((2, 3), hidden="swish")  # wrong: no such activation
fnet.Network((2, 3), loss="mse")  # wrong: no such loss
fnet.Network((2, 3), biases=False)  # wrong: misspelt keyword
fnet.adam(0.1, beta1=0.9)  # wrong: misspelt keyword
fnet.adam()  # wrong: missing argument
fnet.train(net, adam, params, x, y, plan, hook=print)  # wrong: an old keyword
fnet.train(net, adam, params, x, y, plan, monitor="val_loss")  # wrong: no such value
fnet.train(net, adam, params, x, y, plan, on_not_finite="ignore")  # wrong: no such choice
fnet.train(net, adam, params, x, y, plan, restore_best="yes")  # wrong: not a bool
fnet.kfold_plan(4, batch_size=2, epochs=1)  # wrong: missing argument
fnet.kfold_plan(4, batch_size="2", epochs=1, seed=0)  # wrong: not an int
run.progress  # wrong: an old attribute
run.train_state.epochs  # wrong: no such attribute
params[0].weights  # wrong: no such attribute
fnet.Progress  # wrong: an old name
reference.predict(net, x)  # wrong: missing argument
model.fit(x, y).coef_  # wrong: no such attribute
fnet.GridSearchCV(model, {"alpha": [0.1]}, n_iter=3)  # wrong: no such argument
fnet.trace(net, params, x, y)  # wrong: only the twin has it
fnet.plots.network(net, params, trace=x)  # wrong: not a Trace
