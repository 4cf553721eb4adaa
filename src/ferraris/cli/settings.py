"""Settings: what an operator says once for all commands.

They come from the environment (`FERRARIS_STS__STA_TABLES`), or from a file in TOML, `ferraris.toml` where the command is run or
the one that `FERRARIS_SETTINGS` names; the environment goes first. An option of a command goes before both.

    [sts]
    sta_tables = "/etc/ferraris/sta.toml"
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from ferraris.cli.limited_text import text_of
from ferraris.kernel.errors import ConfigError, TableError
from ferraris.kernel.tables import read_toml

FILE_VARIABLE: Final = "FERRARIS_SETTINGS"
FILE_NAME: Final = "ferraris.toml"


class StsSettings(BaseModel):
    """Of tokens."""

    model_config = ConfigDict(extra="forbid")

    sta_tables: Path | None = None
    """File with the operator's licensed tables of EA07."""


class Settings(BaseSettings):
    """All of them."""

    model_config = SettingsConfigDict(env_prefix="FERRARIS_", env_nested_delimiter="__", extra="forbid")

    sts: StsSettings = StsSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment before the file, whose values are handed in."""
        return env_settings, init_settings


def read_settings() -> Settings:
    """The settings in force. Raises ConfigError."""
    named = os.environ.get(FILE_VARIABLE)
    path = Path(named or FILE_NAME)
    values: dict[str, Any] = {}
    if named or path.exists():
        try:
            values = read_toml(text_of(path), "the file")
        except TableError as error:
            raise ConfigError(f"{path} holds no settings", expected="TOML", got=str(error)) from None
    try:
        return Settings(**values)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ConfigError(
            f"setting {place}: {first['msg']}", expected="settings as the documentation names them"
        ) from None
