"""A report on a model and what it is worth, as one page of HTML that needs nothing else.

  page.html: the page, a template of Jinja.
  content.py: what it says of the model, its training and its figures; figures.py: what it shows.
  formatting.py: how names and numbers are written.

The same arguments give the same bytes, on one machine with one matplotlib.
"""

import numpy as np

import fnet
from fnet.core.errors import InvalidArgument
from fnet.files import Model, schema
from fnet.reports import content, figures, formatting
from fnet.reports.evaluation import Evaluation


def page(model, evaluation, *, source, command, name=None):
    """The page, a text in HTML, on a model and the Evaluation of it.

    Arguments:
      source: names the data that it was evaluated on.
      command: what makes the page again, in a shell.
      name: of the model, for the headline; its sizes unless told.

    It tells how the model was trained where the model knows: by `trained`, its run or its
    estimator. Of `trained`, "command" is shown with `command`. Pictures are SVG inside the page.
    """
    if not isinstance(model, Model) or not isinstance(evaluation, Evaluation):
        raise InvalidArgument(
            "a page is made of what load and evaluate gave; got "
            f"{model!r:.100} and {evaluation!r:.100}"
        )
    saved = schema.content_of(model)
    classes, features = map(formatting.names, (evaluation.classes, saved.features))
    model = Model(schema.check_content(saved._replace(classes=classes, features=features)))
    trained = saved.trained if isinstance(saved.trained, dict) else {}
    shown = figures.shown(model, evaluation, formatting.exact(trained.get("target", "the target")))
    return formatting.template("page.html").render(
        name=name or f"Network {'–'.join(map(str, model.net.sizes))}",
        source=str(source),
        commands=[str(c) for c in (trained.get("command"), command) if c is not None],
        evaluation=evaluation,
        headline=next(iter(content.figures(evaluation))),
        summary=content.summary(evaluation),
        figures=content.figures(evaluation),
        classes=classes,
        layers=content.layers(model),
        description=content.description(model),
        training=content.training(saved),
        curves=shown.pop("curves", None),
        pictures=shown,
        gaps=np.isnan([row[:3] for row in evaluation.table]).any(),
        version=fnet.__version__,
    )
