"""How the networks are learned: schedules, state, steps, the loop, checkpoints, devices and what a run writes."""
