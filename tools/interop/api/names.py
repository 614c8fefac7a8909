"""The names under which the tests' server has its tiny base model."""

TINY = "tiny"
SLASHED = "acme/tiny-chat"  # base models are often named owner/name
