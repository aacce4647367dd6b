package main

import (
	_ "embed"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

//go:embed slowflush/slowflush.c
var slowFlushSource []byte

// slowFlush is a preloaded library that delays a server's flushes.
type slowFlush struct {
	env    []string
	shared []byte
}

func buildSlowFlush(dir string) (*slowFlush, error) {
	source, library, words := filepath.Join(dir, "slowflush.c"), filepath.Join(dir, "slowflush.so"), filepath.Join(dir, "slowflush.words")
	if err := os.WriteFile(source, slowFlushSource, 0o644); err != nil {
		return nil, err
	}
	if out, err := exec.Command("gcc", "-O2", "-shared", "-fPIC", "-o", library, source, "-ldl").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("gcc (the stage with slow flushes needs it): %w: %s", err, out)
	}
	if err := os.WriteFile(words, make([]byte, 24), 0o644); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(words, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	shared, err := unix.Mmap(int(f.Fd()), 0, 24, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	return &slowFlush{env: []string{"LD_PRELOAD=" + library, "BENCH_FLUSH=" + words}, shared: shared}, err
}

func (s *slowFlush) delay(d time.Duration) {
	atomic.StoreUint64((*uint64)(unsafe.Pointer(&s.shared[0])), uint64(d.Microseconds()))
}

// calls is how many flushes went through the library.
func (s *slowFlush) calls() int64 {
	return int64(binary.NativeEndian.Uint64(s.shared[8:]) + binary.NativeEndian.Uint64(s.shared[16:]))
}
