"""`train`: the weights that ship, made again from their data."""
