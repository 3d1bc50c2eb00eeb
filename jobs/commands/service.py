"""`serve` and `keys`: who may ask, and where."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Annotated

import typer

from jobs import output
from jobs.commands.context import ACTOR, Json, clock, opened
from service import auth
from service.db.queries import audit
from service.settings import Settings
from service.settings import load as load_settings

keys = typer.Typer(no_args_is_help=True, help="Make, list and revoke API keys.")


def serve(
    host: Annotated[str | None, typer.Option(help="Address; others than loopback need a key.")] = (
        None
    ),
    port: Annotated[int | None, typer.Option(help="Port.")] = None,
) -> None:
    """Serve the page and the API."""
    start(load_settings(), host, port)


def start(settings: Settings, host: str | None, port: int | None) -> None:
    """Serve until stopped; raise Forbidden where others could reach it and no key is there."""
    import uvicorn

    chosen = {"host": host, "port": port}
    settings = settings.model_copy(
        update={name: value for name, value in chosen.items() if value is not None}
    )
    with opened(settings) as context, context.database.read() as session:
        auth.check_binding(session, settings.host, clock())
    # The application reads its own settings, also when a worker process of uvicorn makes it.
    os.environ["GROUNDSWELL_HOST"] = settings.host
    os.environ["GROUNDSWELL_PORT"] = str(settings.port)
    uvicorn.run(
        "service.app:create_app",
        factory=True,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
    )


@keys.command("create")
def create(
    name: Annotated[str, typer.Argument(help="What the key is for; writes are signed with it.")],
    scopes: Annotated[str, typer.Option(help="Comma-separated: read, write, admin.")] = "read",
    days: Annotated[int | None, typer.Option(min=1, help="Days until it expires.")] = None,
    json: Json = False,
) -> None:
    """Make a key and show it, once."""
    now = clock()
    expires = now + timedelta(days=days) if days else None
    wanted = [scope.strip() for scope in scopes.split(",")]
    with opened() as context, context.database.write() as session:
        key = auth.make_key(session, name, wanted, now, expires)
        audit.note(session, now, ACTOR, "key.create", name, {"scopes": wanted})
    if json:
        output.print_json({"name": name, "key": key, "scopes": wanted, "expires_at": expires})
        return
    output.say(key)
    output.complain("This key is shown once: keep it now. Send it as `Authorization: Bearer KEY`.")


@keys.command("list")
def list_keys(json: Json = False) -> None:
    """List the keys; none can be shown again."""
    with opened() as context, context.database.read() as session:
        rows = [
            {
                "name": key.name,
                "prefix": key.prefix,
                "scopes": key.scopes,
                "created_at": key.created_at,
                "expires_at": key.expires_at,
                "revoked_at": key.revoked_at,
                "last_used_at": key.last_used_at,
            }
            for key in auth.list_keys(session)
        ]
    if json:
        output.print_json(rows)
        return
    names = ("name", "prefix", "scopes", "created_at", "expires_at", "revoked_at", "last_used_at")
    output.table("keys", names, [[str(row[name] or "-") for name in names] for row in rows])


@keys.command("revoke")
def revoke(name: Annotated[str, typer.Argument(help="The key's name.")]) -> None:
    """Revoke a key, at once and for ever."""
    now = clock()
    with opened() as context, context.database.write() as session:
        auth.revoke_key(session, name, now)
        audit.note(session, now, ACTOR, "key.revoke", name, {})
    output.say(f"{name} is revoked")
