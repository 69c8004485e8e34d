"""The files of static/: one version in every address, kept for a year, sent precompressed by WhiteNoise."""

import hashlib
from pathlib import Path
from typing import Any

from flask import Flask
from whitenoise import WhiteNoise

from portal.headers import always

YEAR = 365 * 24 * 3600


class Files(WhiteNoise):
    """WhiteNoise for reading; any other method is answered by the portal, with its own page and headers."""

    def __call__(self, environ: Any, start_response: Any) -> Any:
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return self.application(environ, start_response)
        return super().__call__(environ, start_response)


def version_of(folder: Path) -> str:
    """Return eight characters that change when any file in `folder` does."""
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        if file.is_file() and file.suffix not in (".br", ".gz"):
            digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:8]


def register(app: Flask, folder: Path) -> None:
    """Serve `folder` under an address that holds its version, and give templates `asset(name)`."""
    prefix = f"/static/{version_of(folder)}/"

    def asset(name: str) -> str:
        """Return the address of the static file `name`."""
        return prefix + name

    def add_headers(headers: object, _path: str, _url: str) -> None:
        for name, value in always(app.config).items():
            headers[name] = value  # type: ignore[index]

    app.wsgi_app = Files(  # type: ignore[method-assign]
        app.wsgi_app,
        root=str(folder),
        prefix=prefix,
        max_age=YEAR,
        immutable_file_test=lambda _path, _url: True,
        allow_all_origins=False,
        add_headers_function=add_headers,
    )
    app.jinja_env.globals["asset"] = asset
