"""What people fill in about work: asking for it, talking about it, cancelling it."""

from flask_wtf import FlaskForm
from wtforms import HiddenField, RadioField, TextAreaField

from portal.forms.fields import TextLine, at_most, clean, filled, one_line, options, several_lines
from portal.words import PRIORITY


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
