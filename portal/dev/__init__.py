"""What exists in development only: the command that runs everything, the pages that show the mail."""

import click
from flask import Flask


def register(app: Flask) -> None:
    """Add `flask dev` and `/dev/*` to `app`; the application calls this when it is not in production."""
    from portal.dev.pages import blueprint

    app.register_blueprint(blueprint)

    @app.cli.command("dev")
    @click.option("--until-gone", type=int, metavar="PID", help="Stop when this parent process is gone.")
    def dev(until_gone: int | None) -> None:
        """Run the portal with everything it needs, until Ctrl-C."""
        # Imported here: the web server needs none of it.
        from portal.dev.command import run

        raise SystemExit(run(app, until_gone))
