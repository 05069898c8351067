"""The environment, read in one place, typed, and refused when it makes no sense.

`python -m riskspace.settings [NAME=default ...]` prints the validated settings as shell exports:
`start.sh` reads them there, so that the shell and the programs agree on every default.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Annotated, Any

from dotenv import dotenv_values
from dotenv.parser import parse_stream
from pydantic import (
    AnyHttpUrl,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    TypeAdapter,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_core import PydanticCustomError

from riskspace.errors import SettingsError

_ORIGIN = re.compile(r"(https?)://([a-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?/?")


class LoggingHandler(StrEnum):
    stdout = "stdout"
    redis = "redis"


class LogLevel(StrEnum):
    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"
    CRITICAL = "CRITICAL"


class LogFormat(StrEnum):
    text = "text"
    json = "json"


class Environment(StrEnum):
    development = "development"
    production = "production"


def _http_url(value: object) -> str:
    return str(TypeAdapter(AnyHttpUrl).validate_python(value)).rstrip("/")


def _origins(value: object) -> str:
    """As browsers write them. No `*`: beside what is public there is the log, which port 8000 shows
    to whoever can reach it, and a browser inside a network can."""
    return ",".join(_origin(text.strip()) for text in str(value).split(",") if text.strip())


def _origin(text: str) -> str:
    found = _ORIGIN.fullmatch(text.lower())
    if found is None:
        raise PydanticCustomError("origin", "is no origin")
    scheme, host, port = found.groups()
    usual = {"http": ":80", "https": ":443"}[scheme]
    return f"{scheme}://{host}{port if port and port != usual else ''}"


def _sendable(value: object) -> object:
    """What a header can carry: no line breaks, and no spaces at its ends."""
    if isinstance(value, str) and (value != value.strip() or not value.isprintable()):
        raise PydanticCustomError("token", "can't be sent")
    return value


def _in_any_case(value: object, validate: ValidatorFunctionWrapHandler) -> object:
    try:
        return validate(str(value).upper())
    except ValidationError:
        return validate(value)  # so that it is quoted as it was given


Port = Annotated[int, Field(ge=1, le=65535)]
Host = Annotated[str, Field(min_length=1, max_length=253, pattern=r"^[A-Za-z0-9_.:-]+$")]
Url = Annotated[str, BeforeValidator(_http_url)]
Origins = Annotated[str, BeforeValidator(_origins)]
Token = Annotated[SecretStr, BeforeValidator(_sendable)]

# What a variable accepts, where the type alone doesn't say it.
_ACCEPTED: dict[str, str] = {
    "url_parsing": "an http:// or https:// address",
    "url_scheme": "an http:// or https:// address",
    "string_pattern_mismatch": "a host name or an IP address",
    "string_too_short": "a host name or an IP address",
    "bool_parsing": "true or false",
}


class Settings(BaseModel):
    """Every variable of the product. The field's name in capitals is the variable's name."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    api_host: Host = Field("127.0.0.1", description="where the API listens")
    api_port: Port = Field(8000, description="the API's port")
    web_concurrency: int = Field(
        1, ge=1, le=64, description="processes that answer on the API's port"
    )
    max_in_flight: int = Field(
        768, ge=1, le=100_000, description="requests that a process answers at once, at most"
    )
    api_url: Url = Field("http://localhost:8000", description="where the UI finds the API")
    model_path: Path = Field(Path("models/prediabetes"), description="a model package (folder)")
    redis_host: Host = Field("localhost", description="the store's host")
    redis_port: Port = Field(6379, description="the store's port")
    redis_db: int = Field(0, ge=0, le=15, description="the store's database number")
    redis_logs_max_size: int = Field(1000, ge=1, le=1_000_000, description="log entries kept")
    redis_records_max_size: int = Field(
        50_000, ge=1, le=10_000_000, description="prediction records kept"
    )
    logging_handler: LoggingHandler = Field(
        LoggingHandler.stdout, description="`redis` writes to standard output and to Redis"
    )
    log_level: Annotated[LogLevel, WrapValidator(_in_any_case)] = Field(
        LogLevel.INFO, description="the least level logged"
    )
    log_format: LogFormat = Field(LogFormat.text, description="the shape of a log line")
    env: Environment = Field(
        Environment.development, description="`production` turns off what helps only developers"
    )
    gradio_server_name: Host = Field("0.0.0.0", description="where the UI listens")
    gradio_server_port: Port = Field(7860, description="the public port")
    run_dir: Path = Field(
        Path(".run"), description="the one writable folder: sockets, pid files, Redis's file"
    )
    redis_tries: int = Field(10, ge=1, le=1000, description="tries for Redis at start-up")
    api_tries: int = Field(30, ge=1, le=1000, description="tries for the API, and for the UI")
    try_seconds: float = Field(1, ge=0.05, le=60, description="how long one try lasts")
    record_inputs: bool = Field(
        True, description="keep the inputs of predictions in the record stream"
    )
    admin_token: Token | None = Field(
        None, description="opens the log on the public port; unset means closed there"
    )
    cors_origins: Origins | None = Field(
        None, description="sites whose pages may call the API; unset means none"
    )

    @property
    def production(self) -> bool:
        return self.env is Environment.production

    @property
    def origins(self) -> tuple[str, ...]:
        return tuple(self.cors_origins.split(",")) if self.cors_origins else ()

    @property
    def uses_redis(self) -> bool:
        return self.logging_handler is LoggingHandler.redis


