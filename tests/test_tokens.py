"""What can be a token at all: the row it names fits the database, whatever somebody typed (L2, T40)."""

from portal import tokens

LONGEST_ROW = 2**31 - 1


def test_the_row_that_a_token_names():
    for token, row in {
        "1.x": 1,
        f"{LONGEST_ROW}.x": LONGEST_ROW,
        "007.x": 7,
        # Beyond what a column holds PostgreSQL would answer with an error.
        f"{LONGEST_ROW + 1}.x": None,
        "0.x": None,
        "-1.x": None,
        "1.": None,
        ".x": None,
        "1": None,
        "": None,
        "one.x": None,
        # Digits of another script, which int() would read.
        "\u0661.x": None,
        "1.\u00e9": None,
    }.items():
        assert tokens.row_id(token) == row, token


def test_a_token_longer_than_any_is_none():
    longest = "1." + "x" * (tokens.MAX_LENGTH - 2)
    assert tokens.row_id(longest) == 1
    assert tokens.row_id(longest + "x") is None
