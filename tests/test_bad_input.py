"""Anything typed, posted or put in an address gets a sentence: no answer of 500 or above, whatever it is."""

import random
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from portal.extensions import db
from portal.models import Contact
from tests.machinery.counts import count

NASTY = [
    "",
    " ",
    "\x00",
    "a\x00b",
    "\r\nSet-Cookie: x=y",
    "\x1b[31m\x07\x7f",
    "x" * 300,
    "x" * 70_000,
    "\U0001f469\u200d\U0001f469\u200d\U0001f466 \U0001f1e9\U0001f1ea",
    "\u0645\u062d\u0645\u062f \u202e\u2066gpj.exe",
    "\ufeff\u200b\u00ad",
    "\ufffe\uffff\U0010ffff",
    "e\u0301" * 200,
    "\u0661\u0662\u0663",
    "-1",
    "0",
    "1e309",
    "99999999999999999999999",
    "2147483648",
    "9223372036854775808",
    "NaN",
    "None",
    "null",
    "true",
    "[]",
    "{}",
    "{{7*7}}{%x%}${7*7}%s%n",
    "'; DROP TABLE contact; --",
    '"><script>alert(1)</script>',
    "../../../../etc/passwd",
    "%00%ff%c0%af",
    "\\",
    "a@b",
    "a@" + "b" * 250 + ".example",
    "xn--a@xn--.example",
    "a@\u2603.example",
    "+" * 50,
    "+4420794601230000000000000",
    "2020-13-45T99:99:99Z",
    "WyJuYW1lIiwgIlx1ZDgwMCIsIDFd",
]
FIELDS = [
    *("honorific", "first_name", "last_name", "job_title", "phone", "mobile", "email", "contact_type"),
    *(
        "access",
        "roles",
        "permissions",
        "username",
        "initial_password",
        "recovery_email",
        "category",
        "notes",
    ),
    *("version", "form_key", "shown", "preview", "from", "back", "next", "identity", "password", "remember"),
    *("new_password", "current_password", "accept_terms", "scope", "properties", "confirm_empty", "theme"),
    *("density", "company", "csrf_token", "q", "type", "status", "role", "authorized", "sort", "dir"),
    *("after", "before", "tab", "v"),
]
HEADERS = {
    "HX-Request": ["true", "false", "\xff"],
    "HX-Current-URL": [
        "http://localhost/acme/contacts",
        "http://[",
        "//",
        "x" * 5_000,
        "\xff\xfe",
        "http://localhost:99999/",
    ],
    "HX-History-Restore-Request": ["true"],
    "HX-Target": ["list", "\xff"],
    "Host": [
        "localhost",
        "localhost:99999",
        "127.0.0.1:5000",
        "evil.example",
        "",
        "[::1]",
        "a b",
        "localhost\xff",
        "x" * 5_000,
    ],
    "Referer": ["http://localhost/acme/", "http://[", "\xff", "javascript:1"],
    "Accept-Encoding": ["gzip, br", "\xff", "*;q=x"],
    "Accept-Language": ["\xff", "x" * 5_000],
    "User-Agent": ["", "x" * 5_000, "\xff\xfe\x80"],
    "Range": ["bytes=0-1", "bytes=x"],
    "If-Modified-Since": ["yesterday"],
    "Content-Type": [
        "application/json",
        "text/plain",
        "multipart/form-data",
        "multipart/form-data; boundary=\xff",
        "x",
    ],
    "Cookie": [
        "gatehouse=",
        "gatehouse=x.y.z",
        "gatehouse=\xff\xfe",
        "theme=\xff; theme=<b>",
        "=;=;",
        "x" * 5_000,
    ],
    "X-CSRFToken": ["x", "\xff"],
    "X-Forwarded-For": ["\xff", "1.2.3.4, 5.6.7.8"],
    "Authorization": ["Basic \xff", "Bearer x"],
    "Transfer-Encoding": ["chunked"],
    "Content-Length": ["0"],
}
MULTIPART = "multipart/form-data; boundary=x"
METHODS = [
    "GET",
    "GET",
    "POST",
    "POST",
    "POST",
    "HEAD",
    "OPTIONS",
    "PUT",
    "PATCH",
    "DELETE",
    "TRACE",
    "PROPFIND",
    "X",
]
WORDS = {
    "company": ["acme", "acme", "acme", "globex", "nowhere", "ACME", "sign-in", "a", "x" * 41],
    "slug": ["acme", "globex", "nowhere", "\u00e9"],
    "move": [
        "authorize",
        "resend",
        "cancel-invitation",
        "send-reset",
        "reset-second-factor",
        "unlink",
        "activate",
        "view",
        "edit",
        "x",
        "\u00e9",
    ],
    "which": ["email", "recovery", "x"],
    "token": [
        "1.x",
        "2.swNP3M892mYJYKm7u3rWsdTA1Gpm",
        "x" * 5_000,
        "1.\u00e9",
        "\u0661.x",
        "0.",
        "%00",
        "a b",
    ],
    "filename": ["portal.css", "../../wsgi.py", "\x00", "x" * 300],
}


