"""Gatehouse, a self-hosted customer portal: create_app() is the table of contents."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask, Response, request
from flask.typing import ResponseReturnValue
from werkzeug.middleware.proxy_fix import ProxyFix

from portal import (
    api_gate,
    assets,
    cli,
    cookies,
    dev,
    doors,
    errors,
    guards,
    headers,
    jobs,
    limits,
    logs,
    origins,
    staff_gate,
    tallies,
    templating,
    views,
)
from portal.config import ROOT, ConfigError, settings
from portal.converters import CONVERTERS
from portal.doctor import command
from portal.doctor.patient import REFUSED, settled
from portal.extensions import compress, csrf, db, htmx_requests, limiter, login_manager, mailer, migrate
from portal.queries.sign_in import signed_in
from portal.transaction import transaction

__all__ = ["ConfigError", "Portal", "create_app", "create_patient"]


class Portal(Flask):
    """Flask with one transaction around the gate and the view."""

    def url_for(self, /, endpoint: str, **values: Any) -> str:
        """Return the address of a page behind the door at hand, where it is there; else as everywhere."""
        return super().url_for(doors.through(endpoint), **values)

    def dispatch_request(self) -> ResponseReturnValue:
        """Let the request through the gate and run its view; commit if it returns, roll back if it raises."""
        with transaction(write=guards.writes()):
            instead = _gate()() if request.routing_exception is None else None
            if instead is not None:
                return instead
            answer = super().dispatch_request()
            staff_gate.settle()
            return answer


def _gate() -> Callable[[], Response | None]:
    """Return the gate of the door that the running request comes through."""
    if api_gate.here():
        return api_gate.gate
    return staff_gate.gate if staff_gate.here() else guards.gate


def create_app(config: dict[str, Any] | None = None) -> Flask:
    """Return the application, configured from the environment and then from `config`.

    Raises ConfigError where a setting is missing or wrong.
    """
    return _assembled({**settings(), **(config or {})})


def _assembled(config: dict[str, Any]) -> Flask:
    app = Portal(
        __name__,
        static_folder=None,
        template_folder=str(ROOT / "templates"),
        instance_path=config["INSTANCE_DIR"],
    )
    app.session_interface = cookies.BothSides()
    app.config.from_mapping(config)
    app.url_map.converters.update(CONVERTERS)
    app.url_map.strict_slashes = False
    Path(app.config["INSTANCE_DIR"]).mkdir(mode=0o700, parents=True, exist_ok=True)
    # First: what anything after it refuses has its number, too.
    logs.register(app)
    _bind_extensions(app)
    for part in (headers, templating, errors, views, cli, jobs, command):
        part.register(app)
    if not app.config["PRODUCTION"]:
        dev.register(app)
    assets.register(app, ROOT / "static")
    if app.config["TRUSTED_PROXIES"]:
        hops = app.config["TRUSTED_PROXIES"]
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]
    return app


def create_patient() -> Flask:
    """Return the application for the doctor, whatever its settings; those refused are noted."""
    config, refused = settled()
    app = _assembled(config)
    app.extensions[REFUSED] = refused
    return app


def _bind_extensions(app: Flask) -> None:
    db.init_app(app)
    migrate.init_app(app, db, directory=str(ROOT / "migrations"), render_as_batch=True, compare_type=True)
    mailer.init_app(app)
    # In this order: whatever comes after these two reads the whole body.
    app.before_request(origins.refuse_foreign)
    app.before_request(guards.make_room)
    app.before_request(limits.refuse_floods)
    csrf.init_app(app)
    limiter.init_app(app)
    tallies.stand_in(limiter)
    compress.init_app(app)
    htmx_requests.init_app(app)
    login_manager.init_app(app)
    login_manager.session_protection = None
    login_manager.user_loader(signed_in)
