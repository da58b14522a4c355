"""Search a spec's options with equal budgets: trials of each arm by validation error, and what they may claim."""