def addresses(app) -> list[Any]:
    """Return every rule of the portal."""
    return [rule for rule in app.url_map.iter_rules() if rule.endpoint != "static"]


def address(rule: Any, dice: random.Random) -> str:
    """Return an address of `rule` with something in its variable parts, fitting or not."""
    parts = []
    for is_dynamic, part in rule._trace:
        if not is_dynamic:
            parts.append(part.lstrip("|"))
        elif part in WORDS:
            parts.append(dice.choice(WORDS[part]))
        else:
            parts.append(dice.choice([*(str(n) for n in range(1, 30)), *NASTY[:30]]))
    return "".join(parts) or "/"


def wire(path: str) -> str:
    """Return `path` as WSGI hands it over: its bytes, each as one character."""
    return path.encode("utf-8", "surrogatepass").decode("latin-1")


def requests(app, dice: random.Random) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield requests without end: any rule, any method, any fields, any headers."""
    rules = addresses(app)
    while True:
        path = address(dice.choice(rules), dice)
        if dice.random() < 0.1:
            path = "/" + dice.choice(NASTY) + dice.choice(["", "/", "//", "/.."]) + path
        form: dict[str, Any] = {}
        for name in dice.sample(FIELDS, dice.randint(0, 12)):
            values = [dice.choice(NASTY) for _ in range(dice.choice([1, 1, 1, 3]))]
            form[name] = values if len(values) > 1 else values[0]
        query = {dice.choice(FIELDS): dice.choice(NASTY) for _ in range(dice.randint(0, 4))}
        names = dice.sample(sorted(HEADERS), dice.choice([0, 0, 1, 1, 2, 4]))
        headers = {name: dice.choice(HEADERS[name]) for name in names}
        yield path, {"method": dice.choice(METHODS), "data": form, "query_string": query, "headers": headers}


def assert_sensible(answer, what: Any) -> None:
    """Check that an answer is one: below 500, and with a sentence where it refuses."""
    assert answer.status_code < 500, (answer.status_code, what)
    if answer.status_code >= 400 and answer.request.method != "HEAD" and answer.status_code != 401:
        assert len(answer.text) > 20, (answer.status_code, what)
        assert "Traceback" not in answer.text, what


@pytest.fixture
def people(town, browser):
    """A stranger and somebody of every kind, signed in, with a token that is right."""
    opened = [
        browser(),
        *(browser(each) for each in (town.mia, town.ed, town.pam, town.nora, town.ted, town.duo)),
    ]
    return [(each, each.token()) for each in opened]


def send(person, token: str, path: str, what: dict[str, Any]) -> Any:
    """Send one request, with the token in it unless it brings its own."""
    data = {"csrf_token": token, **what["data"]} if what["method"] == "POST" else None
    environ = {"PATH_INFO": wire(path)}
    if "Cookie" in what["headers"]:
        return person.client.application.test_client(use_cookies=False).open(
            "/", **{**what, "data": data}, environ_overrides=environ
        )
    return person.client.open("/", **{**what, "data": data}, environ_overrides=environ)


class TestAnything:
    """Bad input, T16, T17, T76: every rule, method, field and header, at random but the same each time."""

    @pytest.mark.parametrize("seed", range(count(1, 8)))
    def test_no_answer_of_500_or_above(self, app, people, seed):
        dice = random.Random(seed)
        for number, (path, what) in enumerate(requests(app, dice)):
            if number == count(200, 2_500):
                break
            person, token = dice.choice(people)
            assert_sensible(send(person, token, path, what), (path, what))

    def test_every_rule_with_every_nasty_value(self, app, people):
        """Each rule once as a page, once as a part, once as a form whose every field is nasty."""
        dice = random.Random(7)
        person, token = people[1]
        for rule in addresses(app)[:: count(3, 1)]:
            for value in dice.sample(NASTY, count(1, len(NASTY))):
                everything = {name: value for name in FIELDS if name not in ("csrf_token", "q")}
                for headers in ({}, {"HX-Request": "true"}):
                    path = address(rule, random.Random(1))
                    asked = {"method": "GET", "data": {}, "query_string": everything, "headers": headers}
                    posted = {"method": "POST", "data": everything, "query_string": {}, "headers": headers}
                    if value != "x" * 70_000:
                        assert_sensible(send(person, token, path, asked), (path, asked))
                    if rule.endpoint != "sign_in.sign_out":
                        assert_sensible(send(person, token, path, posted), (path, posted))


@pytest.fixture
def form_of(town, browser):
    """Sends one of the portal's forms with one field changed."""
    mia, stranger = browser(town.mia), browser()
    tokens = {mia: mia.token(), stranger: stranger.token()}
    base = {"first_name": "Kim", "last_name": "Fresh", "email": "", "access": "none"}
    forms = {
        "add": (mia, "/acme/contacts/new", base),
        "edit": (mia, f"/acme/contacts/{town.ava.id}/edit", base | {"version": "1"}),
        "link": (
            mia,
            f"/acme/contacts/{town.ola.id}/properties",
            {"scope": "property", "confirm_empty": "y"},
        ),
        "profile": (mia, "/profile", {"first_name": "Mia", "last_name": "Stone"}),
        "sign in": (stranger, "/sign-in", {"identity": "x", "password": "y"}),
        "forgot": (stranger, "/forgot", {"email": "x@y.example"}),
    }

    def post(form: str, **values):
        person, path, fields = forms[form]
        return person.post(path, {**fields, **values, "csrf_token": tokens[person]}, token=False)

    return post


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
ONE_FIELD = [
    ("add", "first_name"),
    ("add", "phone"),
    ("add", "email"),
    ("add", "form_key"),
    ("add", "shown"),
    ("add", "roles"),
    ("edit", "version"),
    ("edit", "notes"),
    ("link", "properties"),
    ("profile", "company"),
    ("sign in", "identity"),
    ("sign in", "next"),
    ("forgot", "email"),
]


