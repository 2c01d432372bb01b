"""What the doors do: a module per mode, `run(command) -> exit status`, joining the rooms. Imported by `main` only."""
