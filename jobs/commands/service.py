"""`serve` and `keys`: who may ask, and where."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from datetime import timedelta
from typing import Annotated

import typer

from jobs import output
from jobs.commands.context import ACTOR, Json, clock, opened
from service import auth
from service.db.queries import audit
from service.errors import GroundswellError
from service.settings import Settings
from service.settings import load as load_settings

BACKLOG = 2_048
PORT = typer.Option(min=0, max=65_535, help="Port to serve on; 0: any that is free.")

keys = typer.Typer(no_args_is_help=True, help="Make, list and revoke API keys.")


def serve(
    host: Annotated[str | None, typer.Option(help="Address; others than loopback need a key.")] = (
        None
    ),
    port: Annotated[int | None, PORT] = None,
) -> None:
    """Serve the page and the API."""
    start(load_settings(), host, port)


def start(settings: Settings, host: str | None, port: int | None) -> None:
    """Serve until stopped.

    Raise Forbidden where others could reach it and no key is there, and GroundswellError where
    the address cannot be had.
    """
    import uvicorn

    chosen = {"host": host, "port": port}
    settings = settings.model_copy(
        update={name: value for name, value in chosen.items() if value is not None}
    )
    with opened(settings) as context, context.database.read() as session:
        auth.check_binding(session, settings.host, clock())
    with listen(settings.host, settings.port) as listener:
        port = listener.getsockname()[1]
        # The application reads its own settings, also when a worker process of uvicorn makes it.
        os.environ["GROUNDSWELL_HOST"] = settings.host
        os.environ["GROUNDSWELL_PORT"] = str(port)
        config = uvicorn.Config(
            "service.app:create_app",
            factory=True,
            host=settings.host,
            port=port,
            log_config=None,
            access_log=False,
            server_header=False,
        )
        shown = f"[{settings.host}]" if ":" in settings.host else settings.host
        output.complain(
            f"serving on http://{shown}:{port} - the page at /, the API's documentation at /docs; "
            "stop with Ctrl-C"
        )
        with suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listener])


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens; raise GroundswellError where the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        address = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)[0][4]
        return socket.create_server(address, family=family, backlog=BACKLOG)
    except (OSError, UnicodeError) as error:
        # The standard library repeats the address after the reason.
        reason = (getattr(error, "strerror", None) or "no such address").split(" (")[0].lower()
        raise GroundswellError(
            f"cannot serve on {host}, port {port} ({reason}): choose another with --host or --port"
        ) from error


@keys.command("create")
def create(
    name: Annotated[str, typer.Argument(help="What the key is for; writes are signed with it.")],
    scopes: Annotated[str, typer.Option(help="Comma-separated: read, write, admin.")] = "read",
    days: Annotated[
        int | None, typer.Option(min=1, max=36_500, help="Days until it expires.")
    ] = None,
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
