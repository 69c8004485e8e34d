"""The second factor itself: codes, replay, recovery codes, and what the database holds of them (T46)."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor

import pyotp
import pytest
import time_machine
from sqlalchemy import select

from portal import second_factor
from portal.clock import now
from portal.extensions import db
from portal.models import PortalUser, RecoveryCode, StaffUser
from portal.transaction import transaction
from tests.machinery.counts import count

# RFC 6238, appendix B, the last six of its eight digits; its secret is the bytes 12345678901234567890.
RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
RFC = [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")]
NOON = 1_900_000_020.0  # in the middle of a step


def user(address: str) -> PortalUser:
    return db.session.scalars(select(PortalUser).where(PortalUser.email == address)).one()


def code(secret: str, *, later: int = 0) -> str:
    return pyotp.TOTP(secret).at(int(now().timestamp()) + later)


@pytest.fixture
def clerk(writing) -> int:
    """Somebody of the vendor's staff."""
    with writing():
        staff = StaffUser(
            email="sam@alder.example", email_key="sam@alder.example", name="Sam", role="support"
        )
        db.session.add(staff)
        db.session.flush()
        return staff.id


@pytest.fixture(params=["customer", "staff"])
def owner(request, town, clerk):
    """Loads whose second factor it is: the same for both kinds of people."""
    if request.param == "staff":
        return lambda: db.session.get_one(StaffUser, clerk)
    return lambda: user(town.mia.email)


@pytest.fixture
def started(owner, writing):
    """A secret in use, set up two minutes ago, with its recovery codes."""
    secret = second_factor.new_secret()
    with time_machine.travel(NOON - 120, tick=False), writing():
        codes = second_factor.start(owner(), secret, code(secret))
    with time_machine.travel(NOON, tick=False):
        yield secret, codes


def test_every_code_of_the_standard(town, writing):
    """RFC 6238: authenticator apps and the portal mean the same code."""
    for moment, right in RFC:
        with time_machine.travel(float(moment), tick=False), writing():
            assert second_factor.start(user(town.mia.email), RFC_SECRET, "000000") is None
            assert second_factor.start(user(town.mia.email), RFC_SECRET, right), moment


@pytest.mark.parametrize(
    ("later", "accepted"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)]
)
def test_a_clock_may_be_one_step_off(started, owner, writing, later, accepted):
    with writing():
        whose = owner()
        assert second_factor.check(second_factor.of(whose), whose, code(started[0], later=later)) is accepted


def test_a_code_is_used_once(started, owner, writing):
    """Replay: neither the same code again nor one from before it, also right after the set-up."""
    secret, _ = started
    with writing():
        whose = owner()
        factor = second_factor.of(whose)
        assert second_factor.check(factor, whose, code(secret, later=30))
        assert not second_factor.check(factor, whose, code(secret, later=30))
        assert not second_factor.check(factor, whose, code(secret))
        assert second_factor.start(whose, secret, code(secret)) is None


def test_digits_are_welcome_however_they_are_typed(started, owner, writing):
    secret, _ = started
    right = code(secret)
    persian = "".join(chr(0x06F0 + int(digit)) for digit in right)
    for typed in (f" {right[:3]} {right[3:]} ", f"{right[:3]}-{right[3:]}", persian):
        with writing():
            whose = owner()
            factor = second_factor.of(whose)
            assert second_factor.check(factor, whose, typed), typed
            factor.last_step = 0


@pytest.mark.parametrize("wrong", ["", " ", "1", "0" * 10_000, "abcdef", "½½½½½½", "\0", "None", "00000\n"])
def test_what_is_no_code(started, owner, writing, wrong):
    with writing():
        whose = owner()
        factor = second_factor.of(whose)
        assert not second_factor.check(factor, whose, wrong)
        assert second_factor.use_recovery_code(factor, wrong) is None


def test_a_recovery_code_is_used_once(started, owner, writing):
    _, codes = started
    assert len(set(codes)) == 10
    with writing():
        factor = second_factor.of(owner())
        assert second_factor.use_recovery_code(factor, codes[3].upper().replace("-", " ")) == 9
        assert second_factor.use_recovery_code(factor, codes[3]) is None
        assert second_factor.use_recovery_code(factor, codes[4]) == 8


def test_the_last_recovery_code_leaves_none(started, owner, writing):
    _, codes = started
    with writing():
        factor = second_factor.of(owner())
        left = [second_factor.use_recovery_code(factor, each) for each in codes]
        assert left == [*range(len(codes) - 1, -1, -1)]
        assert second_factor.recovery_codes_left(factor) == 0


def test_new_recovery_codes_end_the_earlier_ones(started, owner, writing):
    _, codes = started
    with writing():
        factor = second_factor.of(owner())
        fresh = second_factor.new_recovery_codes(factor)
        assert second_factor.use_recovery_code(factor, codes[0]) is None
        assert second_factor.use_recovery_code(factor, fresh[0]) == 9


