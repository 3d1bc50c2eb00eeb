"""Every setting of Groundswell: name, default, help. Each is the variable `GROUNDSWELL_<NAME>`."""

from __future__ import annotations

import difflib
import os
from pathlib import Path

from platformdirs import user_data_path
from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from service.errors import BadSetting

PREFIX = "GROUNDSWELL_"


class Settings(BaseSettings):
    """The settings of one process, read once at its edge and passed in from there."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    data_dir: Path = Field(
        default_factory=lambda: user_data_path("groundswell"),
        description="Folder of the embedded database, the index, rejects and caches.",
    )
    database_url: str | None = Field(
        default=None,
        description="SQLAlchemy URL of another database; left out, SQLite in the data folder.",
    )
    encoder: str = Field(
        default="all-MiniLM-L6-v2",
        description=(
            "`all-MiniLM-L6-v2` (packaged), any sentence-transformers name or folder, or "
            "`hashing` (a small deterministic encoder for tests)."
        ),
    )
    heads_dir: Path | None = Field(
        default=None,
        description="Folder with weights of one's own, as `train` writes them.",
    )
    threads: int = Field(
        default=0, ge=0, le=256, description="Threads of the encoder; 0: every core."
    )
    judges: str = Field(
        default="packaged",
        pattern="^(packaged|lists|none)$",
        description=(
            "What judges posts: `packaged` (small models), `lists` (words that a person can count, "
            "for tests), or `none`."
        ),
    )
    sentiment_model: str | None = Field(
        default=None,
        description=(
            "Text classifier that judges sentiment, by its Hugging Face name or folder; left out, "
            "the packaged one."
        ),
    )
    sentiment_labels: str | None = Field(
        default=None,
        description="What the labels of that model mean: `theirs=ours,theirs=-` (`-` drops one).",
    )
    emotion_model: str | None = Field(
        default=None,
        description=(
            "Text classifier that judges emotion, by its Hugging Face name or folder; left out, "
            "the packaged one."
        ),
    )
    emotion_labels: str | None = Field(
        default=None,
        description="What the labels of that model mean: `theirs=ours,theirs=-` (`-` drops one).",
    )
    hostility_model: str | None = Field(
        default=None,
        description=(
            "Text classifier that judges hostility, by its Hugging Face name or folder; left out, "
            "the packaged one."
        ),
    )
    hostility_labels: str | None = Field(
        default=None,
        description="What the labels of that model mean: `theirs=ours,theirs=-` (`-` drops one).",
    )
    intent_model: str | None = Field(
        default=None,
        description=(
            "Text classifier that judges intent, by its Hugging Face name or folder; left out, "
            "the packaged one."
        ),
    )
    intent_labels: str | None = Field(
        default=None,
        description="What the labels of that model mean: `theirs=ours,theirs=-` (`-` drops one).",
    )
    judge_confidence: float = Field(
        default=0.4, ge=0, le=1, description="Below this probability a judgement abstains."
    )
    max_post_chars: int = Field(
        default=262_144, ge=1_000, description="Longer posts are cut here and marked as cut."
    )
    keep_raw: bool = Field(
        default=True,
        description="Whether the items that posts are read from are kept as they came.",
    )
    stale_after_days: int = Field(
        default=2,
        ge=0,
        description="An archive whose newest post is older is looked at as of that post.",
    )
    alert_budget: float = Field(
        default=4.0,
        gt=0,
        le=1_000,
        description="At most so many false alerts in 30 days, over every topic that is tested.",
    )
    flag_budget: float = Field(
        default=2.0,
        gt=0,
        le=1_000,
        description="Threads a day that moderators can read: about so many are flagged.",
    )
    identity_rule: str = Field(
        default="none",
        pattern="^(none|verified-email)$",
        description=(
            "What `identities suggest` merges by itself: `none`, or `verified-email`, new pairs "
            "whose address both platforms vouch for."
        ),
    )
    host: str = Field(default="127.0.0.1", description="Address that `serve` listens on.")
    port: int = Field(default=8000, ge=0, le=65_535, description="Port that `serve` listens on.")
    log_format: str = Field(
        default="auto",
        pattern="^(auto|console|json)$",
        description="`console`, `json`, or `auto`: console on a terminal and JSON elsewhere.",
    )
    encode_tokens: int = Field(
        default=2_048, ge=256, description="Word pieces per batch of the encoder."
    )
    discourse_token: SecretStr | None = Field(
        default=None, description="API key that `sync discourse` reads with; left out, as a guest."
    )
    discourse_user: str | None = Field(
        default=None, description="Username that the Discourse API key acts as."
    )
    github_token: SecretStr | None = Field(
        default=None, description="Token that `sync github` reads with; discussions need one."
    )
    stackexchange_token: SecretStr | None = Field(
        default=None, description="Application key of `sync stackexchange`: a larger daily quota."
    )
    zulip_token: SecretStr | None = Field(
        default=None, description="API key that `sync zulip` reads with."
    )
    zulip_user: str | None = Field(
        default=None, description="E-mail address of the bot or user of the Zulip API key."
    )
    slack_token: SecretStr | None = Field(
        default=None, description="Bot token that `sync slack` reads with."
    )
    discord_token: SecretStr | None = Field(
        default=None, description="Bot token that `sync discord` reads with."
    )
    discourse_secret: SecretStr | None = Field(
        default=None,
        description="Secret that signs webhooks of Discourse; left out, none is taken.",
    )
    github_secret: SecretStr | None = Field(
        default=None, description="Secret that signs webhooks of GitHub; left out, none is taken."
    )
    slack_secret: SecretStr | None = Field(
        default=None, description="Signing secret of the Slack app; left out, no event is taken."
    )
    llm_url: str | None = Field(
        default=None,
        description=(
            "Root of an OpenAI-compatible API, such as http://127.0.0.1:11434/v1, that may name "
            "topics; left out, no post leaves this machine."
        ),
    )
    llm_model: str = Field(default="", description="Model of that API that names topics.")
    llm_key: SecretStr | None = Field(default=None, description="Key of that API.")
    llm_timeout: float = Field(
        default=20, gt=0, le=600, description="Seconds that one answer of it may take."
    )

    @property
    def url(self) -> str:
        """The SQLAlchemy URL in force."""
        return self.database_url or f"sqlite:///{self.data_dir / 'groundswell.sqlite3'}"

    @property
    def index_dir(self) -> Path:
        """Folder that holds the generations of the vector index."""
        return self.data_dir / "index"

    @property
    def rejects_dir(self) -> Path:
        """Folder that holds the records that imports refused."""
        return self.data_dir / "rejects"


def load() -> Settings:
    """Return the settings of this process's environment; raise BadSetting naming the variable."""
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    for name in os.environ:
        if name.startswith(PREFIX) and name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise BadSetting(f"{name} is no setting of Groundswell{hint}")
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = f"{PREFIX}{str(first['loc'][0]).upper()}"
        raise BadSetting(f"{name}: {first['msg']}") from error
