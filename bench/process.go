package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a program beside this one. Its output goes to a file, which the
// error of a process that dies too early quotes.
type process struct {
	name string
	cmd  *exec.Cmd
	log  string
	end  chan error
}

// start runs a program with the given environment and nothing else of ours but
// the paths, so that a developer's own settings do not change a figure.
func start(dir, name, program string, env []string, args ...string) (*process, error) {
	p := &process{name: name, log: dir + "/" + name + ".log", end: make(chan error, 1)}
	out, err := os.Create(p.log)
	if err != nil {
		return nil, err
	}
	defer func() { _ = out.Close() }()
	p.cmd = exec.Command(program, args...)
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = dir, out, out
	p.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}, env...)
	// A harness that is killed must not leave loads running.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	go func() { p.end <- p.cmd.Wait() }()
	return p, nil
}

// stop asks the process to end and kills it after 30 seconds.
func (p *process) stop() {
	if p == nil {
		return
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.end:
	case <-time.After(30 * time.Second):
		fmt.Fprintf(os.Stderr, "%s did not stop within 30 s and is killed\n", p.name)
		_ = p.cmd.Process.Kill()
		<-p.end
	}
	p.end <- nil
}

// until waits for ready at most for limit, and ends early when the process does.
func (p *process) until(limit time.Duration, ready func() error) error {
	var err error
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if err = ready(); err == nil {
			return nil
		}
		select {
		case died := <-p.end:
			p.end <- died
			return fmt.Errorf("%s ended (%v): %s", p.name, died, p.tail())
		default:
		}
	}
	return fmt.Errorf("%s is not ready after %s: %w\n%s", p.name, limit, err, p.tail())
}

func (p *process) tail() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-2000):])
}

func (p *process) pid() int { return p.cmd.Process.Pid }

const tick = time.Second / 100 // USER_HZ, on every Linux of today

// cpu is what processes have used so far, all threads, in user and in system.
func cpu(pids ...int) (time.Duration, error) {
	var sum time.Duration
	for _, pid := range pids {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			return 0, err
		}
		fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:])) // from "state", the third
		user, err1 := strconv.Atoi(fields[11])
		system, err2 := strconv.Atoi(fields[12])
		if err := errors.Join(err1, err2); err != nil {
			return 0, err
		}
		sum += time.Duration(user+system) * tick
	}
	return sum, nil
}

// memory reads a line of /proc/pid/status, VmRSS or VmHWM, in bytes.
func memory(pid int, line string) (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, rest, ok := strings.Cut(string(status), line+":")
	fields := strings.Fields(rest)
	if !ok || len(fields) == 0 {
		return 0, fmt.Errorf("no %s of process %d", line, pid)
	}
	kib, err := strconv.ParseInt(fields[0], 10, 64)
	return kib << 10, err
}

// quiet waits, at most for limit, until the processes use less than a tenth of
// a core: what a load left behind has then been worked off.
func quiet(limit time.Duration, pids ...int) error {
	const look = 500 * time.Millisecond
	before, err := cpu(pids...)
	for end := time.Now().Add(limit); err == nil && time.Now().Before(end); {
		time.Sleep(look)
		var now time.Duration
		if now, err = cpu(pids...); now-before < look/10 {
			return err
		}
		before = now
	}
	if err != nil {
		return err
	}
	return fmt.Errorf("still at work after %s", limit)
}