def variables() -> dict[str, str]:
    """Every variable's name, and what it accepts in words."""
    return {name.upper(): _accepted(name) for name in Settings.model_fields}


def load(
    environ: Mapping[str, str],
    env_file: Path | None = None,
    defaults: Mapping[str, str] | None = None,
) -> Settings:
    """The settings of an environment, completed by a `.env` file and then by `defaults`; a
    variable set to the empty string counts as unset. Where the API's port moves and its address
    isn't given, the address follows.

    Raises SettingsError naming each variable, what it got and what it accepts.
    """
    from_file = _read_env_file(env_file) if env_file is not None else {}
    values: dict[str, str | None] = {}
    for source in (defaults or {}, from_file, environ):
        values |= {
            name: source[name.upper()] for name in Settings.model_fields if source.get(name.upper())
        }
    if (values.get("api_port") or "").isdigit():
        values.setdefault("api_url", f"http://localhost:{values['api_port']}")
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise SettingsError("\n".join(_describe(item) for item in error.errors())) from None


def _read_env_file(path: Path) -> dict[str, str | None]:
    if not path.is_file():
        return {}
    text = path.read_text(encoding="utf-8")
    for binding in parse_stream(StringIO(text)):
        if binding.error:
            line = binding.original.line
            raise SettingsError(f"{path}: line {line}: got no NAME=value, accepts NAME=value")
    return dotenv_values(stream=StringIO(text))


def load_or_exit(defaults: Mapping[str, str] | None = None) -> Settings:
    """The settings of this process; prints what is wrong and exits with status 2."""
    try:
        return load(os.environ, Path(".env"), defaults)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(2) from None


def as_shell(settings: Settings) -> str:
    """`export NAME=value` lines, quoted for a POSIX shell."""
    lines = []
    for name, value in settings.model_dump(mode="python").items():
        if value is None:
            continue
        lines.append(f"export {name.upper()}={shlex.quote(_as_text(value))}")
    return "\n".join(lines)


def _as_text(value: object) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}"
    return str(value)


def _describe(item: Any) -> str:
    name = str(item["loc"][0])
    got = "a value" if name == "admin_token" else repr(item["input"])
    accepted = _ACCEPTED.get(item["type"]) or _accepted(name)
    return f"{name.upper()}: got {got}, accepts {accepted}"


@cache
def _schema() -> dict[str, Any]:
    return Settings.model_json_schema()


def _accepted(name: str) -> str:
    schema = _schema()
    field = schema["properties"][name]
    for reference in (field, *field.get("anyOf", ())):
        if "$ref" in reference:
            field = {**field, **schema["$defs"][reference["$ref"].rsplit("/", 1)[1]]}
    if "enum" in field:
        return " or ".join(field["enum"]) if len(field["enum"]) == 2 else ", ".join(field["enum"])
    if field.get("type") == "boolean":
        return "true or false"
    if field.get("type") in {"integer", "number"}:
        kind = "a whole number" if field["type"] == "integer" else "a number"
        return f"{kind} from {field['minimum']:g} to {field['maximum']:.10g}"
    if name.endswith("_url"):
        return "an http:// or https:// address"
    if name.endswith("_origins"):
        return "origins as https://example.org, separated by commas"
    if name.endswith("_token"):
        return "a text without line breaks, and without spaces at its ends"
    if name.endswith(("_path", "_dir")):
        return "a folder"
    if name.endswith(("_host", "_name")):
        return "a host name or an IP address"
    return "a text"


if __name__ == "__main__":
    given = dict(argument.split("=", 1) for argument in sys.argv[1:])
    sys.stdout.write(as_shell(load_or_exit(given)) + "\n")
