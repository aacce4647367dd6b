package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// usage tells how much of the machine was taken by whom.
type usage struct {
	at         time.Time
	busy, ours time.Duration
}

// used is the CPU that everything and that the bench has taken so far: this
// process, the programs it started and waited for, its databases.
func (b *bench) used() (u usage, err error) {
	u.at = time.Now()
	if u.busy, err = busy(); err != nil {
		return u, err
	}
	for _, who := range []int{unix.RUSAGE_SELF, unix.RUSAGE_CHILDREN} {
		var r unix.Rusage
		if err := unix.Getrusage(who, &r); err != nil {
			return u, err
		}
		u.ours += time.Duration(r.Utime.Nano() + r.Stime.Nano())
	}
	u.ours += b.ended
	if b.db != nil {
		database, err := cpu(b.db.pid)
		if err != nil {
			return u, err
		}
		u.ours += database
	}
	return u, nil
}

// others is the part of the machine, from 0 to 1, that somebody else took in between.
func (u usage) others(later usage) float64 {
	whole := later.at.Sub(u.at) * time.Duration(runtime.NumCPU())
	return max(0, float64((later.busy-u.busy)-(later.ours-u.ours))/float64(whole))
}

// busy is the time all cores together were not idle, stolen time included.
func busy() (time.Duration, error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, err
	}
	line, _, _ := strings.Cut(string(text), "\n")
	fields := strings.Fields(line) // cpu user nice system idle iowait irq softirq steal
	if len(fields) < 9 {
		return 0, fmt.Errorf("/proc/stat: %q", line)
	}
	var ticks int
	for i, f := range fields[1:9] {
		n, err := strconv.Atoi(f)
		if err != nil {
			return 0, fmt.Errorf("/proc/stat: %w", err)
		}
		if i != 3 && i != 4 {
			ticks += n
		}
	}
	return time.Duration(ticks) * tick, nil
}