@pytest.mark.parametrize(("form", "field"), ONE_FIELD)
def test_any_text_in_a_field(form_of, form, field):
    """Bad input: Hypothesis writes what nobody would think of into one field of a form that is right."""

    @settings(
        max_examples=count(10, 1_000),
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )
    @given(TEXT)
    def write(value):
        assert form_of(form, **{field: value}).status_code < 500

    write()


class TestSizes:
    """Limits of reliability.md: a body of 1 MB, 1,000 parts, a search of 100 letters."""

    PLACES = ("/sign-in", "/acme/contacts/new", "/profile", "/forgot")

    @pytest.mark.parametrize("path", PLACES)
    @pytest.mark.parametrize("htmx", [False, True])
    def test_two_megabytes(self, town, browser, path, htmx):
        mia = browser(town.mia)
        answer = mia.post(path, {"notes": "x" * 2_000_000}, htmx=htmx)
        assert answer.status_code == 413
        assert len(answer.text) > 100

    @pytest.mark.parametrize("path", PLACES)
    def test_a_file_of_two_megabytes(self, town, browser, path):
        part = b'--x\r\nContent-Disposition: form-data; name="notes"; filename="big.txt"\r\n\r\n'
        body = part + b"x" * 2_000_000 + b"\r\n--x--\r\n"
        answer = browser(town.mia).client.post(path, data=body, content_type=MULTIPART)
        assert answer.status_code == 413

    @pytest.mark.parametrize("path", PLACES)
    def test_ten_thousand_fields(self, town, browser, path):
        mia = browser(town.mia)
        fields = {f"field{n}": "x" for n in range(10_000)} | {"csrf_token": mia.token()}
        part = '--x\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
        body = "".join(part.format(*field) for field in fields.items()) + "--x--\r\n"
        parts = mia.client.post(path, data=body.encode(), content_type=MULTIPART)
        assert parts.status_code in (400, 413)
        assert mia.post(path, fields, token=False).status_code in (400, 413)

    def test_ten_thousand_values_of_one_field(self, town, browser, reading):
        mia = browser(town.mia)
        token = mia.token()
        for name in ("roles", "permissions", "properties", "email"):
            form = {"first_name": "Kim", "last_name": "Fresh", "access": "none", "csrf_token": token}
            answer = mia.post("/acme/contacts/new", form | {name: ["1"] * 10_000}, token=False)
            assert answer.status_code in (400, 413), name
        with reading():
            assert db.session.scalars(db.select(Contact).where(Contact.first_name == "Kim")).all() == []

    def test_long_addresses(self, town, browser):
        mia = browser(town.mia)
        for path in ("/acme/contacts?q=" + "x" * 60_000, "/acme/contacts/" + "9" * 5_000, "/" + "a/" * 3_000):
            assert_sensible(mia.get(path), path[:50])

    def test_a_thousand_parameters(self, town, browser):
        query = "&".join(f"q={n}&status={n}&after={n}" for n in range(1_000))
        assert browser(town.mia).get(f"/acme/contacts?{query}").status_code == 200


