"""``svartid init``: write a configuration file that explains itself."""

import secrets
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

import typer
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from app.cli.options import DEFAULT
from app.config import Settings, load

HEAD = """\
# Svartid's configuration. Every setting there is stands here with its default; a line that begins
# with "# " and a key is that default. Secrets do not belong here: give them by the environment
# (SVARTID_ and the key's path, two underscores between its parts) or by a ..._file setting.
"""


def init(
    file: Annotated[Path, typer.Argument(help="The file to write.")] = DEFAULT,
    name: Annotated[str | None, typer.Option(help="The desk's name.")] = None,
    address: Annotated[str | None, typer.Option(help="The support address.")] = None,
    phone: Annotated[
        str | None, typer.Option(help="The line for serious faults; empty for none.")
    ] = None,
    imap_host: Annotated[str | None, typer.Option(help="The server mail is fetched from.")] = None,
    smtp_host: Annotated[str | None, typer.Option(help="The server mail is sent by.")] = None,
    username: Annotated[str | None, typer.Option(help="The login at both.")] = None,
    database: Annotated[str, typer.Option(help="The database's address.")] = "sqlite:///svartid.db",
    catch_all: Annotated[
        str | None, typer.Option(help="Who is mailed when a page finds nobody.")
    ] = None,
) -> None:
    """Ask for what is needed and write a commented configuration file and a secret beside it."""
    if file.exists():
        raise typer.BadParameter(f"{file} is there already; remove it or name another.")
    given = {
        "desk.name": name or typer.prompt("The desk's name"),
        "desk.phone": phone if phone is not None else typer.prompt("Phone line", default=""),
        "database.url": database,
    }
    address = address or typer.prompt("The support address")
    imap_host = imap_host or typer.prompt("IMAP server")
    smtp_host = smtp_host or typer.prompt("SMTP server", default=imap_host)
    username = username or typer.prompt("Login name", default=address)
    given["policy.catch_all"] = (
        catch_all
        if catch_all is not None
        else typer.prompt("Who is mailed when a page finds nobody", default="")
    )
    secret_file = file.with_name(file.stem + ".secret")
    given["desk.secret_file"] = secret_file.name
    box = {
        "address": address,
        "imap.host": imap_host,
        "imap.username": username,
        "imap.password_file": "mailbox.password",
        "smtp.host": smtp_host,
        "smtp.username": username,
        "smtp.password_file": "mailbox.password",
    }
    _write_private(secret_file, secrets.token_urlsafe(48))
    file.write_text(document(given, box), encoding="utf-8")
    load(file)
    print(f"Wrote {file} and {secret_file}.")
    print(
        "Put the mailbox's password into mailbox.password beside it, readable by you alone, then:"
    )
    print(f"  svartid migrate --config {file}")
    print(f"  svartid staff add 'Kari Nordmann' kari@example.no --role lead --config {file}")
    print(f"  svartid schedule weekly desk kari@example.no --config {file}")
    print(f"  svartid doctor --config {file}")
    print(f"  svartid serve --config {file}")


def document(given: dict[str, str], box: dict[str, str]) -> str:
    """Return the file's text: what was given as settings, all else as commented defaults."""
    lines = [HEAD]
    for name, field in Settings.model_fields.items():
        part, named = _part_of(field)
        assert part is not None  # noqa: S101 - the settings are made of parts alone
        if name == "mailboxes":
            lines += _table("mailboxes.support", part, box, prefix="")
        elif named:
            lines += _table(f"{name}.NAME", part, {}, prefix="", commented=True)
        else:
            lines += _table(name, part, given, prefix=f"{name}.")
    return "\n".join(lines)


def _table(
    title: str,
    model: type[BaseModel],
    given: dict[str, str],
    *,
    prefix: str,
    commented: bool = False,
) -> list[str]:
    """Return a table's lines, and after it those of the tables within it.

    One that may be left out, and of which nothing was given, is a comment as a whole.
    """
    lines = [f"# [{title}]" if commented else f"[{title}]"]
    within: list[str] = []
    for key, field in model.model_fields.items():
        if _is_secret(field):
            continue
        part, named = _part_of(field)
        if part is not None:
            here = {name for name in given if name.startswith(f"{prefix}{key}.")}
            within += _table(
                f"{title}.{key}.NAME" if named else f"{title}.{key}",
                part,
                given,
                prefix=f"{prefix}{key}.",
                commented=not here,
            )
            continue
        lines.append(f"# {field.description}")
        value = given.get(prefix + key)
        default = field.get_default(call_default_factory=True)
        if value:
            lines.append(f"{key} = {_toml(value)}")
        elif default is None or default is PydanticUndefined:
            lines.append(f"# {key} =")
        else:
            lines.append(f"# {key} = {_toml(default)}")
    return [*lines, "", *within]


def _part_of(field: FieldInfo) -> tuple[type[BaseModel] | None, bool]:
    """Return the part that a setting holds (None for a plain value), and whether it holds many."""
    return _part_in(field.annotation), get_origin(field.annotation) is dict


def _part_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((part for one in get_args(annotation) if (part := _part_in(one))), None)


def _is_secret(field: FieldInfo) -> bool:
    return SecretStr in getattr(field.annotation, "__args__", ())


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, StrEnum):
        return f'"{value.value}"'
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(one) for one in value) + "]"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return str(value)


def _write_private(file: Path, text: str) -> None:
    if file.exists():
        raise typer.BadParameter(f"{file} is there already; remove it or name another.")
    file.touch(mode=0o600)
    file.write_text(text + "\n", encoding="utf-8")
