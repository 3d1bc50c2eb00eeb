"""Which threads a moderator is shown, and what their verdicts teach: arrays in, decisions out."""
