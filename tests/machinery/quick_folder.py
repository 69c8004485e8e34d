"""Where the tests keep what they throw away: in memory if that is roomy, since databases wait for disks."""

import os
import shutil
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")
ENOUGH = 2_000_000_000


def choose() -> None:
    """Have this process and its children keep temporary files in memory, unless TMPDIR says where.

    Nothing a test says depends on the disk: what is killed here is a process, never the machine.
    """
    if "TMPDIR" in os.environ or not os.access(MEMORY, os.W_OK | os.X_OK):
        return
    if shutil.disk_usage(MEMORY).free > ENOUGH:
        os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)
