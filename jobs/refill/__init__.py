"""An empty store filled from the folder that `groundswell export --all` wrote."""
