"""What the doctor's tests share: a way to ask one check, and an application that is set up well."""

import pytest

from portal.transaction import transaction


@pytest.fixture
def asked(app):
    """Asks one check on the town's application: `asked(settings.hsts)` is its finding."""

    def ask(check, **config):
        kept = {name: app.config.get(name) for name in config}
        app.config.update(config)
        try:
            with app.app_context(), transaction(write=False):
                return check()
        finally:
            app.config.update(kept)

    return ask
