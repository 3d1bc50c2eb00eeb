"""The commands of `groundswell`, a module for each kind of work."""
