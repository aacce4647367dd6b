package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// record runs one side once more under perf, if -profile asks for it, after
// what counts has been measured: where the time goes, and for nobody else's.
func (b *bench) record(name string, s *side, conns int) error {
	if !b.profile {
		return nil
	}
	stop := b.watch(name, s.pids...)
	r, err := s.run(conns, b.span, 0)
	stop()
	if err == nil {
		fmt.Printf("  %s while recorded: %.0f/s, CPU a request %.1f µs\n", name, r.perSecond(), r.perRequest()/1e3)
	}
	return err
}

// watch lets perf look at processes until the answered function is called.
func (b *bench) watch(name string, pids ...int) (stop func()) {
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
