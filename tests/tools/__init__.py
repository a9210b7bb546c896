"""Builds the Go programs that tests need, from the Go module proxy, pinned by go.sum, outside the tree by version."""