class TestShapes:
    """Bad input: JSON, wrong methods, wrong types, repeated parameters."""

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"{}",
            b"[]",
            b"[1,2]",
            b"null",
            b"1",
            b'"x"',
            b"{",
            b"\xff",
            b'{"email": 5}',
            b'{"email": {"a": 1}}',
            b'{"identity": ["a"], "password": null}',
        ],
    )
    def test_json(self, town, browser, body):
        mia = browser(town.mia)
        token = mia.token()
        for path in (
            "/sign-in",
            "/forgot",
            "/terms",
            "/profile",
            "/acme/contacts/new",
            f"/acme/contacts/{town.ava.id}/edit",
        ):
            answer = mia.client.post(
                path, data=body, content_type="application/json", headers={"X-CSRFToken": token}
            )
            assert 400 <= answer.status_code < 500, path

    @pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "BREW"])
    def test_methods(self, town, browser, method):
        mia = browser(town.mia)
        token = mia.token()
        for path in (
            "/sign-in",
            "/acme/contacts",
            f"/acme/contacts/{town.ava.id}",
            f"/acme/contacts/{town.ava.id}/delete",
        ):
            answer = mia.client.open(path, method=method, headers={"X-CSRFToken": token})
            assert answer.status_code == 405, path
            assert answer.headers["Allow"]

    def test_repeated_parameters(self, town, browser):
        mia = browser(town.mia)
        query = "q=ann&q=mia&status=pending&status=active&sort=name&sort=x&dir=asc&dir=desc&after=&after=x"
        assert mia.get(f"/acme/contacts?{query}").status_code == 200
        form = {
            "first_name": ["Kim", "Other"],
            "last_name": ["A", "B"],
            "email": "",
            "access": ["none", "portal"],
        }
        assert mia.post("/acme/contacts/new", form).status_code in (303, 422)

    def test_halves_of_characters_in_addresses(self, town, browser):
        """T76: bytes that are no UTF-8, lone surrogates among them."""
        mia = browser(town.mia)
        for raw in (
            "/acme/contacts/\xed\xa0\x80",
            "/\xff\xfe",
            "/acme/\xc0\xaf",
            "/\xf0\x9f",
            "/invitations/1.\xed\xa0\x80",
        ):
            for method in ("GET", "POST"):
                answer = mia.client.open("/", method=method, environ_overrides={"PATH_INFO": raw})
                assert 400 <= answer.status_code < 500, raw
        for raw in ("q=%ED%A0%80", "q=%FF", "q=%", "q=%zz", "after=%ED%A0%80", "&&&=", "q[]=1"):
            assert mia.get(f"/acme/contacts?{raw}").status_code == 200, raw

    @pytest.mark.parametrize("path", ["/acme/contacts", "/sign-in", "/profile"])
    def test_unreadable_forms(self, town, browser, path):
        mia = browser(town.mia)
        token = mia.token()
        for kind in (
            "multipart/form-data",
            "multipart/form-data; boundary=x",
            "text/plain",
            "application/xml",
            "x/\xff",
            "",
        ):
            answer = mia.client.post(
                path, data=b"--x\r\n\xff\x00", content_type=kind, headers={"X-CSRFToken": token}
            )
            assert_sensible(answer, (path, kind))

    def test_unknown_host_in_every_place(self, town, browser):
        for host in (
            "evil.example",
            "localhost.evil.example",
            "localhost@evil.example",
            "[::1",
            "a b",
            "\xff",
        ):
            stranger = browser()
            stranger.headers["Host"] = host
            for path in ("/", "/sign-in", "/acme/", "/brand.css", "/health", "/no-such"):
                assert stranger.get(path).status_code == 400, (host, path)


