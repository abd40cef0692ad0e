"""What a replica is told of a store: points of everything, and the keeper of what was told."""