def test_nobody_uses_the_codes_of_somebody_else(started, owner, town, writing):
    secret, codes = started
    with writing():
        other, its = user(town.max.email), second_factor.new_secret()
        assert second_factor.start(other, its, code(its))
        factor = second_factor.of(other)
        assert not second_factor.check(factor, other, code(secret, later=30))
        assert second_factor.use_recovery_code(factor, codes[0]) is None
        factor.sealed_secret = second_factor.of(owner()).sealed_secret  # a row copied in the database
        assert not second_factor.check(factor, other, code(secret, later=30))


def test_another_app_takes_the_place_of_the_first(started, owner, writing):
    secret, codes = started
    with writing():
        whose, newer = owner(), second_factor.new_secret()
        assert second_factor.start(whose, newer, code(secret)) is None
        assert second_factor.start(whose, newer, code(newer))
        factor = second_factor.of(whose)
        assert not second_factor.check(factor, whose, code(secret, later=30))
        assert second_factor.check(factor, whose, code(newer, later=30))
        assert second_factor.use_recovery_code(factor, codes[0]) is None


def test_removing_leaves_nothing(started, owner, writing, reading):
    with writing():
        assert second_factor.remove(owner())
        assert not second_factor.remove(owner())
    with reading():
        assert second_factor.of(owner()) is None
        assert not db.session.scalars(select(RecoveryCode)).all()


def test_a_dump_of_the_database_holds_nothing_usable(started, owner, reading):
    """T46: neither a secret nor a recovery code, as it is or in another spelling, in any column."""
    secret, codes = started
    with reading():
        tables = db.metadata.sorted_tables
        dump = "\n".join(str(row) for table in tables for row in db.session.execute(select(table))).casefold()
        found = [second_factor.unseal(word, owner()) for word in re.findall(r"gaaaa[\w=-]+", dump)]
    for kept in (secret, *codes, *(each.replace("-", "") for each in codes)):
        assert kept.casefold() not in dump
    assert set(found) == {None}  # folded, it opens nothing; what opens it is not in the database either
    assert "a secret only of the tests" not in dump


def test_the_key_can_be_changed(app, started, owner, writing):
    """A key of before still opens what it closed; without it the app is of no use, and recovery codes are."""
    secret, codes = started
    before = app.config["SECRET_KEY"]
    app.config.update(SECRET_KEY="another key of the tests, long enough too", SECRET_KEY_FALLBACKS=[before])
    with writing():
        whose = owner()
        assert second_factor.check(second_factor.of(whose), whose, code(secret))
    app.config["SECRET_KEY_FALLBACKS"] = []
    with writing():
        whose = owner()
        factor = second_factor.of(whose)
        assert not second_factor.check(factor, whose, code(secret, later=30))
        assert second_factor.use_recovery_code(factor, codes[0]) == 9


def test_what_is_sealed_ends_with_its_time(started, owner, reading):
    secret, _ = started
    with reading():
        sealed = second_factor.seal(secret, owner())
        with time_machine.travel(NOON + 899, tick=False):
            assert second_factor.unseal(sealed, owner(), within=second_factor.SETUP_LIFE) == secret
        with time_machine.travel(NOON + 901, tick=False):
            assert second_factor.unseal(sealed, owner(), within=second_factor.SETUP_LIFE) is None
        assert second_factor.unseal("anything else", owner()) is None


def test_the_picture_is_plain_svg():
    """The content security policy lets no style and no data: address through."""
    uri = second_factor.provisioning_uri(RFC_SECRET, "mia@acme.example", "Alder & <Sons>")
    assert uri.startswith("otpauth://totp/Alder%20%26%20%3CSons%3E:mia%40acme.example?secret=" + RFC_SECRET)
    drawn = second_factor.picture(uri, 'A "QR" code')
    assert re.fullmatch(
        r'<svg class="qr" role="img" aria-label="A &#34;QR&#34; code" viewBox="0 0 \d+ \d+">.*</svg>\s*',
        drawn,
    )
    assert "style" not in drawn
    assert "data:" not in drawn


class TestTwoUsesAtOnce:
    """One conditional UPDATE each: of two uses at the same moment one succeeds."""

    @pytest.fixture
    def together(self, app):
        def run(use):
            barrier = threading.Barrier(2)

            def go(_):
                with app.app_context():
                    barrier.wait()
                    with transaction(write=True):
                        return use()

            with ThreadPoolExecutor(2) as pool:
                return sorted(pool.map(go, range(2)), key=bool)

        return run

    @pytest.mark.parametrize("_round", range(count(2, 200)))
    def test_of_a_code(self, started, owner, together, _round):
        right = code(started[0])

        def use():
            whose = owner()
            return second_factor.check(second_factor.of(whose), whose, right)

        assert together(use) == [False, True]

    @pytest.mark.parametrize("_round", range(count(2, 200)))
    def test_of_a_recovery_code(self, started, owner, together, _round):
        assert together(
            lambda: second_factor.use_recovery_code(second_factor.of(owner()), started[1][0])
        ) == [
            None,
            9,
        ]
