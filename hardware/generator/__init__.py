"""Generate KiCad projects, netlists, lists and SPICE decks from boards.toml. Run: python -m hardware.generator"""

REVISION, ISSUED = "2", "2026-11-27"  # of all drawings and boards
