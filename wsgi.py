"""The application as a WSGI server finds it: `gunicorn wsgi:app`, `flask --app wsgi ...`."""

import sys

from portal import ConfigError, create_app, create_patient

try:
    # The doctor sees those, too, whom nobody else would let in.
    app = create_patient() if "doctor" in sys.argv[1:] else create_app()
except ConfigError as wrong:
    sys.exit(f"Gatehouse does not start: {wrong}\n`flask --app wsgi doctor` names everything that is amiss.")
