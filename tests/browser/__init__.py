"""Tests in a real browser: what pages look like, how they behave, and what is left without JavaScript."""
