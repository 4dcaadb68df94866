// Package freeport hands out TCP ports of the loopback address for servers that
// are configured with one before they listen on it.
//
// A port that the system picks may be given to somebody's outgoing connection
// between the moment it is found free and the moment it is used, and a server
// that is ended and started again finds it taken. So these ports lie below the
// range that systems pick from, and a lock, which ends with the process, keeps
// them from other processes that ask here.
package freeport

import (
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// The ports that are handed out: above those of well-known servers, below those
// of outgoing connections (32768 on Linux, 49152 elsewhere).
const (
	lowest = 12000
	above  = 32000
)

var errTaken = errors.New("port is taken")

// Port returns a port that nobody listens on, and that nobody else is given
// while this process lives.
func Port() (int, error) {
	folder := filepath.Join(os.TempDir(), "pecete-ports-"+strconv.Itoa(os.Getuid()))
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	for range 1000 {
		n, err := rand.Int(rand.Reader, big.NewInt(above-lowest))
		if err != nil {
			return 0, fmt.Errorf("find a free port: %w", err)
		}
		port := lowest + int(n.Int64())
		err = reserve(filepath.Join(folder, strconv.Itoa(port)), port)
		if err == nil {
			return port, nil
		}
		if !errors.Is(err, errTaken) {
			return 0, fmt.Errorf("find a free port: %w", err)
		}
	}
	return 0, errors.New("find a free port: none of a thousand is")
}

// Address is Port as host and port.
func Address() (string, error) {
	port, err := Port()
	if err != nil {
		return "", err
	}
	return loopback(port), nil
}

// reserve locks a port's file; the descriptor stays open on purpose.
func reserve(path string, port int) error {
	fd, err := syscall.Open(path, syscall.O_CREAT|syscall.O_RDWR|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return fmt.Errorf("open lock of port %d: %w", port, err)
	}
	if err := syscall.Flock(fd, syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return errors.Join(errTaken, syscall.Close(fd))
	}
	l, err := net.Listen("tcp", loopback(port))
	if err != nil {
		return errors.Join(errTaken, syscall.Close(fd))
	}
	return l.Close()
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
