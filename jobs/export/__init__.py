"""What a community has, written to files that others and Groundswell itself can read."""
