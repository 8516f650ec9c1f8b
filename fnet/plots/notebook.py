"""How a Run is shown as the last line of a notebook cell."""

import base64
import html

from fnet.core.errors import InvalidArgument
from fnet.core.run_state import Run
from fnet.plots.history import learning_curves


def run_html(run: Run) -> str:
    """A Run as HTML: its short text and, inline, its learning curves.

    Args:
        run: The Run. Without a finished epoch there is only the text.

    Returns:
        One `<div>` that needs no other file.

    Example:
        >>> import fnet
        >>> net = fnet.Network((2, 1), loss="squared_error")
        >>> params = fnet.reference.init_params(net, seed=0)
        >>> plan = fnet.full_batch_plan(2, epochs=3)
        >>> x, y = [[0.0, 1.0], [1.0, 0.0]], [1.0, 0.0]
        >>> run = fnet.reference.train(net, fnet.adam(0.1), params, x, y, plan)
        >>> fnet.plots.run_html(run).startswith("<div><pre>Run of Network")
        True
    """
    text = f"<pre>{html.escape(repr(run))}</pre>"
    try:
        figure = learning_curves(run)
    except InvalidArgument:  # no epoch was finished
        return f"<div>{text}</div>"
    data = base64.b64encode(figure._repr_png_()).decode()
    return (
        f'<div>{text}<img alt="Learning curves" style="max-width: 100%" '
        f'src="data:image/png;base64,{data}"></div>'
    )
