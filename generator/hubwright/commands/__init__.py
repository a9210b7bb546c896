"""The commands: one module each, which owns its arguments and returns an exit code."""
