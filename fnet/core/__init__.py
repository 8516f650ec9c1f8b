"""What both engines share: plain data, checks, and the loop on the host. Imports NumPy alone."""
