"""docs/security.md held against the tests that it names, and the rules that hold for every answer."""
