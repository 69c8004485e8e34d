"""A process that works at one import until it is done or killed, as a worker does.

`python -m tests.faults.importing IMPORT`: prints how far it is after each stretch of seconds, and at the end
the most memory it ever had, in bytes.
"""

import resource
import sys

from portal import create_app
from portal.extensions import db
from portal.importing import steps
from portal.models import Import
from portal.transaction import transaction


def main(import_id: int) -> None:
    """Go on with the import until nothing is left to do."""
    app = create_app()
    more = True
    while more:
        with app.app_context():
            more = steps.step(import_id)
            with transaction(write=False):
                imported = db.session.get_one(Import, import_id, populate_existing=True)
            print(imported.state, imported.position, flush=True)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1_024, flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
