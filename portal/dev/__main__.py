"""`python -m portal.dev`, which is what `make run` runs."""

import click

from portal.dev.command import run


@click.command()
@click.option("--until-gone", type=int, metavar="PID", help="Stop when this parent process is gone.")
def main(until_gone: int | None) -> None:
    """Run the portal with everything it needs, until Ctrl-C."""
    raise SystemExit(run(until_gone))


if __name__ == "__main__":
    main()
