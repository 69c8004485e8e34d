"""What people fill in about work: asking for it, talking about it, cancelling it, saying where it stands."""

from collections.abc import Mapping
from typing import Any

from flask_wtf import FlaskForm
from wtforms import HiddenField, RadioField, TextAreaField

from portal.forms.fields import TextLine, at_most, clean, filled, one_line, options, several_lines
from portal.forms.figures import DayLine, day
from portal.forms.records import RecordForm
from portal.words import PRIORITY, WORK_STATUS


class WorkOrderForm(FlaskForm):
    """New work. The property is an id from a list, or a name typed where there are too many for a list."""

    property = HiddenField()
    place = TextLine("Property", [at_most(100)])
    # The page's head is called "title" already.
    title = TextLine(
        "Title", [filled("Say in a few words what is to be done."), at_most(120), one_line], id="what"
    )
    description = TextAreaField("Description", [at_most(5_000), several_lines], filters=[clean])
    priority = RadioField(
        "Priority",
        choices=options(*((value, label) for value, (label, _line) in PRIORITY.items())),
        default="normal",
    )
    form_key = HiddenField("", [at_most(40)])


class CommentForm(FlaskForm):
    """Something to say about a work order."""

    text = TextAreaField(
        "Comment", [filled("Write a comment."), at_most(2_000), several_lines], filters=[clean]
    )


class CancelForm(FlaskForm):
    """Why a work order is no longer wanted."""

    reason = TextAreaField("Reason", [at_most(500), several_lines], filters=[clean])


class StatusForm(RecordForm):
    """Where a work order stands, for the vendor: its status, the day of the visit, and a note on it."""

    status = RadioField("Status", choices=options(*WORK_STATUS.items()))
    visit_on = DayLine("Visit", [day])
    note = TextAreaField("Note", [at_most(2_000), several_lines], filters=[clean])

    def differences(self, known: Mapping[str, Any]) -> list[dict[str, str]]:
        """Return what was chosen beside what is `known` now, in words."""
        said = {str(status): word for status, word in WORK_STATUS.items()}
        found = super().differences(known)
        return [{name: said.get(value, value) for name, value in each.items()} for each in found]
