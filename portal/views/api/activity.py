"""The activity over the API: read on from the last id, over all companies or of one (S7)."""

from dataclasses import replace

from portal.guards import actor
from portal.models import ApiScope
from portal.queries import feed
from portal.shapes.activity import ActivityAsked, ActivityPage
from portal.views.api import shown
from portal.views.api.operations import Operation, Reply


@Operation("GET", "/activity", ApiScope.ACTIVITY_READ, ActivityPage, asked=ActivityAsked)
def read_on(asked: ActivityAsked) -> Reply:
    """Read on in the activity, the oldest first; ask again with the `after` of the answer."""
    who = replace(actor(), company_id=asked.company_id)
    rows = feed.activity(who, asked.after, asked.limit)
    kept = rows[: asked.limit]
    last = kept[-1].id if kept else asked.after
    items = [shown.event(each) for each in kept]
    return Reply(ActivityPage(items=items, after=last, more=len(rows) > asked.limit))
