"""Tests of what `make run` starts, and of the machinery the other tests stand on."""
