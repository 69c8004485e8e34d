"""Whether the migrations make what the models say, on SQLite and on PostgreSQL; run by `make check`."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.machinery import postgres

ROOT = Path(__file__).parents[2]
STEPS = (["db", "upgrade"], ["db", "check"], ["db", "downgrade", "base"], ["db", "upgrade"])


def drifted(url: str, folder: str) -> bool:
    """Run the migrations up, compare, down and up again on an empty database; prints what went wrong."""
    env = os.environ | {"DATABASE_URL": url, "INSTANCE_DIR": folder, "GATEHOUSE_ENV": "development"}
    for step in STEPS:
        command = [sys.executable, "-m", "flask", "--app", "wsgi", *step]
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
        if done.returncode:
            print(f"flask {' '.join(step)} failed:\n{done.stdout}{done.stderr}", file=sys.stderr)
            return True
    return False


def main() -> int:
    """Look at both databases; returns the code to exit with."""
    with tempfile.TemporaryDirectory() as folder, postgres.running() as server:
        urls = {"SQLite": f"sqlite:///{folder}/drift.db", "PostgreSQL": server.new_database()}
        found = [name for name, url in urls.items() if drifted(url, folder)]
        server.drop_database(urls["PostgreSQL"])
    print(f"Migrations and models differ on {' and '.join(found)}." if found else "Migrations are complete.")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
