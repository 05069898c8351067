"""The environment: what is refused, what it falls back to, and that the README says the same."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from riskspace import settings
from riskspace.errors import SettingsError
from riskspace.settings import Settings, load

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    ("name", "value", "accepted"),
    [
        ("API_PORT", "http", "a whole number from 1 to 65535"),
        ("GRADIO_SERVER_PORT", "0", "a whole number from 1 to 65535"),
        ("REDIS_DB", "16", "a whole number from 0 to 15"),
        ("REDIS_TRIES", "-1", "a whole number from 1 to 1000"),
        ("TRY_SECONDS", "0.01", "a number from 0.05 to 60"),
        ("TRY_SECONDS", "nan", "a number from 0.05 to 60"),
        ("LOGGING_HANDLER", "file", "stdout or redis"),
        ("LOG_LEVEL", "LOUD", "DEBUG, INFO, WARNING, ERROR, CRITICAL"),
        ("LOG_FORMAT", "xml", "text or json"),
        ("ENV", "staging", "development or production"),
        ("RECORD_INPUTS", "perhaps", "true or false"),
        ("API_URL", "ftp://api", "an http:// or https:// address"),
        ("REDIS_HOST", "two words", "a host name or an IP address"),
        *(
            ("CORS_ORIGINS", value, "origins as https://example.org, separated by commas")
            for value in (
                "*",
                "null",
                "example.org",
                "https://*.example.org",
                "https://example.org/page",
                "https://a@example.org",
                "https://example.org, *",
                "https://example.org https://example.com",
                "ftp://example.org",
            )
        ),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_with_what_is_accepted(
    name: str, value: str, accepted: str
) -> None:
    with pytest.raises(SettingsError) as refusal:
        load({name: value})
    assert str(refusal.value) == f"{name}: got '{value}', accepts {accepted}"


def test_every_wrong_variable_is_named_at_once() -> None:
    with pytest.raises(SettingsError) as refusal:
        load({"API_PORT": "x", "ENV": "y"})
    assert [line.split(":")[0] for line in str(refusal.value).splitlines()] == ["API_PORT", "ENV"]


def test_the_environment_wins_over_the_env_file_and_that_over_the_defaults(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("API_PORT=8080\nLOG_LEVEL=DEBUG\n")
    chosen = load(
        {"LOG_LEVEL": "warning", "REDIS_HOST": ""},
        file,
        {"API_PORT": "1", "LOGGING_HANDLER": "redis"},
    )
    assert (chosen.api_port, chosen.log_level, chosen.logging_handler) == (8080, "WARNING", "redis")
    assert chosen.redis_host == "localhost", "an empty variable counts as unset"


def test_an_env_file_that_cannot_be_read_is_refused_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("# ours\nLOG_LEVEL=DEBUG\nAPI_PORT 8080\n")
    with pytest.raises(SettingsError) as refusal:
        load({}, file)
    assert str(refusal.value) == f"{file}: line 3: got no NAME=value, accepts NAME=value"


def test_the_api_s_address_follows_its_port_unless_it_is_given() -> None:
    assert load({"API_PORT": "8080"}).api_url == "http://localhost:8080"
    assert load({"API_PORT": "8080", "API_URL": "http://api:8000/"}).api_url == "http://api:8000"


def test_the_token_is_shown_nowhere() -> None:
    assert "s3cret" not in repr(load({"ADMIN_TOKEN": "s3cret"}))


@pytest.mark.parametrize("token", ["s3cret\n", " s3cret", "s3\ncret", "s3cret\t", "s3cret\udce9"])
def test_a_token_that_no_header_can_carry_is_refused_and_not_shown(token: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        load({"ADMIN_TOKEN": token})
    accepted = "a text without line breaks, and without spaces at its ends"
    assert str(refusal.value) == f"ADMIN_TOKEN: got a value, accepts {accepted}"


def test_origins_are_taken_as_browsers_write_them() -> None:
    chosen = load(
        {"CORS_ORIGINS": "https://Example.org/, http://localhost:80 ,https://[::1]:8443,"}
    )
    assert chosen.origins == ("https://example.org", "http://localhost", "https://[::1]:8443")
    assert load({}).origins == ()
    assert load({"CORS_ORIGINS": ","}).origins == ()


def test_the_shell_reads_back_what_was_validated() -> None:
    chosen = load({"ADMIN_TOKEN": "it's 100% $HOME", "TRY_SECONDS": "0.25"})
    script = f'{settings.as_shell(chosen)}\nprintf "%s|%s" "$ADMIN_TOKEN" "$TRY_SECONDS"'
    output = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert output.stdout == "it's 100% $HOME|0.25"


def test_the_readme_s_table_is_the_code_s() -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \| (.+?) \| (.+?) \| (.+?) \|$", _readme(), re.MULTILINE)
    assert rows == [
        (name.upper(), _default(name), settings.variables()[name.upper()], field.description)
        for name, field in Settings.model_fields.items()
    ]


def _readme() -> str:
    return (ROOT / "README.md").read_text(encoding="utf-8")


def _default(name: str) -> str:
    value = Settings.model_fields[name].default
    if value is None:
        return "unset"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"
