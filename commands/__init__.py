"""The modes: a module each, whose `run(command)` joins the rooms. Imported by `main` only."""
