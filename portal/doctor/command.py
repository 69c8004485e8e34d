"""The commands `flask doctor` and `flask check`."""

import json
import sys
from collections.abc import Sequence

import click
from flask import Flask

from portal import doctor, standing
from portal.doctor.finding import Finding, Result

_SIGNS = {Result.OK: "ok  ", Result.WARN: "warn", Result.FAIL: "FAIL"}


def register(app: Flask) -> None:
    """Give `app` both commands."""
    app.cli.add_command(doctor_command)
    app.cli.add_command(check_command)


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def doctor_command(as_json: bool) -> None:
    """Look at the whole set-up, name what is amiss with its cure; exit with 1 where something must change."""
    found = doctor.examine()
    if as_json:
        click.echo(json.dumps([each.as_json() for each in found], indent=1))
    else:
        _tell(found)
    sys.exit(any(each.result is Result.FAIL for each in found))


def _tell(found: Sequence[Finding]) -> None:
    width = max(len(each.name) for each in found)
    for each in found:
        click.echo(f"{_SIGNS[each.result]}  {each.name:{width}}  {each.words}")
        if each.result is not Result.OK:
            click.echo(f"      {'':{width}}  -> {each.cure}")
    failed = sum(each.result is Result.FAIL for each in found)
    better = sum(each.result is Result.WARN for each in found)
    click.echo(f"\n{len(found)} things looked at, {failed} must change, {better} could be better.")


@click.command("check")
@click.option("--json", "as_json", is_flag=True, help="Print what is broken as JSON.")
def check_command(as_json: bool) -> None:
    """Look for rows that break what must hold at any time; exit with 1 where there are some."""
    found = standing.violations()
    if as_json:
        click.echo(json.dumps([{"rule": each.rule, "words": each.words} for each in found], indent=1))
    else:
        for each in found:
            click.echo(f"FAIL  {each.rule}: {each.words}")
        click.echo(f"{len(standing.RULES)} rules looked at, {len(found)} rows break them.")
    sys.exit(bool(found))
