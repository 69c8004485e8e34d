"""What exists in development only: the command that runs everything, the pages that show the mail."""

from flask import Flask


def register(app: Flask) -> None:
    """Add `/dev/*` to `app`; the application calls this when it is not in production."""
    from portal.dev.pages import blueprint

    app.register_blueprint(blueprint)
