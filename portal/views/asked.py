"""What the address of a list asks for: the query string read with allow-lists, and written again."""

from dataclasses import dataclass
from typing import Any

from flask import request, url_for
from werkzeug.datastructures import MultiDict

from portal.queries.paging import COUNTED, LONGEST_SEARCH, Wish


@dataclass(frozen=True)
class Listing:
    """A list that can be searched, narrowed to a view, sorted and paged."""

    views: tuple[str, ...]
    sorts: tuple[str, ...]  # the first is the usual one
    dir: str = "asc"  # which way the usual one runs

    def wish(self, args: MultiDict[str, str] | None = None) -> Wish:
        """Return what the address of this request asks for, or a form with the same fields.

        What makes no sense is as good as not said.
        """
        args = request.args if args is None else args
        sort = args.get("sort", "")
        usual = self.dir if sort not in self.sorts or sort == self.sorts[0] else "asc"
        return Wish(
            q=" ".join(args.get("q", "").replace("\0", " ").split())[:LONGEST_SEARCH],
            view=_one_of(args.get("status", ""), self.views, ""),
            sort=_one_of(sort, self.sorts, self.sorts[0]),
            dir=_one_of(args.get("dir", ""), ("asc", "desc"), usual),
            after=args.get("after", "")[:1_000],
            before=args.get("before", "")[:1_000],
        )

    def address(self, asked: Wish, **changes: str) -> str:
        """Return the address of this list with `changes`; a changed filter starts at the first page."""
        values = {"q": asked.q, "status": asked.view, "sort": asked.sort, "dir": asked.dir}
        if not set(changes) - {"after", "before"}:
            values |= {"after": asked.after, "before": asked.before}
        values |= changes
        if values["sort"] == self.sorts[0] and values["dir"] == self.dir:
            values |= {"sort": "", "dir": ""}
        said = {name: value for name, value in values.items() if value}
        return url_for(request.endpoint or "", **said)  # type: ignore[arg-type]

    def context(self, asked: Wish) -> dict[str, Any]:
        """Return what the templates of every such list need."""
        kept = {"status": asked.view}
        if (asked.sort, asked.dir) != (self.sorts[0], self.dir):
            kept |= {"sort": asked.sort, "dir": asked.dir}
        return {
            "wish": asked,
            "url": lambda **changes: self.address(asked, **changes),
            "kept": {name: value for name, value in kept.items() if value},
            "most": COUNTED,
        }


def _one_of(value: str, allowed: tuple[str, ...], default: str) -> str:
    return value if value in allowed else default
