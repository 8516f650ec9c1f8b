"""From an estimator to the pure functions and back, and over from scikit-learn."""

import copy
import dataclasses

import numpy as np
from sklearn.utils.validation import check_is_fitted

from fnet.core import checks
from fnet.core.errors import InvalidArgument
from fnet.core.params import Layer
from fnet.estimators import arguments

CURVES = ("loss_curve_", "validation_loss_curve_", "validation_scores_")
"""Fitted lists of one number an epoch, which a file holds as arrays."""


class ConversionMixin:
    """What is handed over by both estimators."""

    def functional(self):
        """`(net, params)`, to go on with the pure functions: `fnet.predict(net, params, X)`.

        What `standardize` learnt is folded into the first layer, and into the last.
        """
        check_is_fitted(self)
        layers = self._layers()
        return self._net, layers if self.scaling_ is None else self.scaling_.folded(layers)

    def _plain(self):
        """All of it as plain data, for a file; its callback is left out."""
        check_is_fitted(self)
        given = self.get_params(deep=False)
        fitted = {name: part for name, part in vars(self).items() if name not in given}
        fitted |= {name: np.array(fitted[name]) for name in CURVES if fitted.get(name) is not None}
        return {
            "net": self._net,
            "params": self._layers(),
            "classes": getattr(self, "classes_", None),
            "features": getattr(self, "feature_names_in_", None),
            "scaling": self.scaling_,
            "estimator": (type(self).__name__, given | {"callback": None}, fitted),
        }

    @classmethod
    def from_functional(cls, net, params, *, classes=None, **arguments):
        """An estimator, fitted, that predicts as `fnet.predict(net, params, X)` does.

        `classes` are the names of the network's classes, whole numbers from 0 unless told;
        `arguments` are those of the estimator, for what is done with it later.
        """
        layers, members, _ = checks.params(net, params)
        if members:
            raise InvalidArgument(f"params must be those of one network; got members {members}")
        if net.targets not in cls.SCORE:
            raise InvalidArgument(f"a {cls.__name__} is no home for a network with {net.loss}")
        names = net.hidden[0] if len(set(net.hidden)) == 1 else net.hidden or "relu"
        new = cls(hidden_layer_sizes=net.sizes[1:-1], activation=names, **arguments)
        layers = [
            layer if layer.b is not None else layer._replace(b=np.zeros(layer.w.shape[-1]))
            for layer in layers
        ]
        new._become(dataclasses.replace(net, bias=True), layers, classes)
        return new

    @classmethod
    def from_sklearn(cls, estimator):
        """A fitted estimator of scikit-learn, taken over with its arguments and all it learnt."""
        check_is_fitted(estimator)
        new = cls(**estimator.get_params(deep=False))
        layers = list(map(Layer, estimator.coefs_, estimator.intercepts_))
        loss = arguments.LOSS_OF[estimator.out_activation_]
        inputs, outputs = layers[0].w.shape[0], layers[-1].w.shape[1]
        net = arguments.network(new, inputs, outputs, loss)
        new._become(net, layers, getattr(estimator, "classes_", None))
        learnt = {k: v for k, v in vars(estimator).items() if k.endswith("_") and k[0] != "_"}
        vars(new).update(copy.deepcopy(learnt))
        return new

    def _become(self, net, layers, classes):
        self._net, self._train_state, self.scaling_ = net, None, None
        self.n_features_in_ = net.sizes[0]
        dtype = np.asarray(layers[0].w).dtype
        self._set_layers([Layer(np.asarray(e.w), np.asarray(e.b, dtype)) for e in layers])
