"""From boards.toml to KiCad projects, netlists, lists and SPICE. Run: python -m hardware.generator"""
