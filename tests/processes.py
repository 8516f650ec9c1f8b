"""How long tests wait for other processes and threads."""

HANG_SECONDS = 900
"""What takes this long hangs. A limit on a wait is no measure of speed: a busy machine is slow."""
