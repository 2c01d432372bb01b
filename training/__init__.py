"""How the networks are trained: schedules, state, steps, the loop, checkpoints, devices and what a run writes."""
