"""What the doors do: a module per mode, whose `run(command)` joins the rooms. Imported by `main` only."""
