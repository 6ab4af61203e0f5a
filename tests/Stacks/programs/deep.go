package main

import (
	"os"
	"runtime"
	"syscall"
)

type corner struct{ price byte }

//go:noinline
func (c *corner) pay() byte {
	var bytes [1]byte
	syscall.Read(0, bytes[:])
	return bytes[0] + c.price
}

//go:noinline
func visit(c *corner) byte {
	return c.pay() + 1
}

func init() {
	runtime.LockOSThread()
}

func main() {
	os.Exit(int(visit(&corner{2})))
}
