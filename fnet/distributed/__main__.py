"""`python -m fnet.distributed SCRIPT --workers N`: run a script by several workers here."""

import sys

import click

from fnet.core.errors import FnetError
from fnet.distributed import launch


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("script", type=click.Path(exists=True, dir_okay=False))
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.option(
    "--workers", type=click.IntRange(min=1), default=2, show_default=True, metavar="NUMBER"
)
def main(script: str, arguments: tuple[str, ...], workers: int) -> None:
    """Run a Python SCRIPT by several workers on this machine, and show the output of worker 0."""
    try:
        sys.exit(launch(script, arguments, workers=workers))
    except FnetError as error:
        raise click.ClickException(str(error)) from None


if __name__ == "__main__":
    main(prog_name="python -m fnet.distributed")
