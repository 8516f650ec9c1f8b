"""From an estimator to the pure functions and back, and from scikit-learn's estimators."""

import copy
import dataclasses
from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from fnet.core import checks
from fnet.core.aliases import ArrayLike, Params
from fnet.core.errors import InvalidArgument
from fnet.core.network import Network
from fnet.core.params import Layer
from fnet.estimators import translation
from fnet.estimators.fitted import FittedMixin

CURVES = ("loss_curve_", "validation_loss_curve_", "validation_scores_")
"""Fitted lists of one number an epoch, which a file holds as arrays."""


class ConversionMixin(FittedMixin):
    """Conversions that both estimators have."""

    def functional(self) -> tuple[Network, Params]:
        """The fitted network for the pure functions: `fnet.predict(net, params, X)`.

        The scaling of `standardize` is folded into the first layer, and into the last one where
        targets were scaled.

        Returns:
            `(net, params)`, with params as NumPy arrays.

        Raises:
            NotFittedError: The estimator is not fitted.

        Example:
            >>> import fnet
            >>> model = fnet.MLPRegressor(solver="lbfgs", random_state=0)
            >>> net, params = model.fit([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0]).functional()
            >>> net.sizes
            (1, 100, 1)
        """
        check_is_fitted(self)
        params = self._params()
        return self._net, params if self.scaling_ is None else self.scaling_.folded(params)

    @classmethod
    def from_sklearn(cls, estimator: Any) -> Self:
        """Convert a fitted estimator of scikit-learn, with its arguments and fitted attributes.

        Args:
            estimator: A fitted `sklearn.neural_network.MLPClassifier` for an MLPClassifier, or an
                `MLPRegressor` for an MLPRegressor.

        Returns:
            The fitted estimator, with the same predictions.

        Raises:
            NotFittedError: `estimator` is not fitted.

        Example:
            >>> import sklearn.neural_network
            >>> import fnet
            >>> other = sklearn.neural_network.MLPRegressor(solver="lbfgs", random_state=0)
            >>> other = other.fit([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0])
            >>> fnet.MLPRegressor.from_sklearn(other).n_layers_
            3
        """
        check_is_fitted(estimator)
        new = cls(**estimator.get_params(deep=False))
        pairs = zip(estimator.coefs_, estimator.intercepts_, strict=True)
        layers = tuple(Layer(w=w, b=b) for w, b in pairs)
        loss = translation.LOSS_OF_OUTPUT[estimator.out_activation_]
        n_features, n_outputs = layers[0].w.shape[0], layers[-1].w.shape[1]
        net = translation.network(new, n_features, n_outputs, loss)
        new._store_converted(net, layers, getattr(estimator, "classes_", None))
        fitted = {k: v for k, v in vars(estimator).items() if k.endswith("_") and k[0] != "_"}
        new.__dict__.update(copy.deepcopy(fitted))
        return new

    @classmethod
    def _from_functional(
        cls, net: Network, params: Params, classes: ArrayLike | None, arguments: dict[str, Any]
    ) -> Self:
        """What both `from_functional` do."""
        layers, members, _ = checks.params(net, params)
        if members:
            raise InvalidArgument(
                f"params must be those of one network; got params with member axes {members}"
            )
        if net.targets not in cls.SCORE:
            raise InvalidArgument(f"{cls.__name__} does not support a network with loss {net.loss}")
        names = net.hidden[0] if len(set(net.hidden)) == 1 else net.hidden or "relu"
        new = cls(hidden_layer_sizes=net.sizes[1:-1], activation=names, **arguments)
        with_biases = tuple(
            layer if layer.b is not None else layer._replace(b=np.zeros(layer.w.shape[-1]))
            for layer in layers
        )
        new._store_converted(dataclasses.replace(net, bias=True), with_biases, classes)
        return new

    def _store_converted(self, net: Network, params: Params, classes: ArrayLike | None) -> None:
        """Become the fitted estimator of a network from elsewhere."""
        dtype = np.asarray(params[0].w).dtype
        layers = (Layer(w=np.asarray(e.w), b=np.asarray(e.b, dtype)) for e in params)
        self._store_params(net, tuple(layers))
        self._train_state, self.scaling_ = None, None
        self.n_features_in_ = net.sizes[0]

    def _plain(self) -> dict[str, Any]:
        """The estimator as plain data for a file, without its callback."""
        check_is_fitted(self)
        arguments = self.get_params(deep=False)
        fitted = {name: value for name, value in vars(self).items() if name not in arguments}
        fitted |= {name: np.array(fitted[name]) for name in CURVES if fitted.get(name) is not None}
        return {
            "net": self._net,
            "params": self._params(),
            "classes": getattr(self, "classes_", None),
            "features": getattr(self, "feature_names_in_", None),
            "scaling": self.scaling_,
            "estimator": (type(self).__name__, arguments | {"callback": None}, fitted),
        }
