"""How long tests wait for other processes and threads."""

HANG_SECONDS = 900
"""Longer than this is a hang. It does not measure speed: a busy machine is slow."""
