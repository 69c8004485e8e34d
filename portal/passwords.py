"""Passwords: what makes one good enough, and how it is hashed and checked."""

import re
import threading
import unicodedata
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask import current_app
from zxcvbn import zxcvbn

LONGEST = 256
# zxcvbn refuses longer input; the first 72 characters say enough about the rest.
_JUDGED = 72
_NO_WORD = re.compile(r"[\W_]+")
# Shorter ones stand in many words by chance.
_SHORTEST_WORD = 3
# zxcvbn keeps the known words where every thread sees them: two at once would be judged by one's names.
_judging = threading.Lock()
_WORDS = ("very weak", "weak", "fair", "good", "strong")


def objection(password: str, known_words: list[str]) -> str | None:
    """Return why `password` is not good enough, as a sentence, or None if it is.

    `known_words` are names an attacker would try first: the person's, the company's, the portal's.
    """
    shortest = current_app.config["PASSWORD_MIN"]
    length = len(normal(password))
    if length < shortest:
        return f"Use at least {shortest} characters. Three or four words work well."
    if length > LONGEST:
        return f"Use at most {LONGEST} characters."
    if strength(password, known_words)[0] < 2 or _hardly_more_than(_parts(known_words), password):
        return "This password is too easy to guess. Use three or four words that do not belong together."
    return None


def strength(password: str, known_words: list[str]) -> tuple[int, str]:
    """Return how hard `password` is to guess: 0 to 4, and the same in words."""
    with _judging:
        score = int(zxcvbn(normal(password)[:_JUDGED], user_inputs=_parts(known_words))["score"])
    return score, _WORDS[score]


def verdict(password: str, known_words: list[str]) -> tuple[int, str]:
    """Return how strong `password` is as people are shown it; what is refused is at most weak."""
    score, _word = strength(password, known_words)
    if objection(password, known_words):
        score = min(score, 1)
    return score, _WORDS[score]


def _parts(known_words: list[str]) -> list[str]:
    """Return the known words, their parts, and each written as one word, the longest first."""
    split = [(word, _NO_WORD.split(word)) for word in known_words]
    found = {part for word, parts in split for part in (word, "".join(parts), *parts) if part}
    return sorted(found, key=lambda part: (-len(part), part))


def _hardly_more_than(known: list[str], password: str) -> bool:
    """Return whether `password` is made of known words with little but digits and signs around them."""
    rest = whole = normal(password).casefold()
    for word in known:
        if len(word) >= _SHORTEST_WORD:
            rest = rest.replace(word.casefold(), "")
    return rest != whole and sum(char.isalpha() for char in rest) < _SHORTEST_WORD


def normal(password: str) -> str:
    """Return `password` so that two keyboards that type the same characters give the same bytes."""
    return unicodedata.normalize("NFC", password)


def hashed(password: str) -> str:
    """Return the argon2id hash of `password`."""
    return _hasher(current_app.config.get("ARGON2_COST", "usual")).hash(normal(password))


def fits(password_hash: str | None, password: str) -> bool:
    """Return whether `password` is the one behind the hash; takes as long where there is no hash."""
    hasher = _hasher(current_app.config.get("ARGON2_COST", "usual"))
    if len(password) > LONGEST:
        password, password_hash = "", None
    try:
        return hasher.verify(password_hash or _nobody(hasher), normal(password)) and password_hash is not None
    except (VerificationError, InvalidHashError):
        return False


def outdated(password_hash: str) -> bool:
    """Return whether `password_hash` was made at another cost than hashes are made now."""
    return _hasher(current_app.config.get("ARGON2_COST", "usual")).check_needs_rehash(password_hash)


@lru_cache
def _hasher(cost: str) -> PasswordHasher:
    if cost == "cheap":  # only so that a thousand tests need no minutes
        return PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    return PasswordHasher()


@lru_cache
def _nobody(hasher: PasswordHasher) -> str:
    return hasher.hash("the password of nobody")
