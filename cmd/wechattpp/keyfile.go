package main

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"wechattpp/crypto"
)

// keySuffix ends the name of the file that holds a SQLite database's master
// keys: one a line, the first one seals, the others open what is not yet sealed
// anew.
const keySuffix = ".key"

// keySource reads the master keys as they are now, the sealing one first.
type keySource func() ([][]byte, error)

// keySource answers how a running process reads its keys again: the file beside
// the database, or the configuration with its KEY_file values. Values of the
// environment and the command line do not change while it runs.
func (c *Config) keySource() keySource {
	return func() (keys [][]byte, err error) {
		now := c
		if c.again != nil {
			if now, err = c.again(); err != nil {
				return nil, err
			}
		}
		if name, ok := now.keyFileName(); ok {
			keys, err = readKeyFile(name)
			return append(keys, now.PreviousMasterKey), err
		}
		if keys = now.configuredKeys(); keys == nil {
			return nil, errors.New("wechattpp_master_key: no longer set")
		}
		return keys, nil
	}
}

// configuredKeys are those of the configuration; nil if there is none.
func (c *Config) configuredKeys() [][]byte {
	if c.MasterKey == nil {
		return nil
	}
	return [][]byte{c.MasterKey, c.PreviousMasterKey}
}

// keyFileName is where the master keys are, unless they are configured.
func (c *Config) keyFileName() (name string, ok bool) {
	path, ok := sqlitePath(c)
	return path + keySuffix, ok && c.MasterKey == nil
}

// readKeyFile reads every key of the file; a missing file is fs.ErrNotExist.
func readKeyFile(name string) (keys [][]byte, err error) {
	content, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("master key: %w", err)
	}
	for n, line := range bytes.Split(bytes.TrimSpace(content), []byte("\n")) {
		key, err := crypto.ParseMasterKey(string(line))
		if err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", name, n+1, err)
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// writeKeyFile replaces the file as a whole: after a crash it holds either the
// former keys or these.
func writeKeyFile(name string, keys [][]byte) error {
	var text []byte
	for _, k := range keys {
		text = append(base64.StdEncoding.AppendEncode(text, k), '\n')
	}
	f, err := os.OpenFile(name+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("master key: %w", err)
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return fmt.Errorf("master key: %w", errors.Join(err, os.Remove(f.Name())))
	}
	return syncFolder(filepath.Dir(name))
}

// lockKeyFile keeps a second rotation out until unlock: each would make a key
// that the other drops. The folder is locked, for the file is replaced.
func lockKeyFile(name string) (unlock func() error, err error) {
	d, err := os.Open(filepath.Dir(name))
	if err != nil {
		return nil, fmt.Errorf("master key: %w", err)
	}
	if err := syscall.Flock(int(d.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(errors.New("another 'keys' command is at work on this key file: let it end"), d.Close())
	}
	return d.Close, nil
}

func newMasterKey() []byte {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails: see its documentation
	return key
}
