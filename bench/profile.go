package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// record lets perf watch processes until the answered function is called, and
// writes what costs most beside the logs. Without -profile it does nothing.
func (b *bench) record(name string, pids ...int) (stop func()) {
	if !b.profile {
		return func() {}
	}
	var list []string
	for _, p := range pids {
		list = append(list, strconv.Itoa(p))
	}
	data := filepath.Join(b.dir, name+".perf")
	cmd := exec.Command("perf", "record", "-q", "-e", "cpu-clock", "-F", "499", "-g", "-o", data, "-p", strings.Join(list, ","))
	if err := cmd.Start(); err != nil {
		fmt.Fprintln(os.Stderr, "perf:", err)
		return func() {}
	}
	return func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
		fmt.Printf("  profile: perf report -i %s\n", data)
	}
}
