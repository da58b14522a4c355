"""What a network and a run cost: parameters, MACs, memory, seconds."""
