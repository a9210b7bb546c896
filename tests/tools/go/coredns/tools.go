//go:build tools

// Package tools names the programs that the tests build, so that go.sum pins all they need.
package tools

import (
	_ "github.com/coredns/coredns"
)
