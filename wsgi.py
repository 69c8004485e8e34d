"""The application as a WSGI server finds it: `gunicorn wsgi:app`, `flask --app wsgi ...`."""

import sys

from portal import ConfigError, create_app

try:
    app = create_app()
except ConfigError as wrong:
    sys.exit(f"Gatehouse does not start: {wrong}")
