"""Generate KiCad projects, netlists, lists and SPICE decks from boards.toml. Run: python -m hardware.generator"""

REVISION, ISSUED = "1", "2026-11-24"  # of all drawings and boards
