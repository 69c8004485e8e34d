"""Contact types and categories: the list in its order, add, rename, move, archive, merge, use again (S6)."""

from typing import Any

from flask import Blueprint, Response, abort, url_for

from portal import htmx, words
from portal.actions.staff import vocabulary as actions
from portal.forms.fields import options
from portal.forms.settings import ArchiveWordForm, WordForm
from portal.models import Category, ContactType
from portal.queries.staff import vocabulary
from portal.queries.staff.vocabulary import Kind, Word
from portal.refusals import FieldRefusal
from portal.staff_gate import acting, demand
from portal.staff_policy import Deed
from portal.templating import say
from portal.transaction import part

_KINDS: dict[str, Kind] = {"contact-types": ContactType, "categories": Category}
_ANY = "<any('contact-types', 'categories'):kind>"
TITLE = {"contact-types": "Contact types", "categories": "Categories"}
_CHANGED = "Somebody else renamed it meanwhile, to {name}. Save again to call it what you typed."
KEEP = "keep"
blueprint = Blueprint("vocabulary", __name__)


@blueprint.route(f"/{_ANY}", methods=["GET", "POST"])
def index(kind: str) -> Response:
    """Show the words of one kind, or add one."""
    demand(Deed.KEEP_SETTINGS)
    form = WordForm()
    if form.validate_on_submit():
        try:
            with part():
                made = actions.add(_KINDS[kind], form.name.data, acting())
        except FieldRefusal as refusal:
            form.name.errors = [refusal.sentence]
        else:
            say(f"{made.name} was added.")
            return htmx.go(url_for(".index", kind=kind))
    entries = vocabulary.entries(_KINDS[kind])
    status = 422 if form.errors else 200
    return htmx.page("staff/settings/words.html", status=status, form=form, entries=entries, **_named(kind))


@blueprint.route(f"/{_ANY}/<id:word_id>", methods=["GET", "POST"])
def rename(kind: str, word_id: int) -> Response:
    """Show one word to rename it; a name that changed meanwhile is not overwritten unseen."""
    demand(Deed.KEEP_SETTINGS)
    word = _find(kind, word_id)
    form = WordForm(data={"name": word.name, "seen": word.name})
    if form.validate_on_submit():
        if form.seen.data != word.name:
            form.name.errors = [_CHANGED.format(name=word.name)]
            form.seen.data, form.seen.raw_data = word.name, None
            return _one(kind, word, form, 409)
        try:
            with part():
                changed = actions.rename(word, form.name.data, acting())
        except FieldRefusal as refusal:
            form.name.errors = [refusal.sentence]
        else:
            say(f"{word.name} was saved." if changed else "Nothing changed.")
            return htmx.go(url_for(".index", kind=kind))
    return _one(kind, word, form, 422 if form.errors else 200)


def _one(kind: str, word: Word, form: WordForm, status: int) -> Response:
    people = vocabulary.people_with(word)
    return htmx.page(
        "staff/settings/word.html", status=status, word=word, form=form, people=people, **_named(kind)
    )


@blueprint.post(f"/{_ANY}/<id:word_id>/<any('up', 'down', 'restore'):move>")
def move(kind: str, word_id: int, move: str) -> Response:
    """Move a word in the order, or use an archived one again."""
    demand(Deed.KEEP_SETTINGS)
    word = _find(kind, word_id)
    if move == "restore":
        actions.restore(word, acting())
        say(f"{word.name} can be chosen again.")
    elif actions.move(word, -1 if move == "up" else 1, acting()):
        say(f"{word.name} was moved {move}.")
    return htmx.go(url_for(".index", kind=kind))


@blueprint.route(f"/{_ANY}/<id:word_id>/archive", methods=["GET", "POST"])
def archive(kind: str, word_id: int) -> Response:
    """Ask where the people of a word go, or archive it."""
    demand(Deed.KEEP_SETTINGS)
    word, form = _find(kind, word_id), ArchiveWordForm()
    there = [each.word for each in vocabulary.entries(_KINDS[kind])]
    actions.demand_spare(word, there)
    others = {str(each.id): each for each in there if each is not word and actions.ordinary(each)}
    form.successor.choices = options(
        (KEEP, f"Keep {word.name}"), *((key, each.name) for key, each in others.items())
    )
    people = vocabulary.people_with(word)
    if form.validate_on_submit():
        chosen = form.successor.data
        moved = actions.archive(word, None if chosen == KEEP else others[chosen], acting())
        then = f" {words.people(moved)} got {others[chosen].name} instead." if moved else ""
        say(f"{word.name} is archived.{then}")
        return htmx.go(url_for(".index", kind=kind))
    context: dict[str, Any] = {"word": word, "form": form, "people": people, **_named(kind)}
    status = 422 if form.errors else 200
    return htmx.page("staff/settings/archive_word.html", block="dialog", status=status, **context)


def _named(kind: str) -> dict[str, Any]:
    return {"kind": kind, "title": TITLE[kind], "called": actions.NAME[_KINDS[kind]]}


def _find(kind: str, word_id: int) -> Word:
    return vocabulary.word_with(_KINDS[kind], word_id) or abort(404)
