"""What only a real cluster shows: an installed hub does what its users' guide says."""
