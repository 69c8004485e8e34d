"""The real parts the tests run against: how they are found, started and made to fail."""
