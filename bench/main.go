package main

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// bench is one run of the harness.
type bench struct {
	root, dir string // the repository; where logs and databases lie
	binary    string // the built program
	self      string // this program, for the ones beside
	rounds    int
	span      time.Duration // of one measurement of one side
	accounts  int
	profile   bool
	table     table
	db        *server
	ended     time.Duration // CPU of databases that have been stopped
}

type stage struct {
	name string
	run  func(*bench) error
}

var stages = []stage{
	{"envelope", (*bench).envelopes},
	{"steady", (*bench).steady},
	{"push", (*bench).pushEndpoint},
	{"flush", (*bench).slowFlushes},
	{"send", (*bench).sending},
	{"receipts", (*bench).receipts},
	{"tokens", (*bench).central},
	{"import", (*bench).importing},
	{"renew", (*bench).renewal},
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run() error {
	b := &bench{}
	only := flag.String("only", "", "comma-separated stages; empty means all: "+names())
	listen := flag.String("listen", "", "address of a program beside")
	upstream := flag.String("upstream", "", "where the bare reverse proxy leads")
	takes := flag.Duration("takes", 50*time.Millisecond, "how long the vendor takes for an answer")
	flag.StringVar(&b.dir, "dir", "", "folder for databases and logs, on a disk (default bin/bench)")
	flag.IntVar(&b.rounds, "rounds", 5, "interleaved rounds a stage")
	flag.DurationVar(&b.span, "span", 3*time.Second, "length of one measurement of one side")
	flag.StringVar(&b.binary, "program", "", "program to measure (default: built from ./cmd/wechattpp)")
	flag.IntVar(&b.accounts, "accounts", 100_000, "accounts of the renewal stage")
	flag.BoolVar(&b.profile, "profile", false, "record with perf where the time goes; disturbs the figures")
	flag.Parse()
	switch flag.Arg(0) {
	case "bare":
		return bare(*listen, *upstream)
	case "vendor":
		return serveVendor(*listen, *takes)
	case "sim":
		return serveSimulator(*listen)
	case "":
		return b.measure(*only)
	}
	return fmt.Errorf("%q is none of bare, vendor, sim", flag.Arg(0))
}

func names() string {
	var all []string
	for _, s := range stages {
		all = append(all, s.name)
	}
	return strings.Join(all, ",")
}

// measure runs the chosen stages. One that fails is told and does not stop the
// others, but the run ends with an error.
func (b *bench) measure(only string) error {
	chosen := strings.FieldsFunc(cmp.Or(only, names()), func(r rune) bool { return r == ',' })
	for _, c := range chosen {
		if !slices.ContainsFunc(stages, func(s stage) bool { return s.name == c }) {
			return fmt.Errorf("no stage %q: choose from %s", c, names())
		}
	}
	if err := b.prepare(); err != nil {
		return err
	}
	b.stopOnSignal()
	defer func() { b.stopDB(b.db) }()
	for _, s := range stages {
		if !slices.Contains(chosen, s.name) {
			continue
		}
		if err := b.play(s); err != nil {
			return err
		}
	}
	fmt.Println()
	b.table.markdown(os.Stdout)
	if err := b.table.save(filepath.Join(b.root, "bin")); err != nil {
		return err
	}
	return b.verdict()
}

// quietMachine is the part of the machine that others may take before figures
// by the clock are no longer worth much.
const quietMachine = 0.05

// play runs a stage and tells what others took meanwhile.
func (b *bench) play(s stage) error {
	fmt.Println(s.name)
	before, err := b.used()
	if err != nil {
		return err
	}
	if err := s.run(b); err != nil {
		b.table.Missing = append(b.table.Missing, s.name+": "+err.Error())
		fmt.Fprintf(os.Stderr, "  %s failed: %v\n", s.name, err)
	}
	after, err := b.used()
	if err != nil {
		return err
	}
	others := before.others(after)
	fmt.Printf("  (%s, others took %.0f %% of the machine)\n", after.at.Sub(before.at).Round(time.Second), 100*others)
	if others > quietMachine {
		b.table.Setting = append(b.table.Setting, fmt.Sprintf("The machine was NOT quiet: in stage %s others took %.0f %% of it. Figures by the clock are worse than they would be, those of CPU are nearly right.",
			s.name, 100*others))
	}
	return nil
}

// stopOnSignal takes the databases down with the harness; the other programs
// die with it by themselves.
func (b *bench) stopOnSignal() {
	told := make(chan os.Signal, 1)
	signal.Notify(told, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-told
		for _, name := range []string{commonDB, slowDB} {
			_ = exec.Command(filepath.Join(b.root, ".ci/mariadb"), "stop", filepath.Join(b.dir, name)).Run()
		}
		os.Exit(130)
	}()
}

func (b *bench) verdict() error {
	missed := 0
	for _, r := range b.table.Rows {
		if !r.met() {
			missed++
		}
	}
	if missed > 0 || len(b.table.Missing) > 0 {
		return fmt.Errorf("%d bars missed, %d stages not measured", missed, len(b.table.Missing))
	}
	return nil
}

// prepare finds the places and what a flush costs there.
func (b *bench) prepare() error {
	root, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return err
	}
	b.root = filepath.Dir(strings.TrimSpace(string(root)))
	b.dir = cmp.Or(b.dir, filepath.Join(b.root, "bin", "bench"))
	if b.self, err = os.Executable(); err != nil {
		return err
	}
	if b.dir, err = filepath.Abs(b.dir); err != nil {
		return err
	}
	if err := os.MkdirAll(b.dir, 0o755); err != nil {
		return err
	}
	flush, err := diskFlush(b.dir)
	if err != nil {
		return err
	}
	b.table.Setting = append(b.table.Setting, fmt.Sprintf("%s, %s, %d cores shared by everything; a 4 KiB append made durable takes %s here",
		time.Now().UTC().Format("2006-01-02 15:04Z"), runtime.Version(), runtime.NumCPU(), flush.Round(time.Microsecond)))
	return nil
}

// program builds the measured program once.
func (b *bench) program() (string, error) {
	if b.binary != "" {
		return b.binary, nil
	}
	binary := filepath.Join(b.root, "bin", "wechattpp")
	build := exec.Command("go", "build", "-o", binary, "./cmd/wechattpp")
	build.Dir = b.root
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building ./cmd/wechattpp: %w\n%s", err, out)
	}
	b.binary = binary
	return binary, nil
}

// The folders of the databases.
const (
	commonDB = "mariadb"
	slowDB   = "mariadb-slow"
)

// database starts the MariaDB of most stages once.
func (b *bench) database() (*server, error) {
	if b.db != nil {
		return b.db, nil
	}
	db, err := startMariaDB(b.root, filepath.Join(b.dir, commonDB))
	if err != nil {
		return nil, err
	}
	b.db = db
	durable, err := db.durability()
	b.table.Setting = append(b.table.Setting, durable)
	return db, err
}
