"""`make run` says in a sentence why it cannot run."""

import os
import socket
import subprocess
import sys

import pytest

from portal.dev import house


def test_a_port_in_use_is_named_with_a_way_out():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(house.CannotRun, match=f"Port {port} cannot be used .* PORT="):
            house.port_is_free(port)


def test_a_free_port_is_fine():
    house.port_is_free(house.free_port())


def test_a_second_run_in_the_same_folder_is_refused_by_name(tmp_path):
    with (
        house.alone(tmp_path),
        pytest.raises(house.CannotRun, match=f"process {os.getpid()}"),
        house.alone(tmp_path),
    ):
        pass


def test_the_folder_is_free_again_afterwards(tmp_path):
    with house.alone(tmp_path):
        pass
    with house.alone(tmp_path):
        pass


def test_what_a_dead_run_left_is_waited_for(tmp_path):
    with house.alone(tmp_path) as lock:
        # Its part still holds the lock for a moment, its own process is gone.
        ended = subprocess.Popen([sys.executable, "-c", ""])
        ended.wait()
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(ended.pid).encode(), 0)
        part = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(0.6)"], pass_fds=(lock,))
    with house.alone(tmp_path):
        assert part.wait(5) == 0
