"""Runs: plan, trainer, log, replay, resume, summary and export."""
