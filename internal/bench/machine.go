package main

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// tick is the unit of the processor times in /proc (sysconf CLK_TCK).
const tick = 10 * time.Millisecond

// busy is how long the processors of the machine have worked for anybody, and
// how long they were taken away from it.
func busy() (time.Duration, error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, err
	}
	line, _, _ := strings.Cut(string(text), "\n")
	fields := strings.Fields(line) // cpu user nice system idle iowait irq softirq steal …
	if len(fields) < 9 {
		return 0, fmt.Errorf("/proc/stat begins with %q", line)
	}
	var sum time.Duration
	for i, field := range fields[1:9] {
		const idle, iowait = 3, 4
		if i == idle || i == iowait {
			continue
		}
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("/proc/stat: %w", err)
		}
		sum += time.Duration(n) * tick
	}
	return sum, nil
}

// worked is the processor time of a process.
func worked(pid int) (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	// The name is in brackets and may hold anything; utime and stime are the
	// 14th and 15th field.
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 13 {
		return 0, fmt.Errorf("/proc/%d/stat is short", pid)
	}
	var sum time.Duration
	for _, field := range fields[11:13] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("/proc/%d/stat: %w", pid, err)
		}
		sum += time.Duration(n) * tick
	}
	return sum, nil
}

// workedHere is the processor time of this process, finer than worked.
func workedHere() (time.Duration, error) {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0, err
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()), nil
}

// memory is what a process has in the machine's memory, in MB, and how much of
// that is not of a file.
func memory(pid int) (resident, private float64, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line) // VmRSS: 12345 kB
		if len(fields) != 3 {
			continue
		}
		n, _ := strconv.ParseFloat(fields[1], 64)
		switch fields[0] {
		case "VmRSS:":
			resident = n * 1024 / 1e6
		case "RssAnon:":
			private = n * 1024 / 1e6
		}
	}
	if resident == 0 {
		return 0, 0, fmt.Errorf("/proc/%d/status does not tell of memory", pid)
	}
	return resident, private, nil
}

// A gauge measures a stretch of time: how long it took, what this process and
// the server's worked meanwhile, and what strangers took of the machine.
type gauge struct {
	server int   // pid, 0 for none
	ours   []int // pids of all the programs of this run but this

	began              time.Time
	all, here, at, own time.Duration
}

// A stretch is what a gauge read.
type stretch struct {
	took         time.Duration
	here, server time.Duration // processor time
	strangers    float64       // their share of all processors
}

func (g *gauge) read() (all, here, at, own time.Duration, err error) {
	if all, err = busy(); err != nil {
		return
	}
	if here, err = workedHere(); err != nil {
		return
	}
	own = here
	for _, pid := range g.ours {
		d, err := worked(pid)
		if err != nil {
			return 0, 0, 0, 0, err
		}
		if own += d; pid == g.server {
			at = d
		}
	}
	return all, here, at, own, nil
}

func (g *gauge) start() (err error) {
	g.all, g.here, g.at, g.own, err = g.read()
	g.began = time.Now()
	return err
}

func (g *gauge) stop() (stretch, error) {
	took := time.Since(g.began)
	all, here, at, own, err := g.read()
	if err != nil {
		return stretch{}, err
	}
	s := stretch{took: took, here: here - g.here, server: at - g.at}
	strangers := (all - g.all) - (own - g.own)
	s.strangers = max(0, strangers.Seconds()/(took.Seconds()*float64(runtime.NumCPU())))
	return s, nil
}
