"""A report on a model and its evaluation: one HTML page that needs no other file.

  page.html: the template of the page, for Jinja.
  evaluation.py: the metrics of a model on labelled data.
  importance.py: what each column is worth to the model.
  card.py: the card of a model, which needs NumPy alone.
  content.py: the text about the model, its training and its metrics; figures.py: the figures;
  images.py: rows as images.
  formatting.py: how names and numbers are written.

The same arguments give the same bytes, on one machine with one version of matplotlib.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from fnet import __version__
from fnet.core.errors import InvalidArgument
from fnet.files import schema
from fnet.files.model import Model

if TYPE_CHECKING:
    from fnet.reports.evaluation import Evaluation


def page(
    model: Model, evaluation: "Evaluation", *, source: Any, command: str, name: str | None = None
) -> str:
    """A report on a model and its evaluation, as one HTML page.

    The page says how the model was trained as far as the model knows: by `model.trained`, its Run
    or its estimator. `model.trained["command"]` is shown next to `command`. Figures are SVG inside
    the page.

    Args:
        model: What `fnet.load` returned.
        evaluation: The Evaluation of the model.
        source: The name of the data that it was evaluated on.
        command: The shell command that makes the page.
        name: The name of the model, for the headline; None for its layer sizes.

    Returns:
        The page.

    Raises:
        InvalidArgument: The model was not loaded, or the evaluation is one of another model.

    Example:
        >>> import fnet
        >>> from fnet.reports.evaluation import evaluate
        >>> net = fnet.Network((1, 1), loss="squared_error")
        >>> fnet.save("line.fnet", (net, (fnet.Layer([[1.0]], [0.0]),)))
        >>> model = fnet.load("line.fnet")
        >>> evaluation = evaluate(model, [[1], [2], [8]], [1, 2, 9])
        >>> page(model, evaluation, source="three rows", command="fnet evaluate ...")[:15]
        '<!doctype html>'
    """
    from fnet.reports import card, content, figures, formatting, importance
    from fnet.reports.evaluation import Evaluation

    if not isinstance(model, Model) or not isinstance(evaluation, Evaluation):
        raise InvalidArgument(
            "a page needs what fnet.load and evaluate returned; got "
            f"{model!r:.100} and {evaluation!r:.100}"
        )
    about = card.sections(model)
    saved, encoding = schema.content_of(model._of_features()), model.encoding
    classes, features = map(formatting.names, (evaluation.classes, saved.features))
    plain = saved._replace(
        classes=classes, features=features, run=None, estimator=None, ensemble=None
    )
    named = schema.check_content(plain)
    worth = importance.of_columns(model, evaluation)
    model = Model(saved._replace(classes=named.classes, features=named.features))
    trained = saved.trained if isinstance(saved.trained, dict) else {}
    target = formatting.exact(trained.get("target", "target"))
    shown = figures.draw_all(model, evaluation, encoding, target, worth)
    metrics = content.metrics(evaluation)
    return formatting.template(
        "page.html"
    ).render(
        name=name or f"Network {'–'.join(map(str, model.net.sizes))}",
        source=str(source),
        commands=list(  # `fnet train --report` is both
            dict.fromkeys(str(c) for c in (trained.get("command"), command) if c is not None)
        ),
        evaluation=evaluation,
        headline=metrics[0],
        summary=content.summary(evaluation),
        metrics=metrics,
        classes=classes,
        worth=content.worth(worth),
        measured=content.measured(worth, evaluation),
        chart=shown.pop("importance", None),
        columns=None if encoding is None else content.columns(encoding),
        layers=content.layers(model),
        description=content.description(model, encoding),
        training=content.training(saved),
        card=about,
        curves=shown.pop("learning curves", None),
        figures=shown,
        gaps=np.isnan([scores[:3] for scores in evaluation.by_class]).any(),
        version=__version__,
    )
