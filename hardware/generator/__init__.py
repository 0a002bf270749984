"""From boards.toml to KiCad projects, netlists, lists and SPICE. Run: python -m hardware.generator"""

REVISION, ISSUED = "1", "2026-11-24"  # of all drawings and boards