class TestPages:
    """Architecture 2: every error is a page that says what to do, or a notice where htmx asked."""

    @pytest.mark.parametrize("htmx", [False, True])
    def test_errors_are_pages_or_notices(self, town, browser, htmx):
        mia, bill = browser(town.mia), browser(town.bill)
        found = {
            404: mia.get("/acme/contacts/999999", htmx=htmx),
            403: bill.get("/acme/contacts", htmx=htmx),
            405: mia.get(f"/acme/contacts/{town.ava.id}/resend", htmx=htmx),
            409: mia.post(f"/acme/contacts/{town.ava.id}/resend", htmx=htmx),
            400: mia.post(f"/acme/contacts/{town.ava.id}/authorize", token=False, htmx=htmx),
        }
        for status, answer in found.items():
            assert answer.status_code == status
            assert ("<html" in answer.text) is not htmx
            assert (answer.headers.get("HX-Retarget") == "#toasts") is htmx

    def test_missing_permission_names_whom_to_ask(self, town, browser):
        """P11."""
        page = browser(town.bill).get("/acme/contacts")
        assert page.status_code == 403
        assert "Mia Stone" in page.text

    def test_what_nobody_foresaw(self, app, town, browser):
        """A page with a reference, no stack trace, and the same by htmx; later requests go on."""
        mia = browser(town.mia)
        kept = app.view_functions["well_known.robots"]
        app.view_functions["well_known.robots"] = lambda: 1 / 0
        try:
            for htmx in (False, True):
                answer = mia.get("/robots.txt", htmx=htmx)
                assert answer.status_code == 500
                assert answer.headers["X-Request-Id"] in answer.text
                assert "ZeroDivisionError" not in answer.text
                assert "Traceback" not in answer.text
        finally:
            app.view_functions["well_known.robots"] = kept
        assert mia.get("/acme/").status_code == 200
