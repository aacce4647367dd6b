package simulator

import (
	"hash/maphash"
	"strconv"
	"sync"
	"time"
)

const (
	dedupShards = 32
	dedupFor    = 10 * time.Minute
	dedupMax    = 100_000 // ids one shard remembers, even within the ten minutes
)

// dedup remembers client_msg_ids for ten minutes.
type dedup struct {
	mu   sync.Mutex
	seen map[string]int64
	old  []remembered // oldest first
}

type remembered struct {
	key string
	at  time.Time
}

var dedupSeed = maphash.MakeSeed()

func shardOf(key string) int { return int(maphash.String(dedupSeed, key) % dedupShards) }

func dedupKey(account int, openID, clientMsgID string) string {
	return strconv.Itoa(account) + " " + openID + " " + clientMsgID
}

// do calls accept for a key it has not seen; a copy that comes meanwhile waits.
func (d *dedup) do(key string, now time.Time, accept func() int64) (msgID int64, first bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.forget(now)
	if id, ok := d.seen[key]; ok {
		return id, false
	}
	id := accept()
	d.seen[key] = id
	d.old = append(d.old, remembered{key, now})
	return id, true
}

func (d *dedup) forget(now time.Time) {
	n := 0
	for n < len(d.old) && (now.Sub(d.old[n].at) >= dedupFor || len(d.old)-n > dedupMax) {
		delete(d.seen, d.old[n].key)
		n++
	}
	d.old = d.old[n:]
}
