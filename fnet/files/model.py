"""What was loaded from a file, ready to predict by NumPy alone."""

import numpy as np

from fnet.core import checks
from fnet.core.errors import FormatError, InvalidArgument
from fnet.reference import functions


class Model:
    """A network from a file: `net`, `params`, `classes`, `features`, `scaling`, `trained`, `run`.

    All but `net` and `params` are None where none was saved. `run` is the Run: `train` goes on
    from it. Rows to predict are `[N, D]`, or a table with the column names in `features`, and are
    worked on a part at a time. Shapes: N rows, D features, K outputs, member axes M.
    """

    def __init__(self, content):
        self._content = content
        self.net, self.params, self.classes, self.features = content[:4]
        self.scaling, self.trained, self.run, _ = content[4:]
        self._dtype = checks.params_dtype(content.params)
        self._cast = f"x in {self._dtype}"
        members = int(np.prod(checks.members_of(content.params)))
        self._rows = max(1, checks.CHUNK // max(1, members * max(content.net.sizes)))

    def __repr__(self):
        held = [name for name, part in self._content._asdict().items() if part is not None]
        return f"<Model of {', '.join(held)}: {self.net}>"

    def __reduce__(self):
        return Model, (self._content,)

    def _plain(self):
        return self._content._asdict()

    def predict(self, x):
        """What was saved says of rows x: with classes, the class of each row, `[*M, N]`.

        Of several labels the ones that are more likely than not, `[*M, N, K]`. Without classes
        what `fnet.predict` says, `[*M, N, K]`, and of an estimator with one output `[N]`.
        """
        found, net = self._outputs(x), self.net
        if self.classes is None:
            one = self._content.estimator is not None and net.sizes[-1] == 1
            return found[..., 0] if one else found
        if net.has_class_labels:
            return self.classes[found.argmax(axis=-1)]
        likely = (found > 0.5).astype(int)
        return likely if net.sizes[-1] > 1 else self.classes[likely[..., 0]]

    def predict_proba(self, x):
        """Probabilities of the classes, in their order, `[*M, N, K]`; of a single label both."""
        if self.net.targets not in ("multiclass", "multilabel"):
            raise InvalidArgument(
                f"predict_proba needs a network of classes or labels; {self.net} has none: predict"
            )
        found = self._outputs(x)
        single = self.net.targets == "multilabel" and self.net.sizes[-1] == 1
        return np.concatenate([1 - found, found], axis=-1) if single else found

    def estimator(self):
        """The estimator that was saved, fitted as it was. Imports scikit-learn."""
        saved = self._content.estimator
        if saved is None:
            raise InvalidArgument("the file holds no estimator; it has net, params and predict")
        from fnet import estimators
        from fnet.estimators import conversion

        kinds = {"MLPClassifier": estimators.MLPClassifier, "MLPRegressor": estimators.MLPRegressor}
        try:
            made = kinds[saved.name](**saved.arguments)
        except TypeError as error:
            raise FormatError(f"the estimator in the file is none of this fnet: {error}") from None
        vars(made).update(saved.fitted)
        for name in conversion.CURVES:
            if isinstance(curve := getattr(made, name, None), np.ndarray):
                setattr(made, name, curve.tolist())
        return made

    def _outputs(self, x):
        """Predictions, `[*M, N, K]`."""
        x = checks.features("x", self._columns(x), self.net.sizes[0])
        if len(x) <= self._rows:
            return self._work(x)
        parts = range(0, len(x), self._rows)
        first = self._work(x[: self._rows])
        found = np.empty((*first.shape[:-2], len(x), first.shape[-1]), first.dtype)
        for at in parts:
            found[..., at : at + self._rows, :] = self._work(x[at : at + self._rows])
        return found

    def _columns(self, x):
        """Rows of a table, whose columns must be those in `features`."""
        names = getattr(x, "columns", None)
        if names is None:
            return x
        came = tuple(names)
        if self.features is not None and came != self.features:
            missing = [name for name in self.features if name not in came]
            more = [name for name in came if name not in self.features]
            what = f"missing {missing[:3]}, and unknown {more[:3]}" if missing or more else "order"
            raise InvalidArgument(
                f"x must have the columns that the model was trained on, in their order, "
                f"{self.features!r:.200}: {what}"
            )
        return np.asarray(x)

    def _work(self, x):
        scaling = self.scaling
        if scaling is not None:
            x = scaling.features(x if x.dtype.kind == "f" else x.astype(np.float64))
        if x.dtype != self._dtype:
            with np.errstate(over="ignore"):  # what becomes infinite is refused
                x = checks.finite(self._cast, x.astype(self._dtype))
        x = functions.apply_link(self.net, functions.logits(self.net, self.params, x))
        return x if scaling is None else scaling.predictions(x)
