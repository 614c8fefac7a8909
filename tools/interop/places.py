"""Where the models are that the interop tests compare."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
GOLDEN = ROOT / "tests" / "golden" / "model"
SHARED = ROOT.parent / "shared"
BASE = ROOT / "models" / "attune-base"

FAMILIES = sorted(p.name for p in GOLDEN.iterdir() if p.is_dir())
ADAPTERS = sorted(str(p.parent.relative_to(GOLDEN)) for p in GOLDEN.glob("*/*/adapter_config.json"))
