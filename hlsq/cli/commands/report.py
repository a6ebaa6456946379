"""``hlsq report``."""

from __future__ import annotations

import click

import hlsq
from hlsq.cli.console import echo
from hlsq.cli.group import main
from hlsq.cli.paths import OUTPUT_FILE, PROJECT


@main.command()
@click.argument("project", type=PROJECT)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@click.option("--html", "html", type=OUTPUT_FILE, metavar="FILE", help="Write a page instead.")
def report(project: str, as_json: bool, html: str | None) -> None:
    """Print formats, memory and processing elements of every block of PROJECT.

    \b
    Examples:
      hlsq report build/net
      hlsq report build/net --json | python -m json.tool
      hlsq report build/net --html report.html
    """
    if as_json and html:
        raise click.UsageError("--json and --html exclude each other.")
    found = hlsq.load_project(project).report()
    if html:
        found.to_html(html)
        echo(html)
    else:
        echo(found.to_json() if as_json else str(found))
