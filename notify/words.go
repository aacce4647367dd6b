package notify

import "unicode"

// words finds any of many words in a text in one pass, however many there are
// (A. Aho, M. Corasick, "Efficient string matching", 1975). Not changed after
// newWords.
type words struct {
	next map[step]int32 // to the state for a character
	back []int32        // per state: that of the longest proper suffix that is the beginning of a word
	ends []string       // per state: the word that ends there, "" for none
}

type step struct {
	state int32
	char  rune
}

func newWords(list []string) *words {
	w := &words{next: map[step]int32{}, back: []int32{0}, ends: []string{""}}
	for _, word := range list {
		w.add(word)
	}
	w.link()
	return w
}

func (w *words) add(word string) {
	at := int32(0)
	for _, c := range word {
		to, there := w.next[step{at, folded(c)}]
		if !there {
			to = int32(len(w.ends)) //nolint:gosec // bounded by the characters of all words
			w.next[step{at, folded(c)}] = to
			w.back, w.ends = append(w.back, 0), append(w.ends, "")
		}
		at = to
	}
	w.ends[at] = word
}

// link sets the ways back, the shorter beginnings first.
func (w *words) link() {
	below := make([][]step, len(w.ends)) // per state, what leads on from it
	for from := range w.next {
		below[from.state] = append(below[from.state], from)
	}
	for queue := []int32{0}; len(queue) > 0; queue = queue[1:] {
		for _, from := range below[queue[0]] {
			to := w.next[from]
			queue = append(queue, to)
			if from.state != 0 {
				w.back[to] = w.after(w.back[from.state], from.char)
			}
			if w.ends[to] == "" {
				w.ends[to] = w.ends[w.back[to]]
			}
		}
	}
}

// after is the state after a character.
func (w *words) after(state int32, char rune) int32 {
	for {
		if to, ok := w.next[step{state, char}]; ok {
			return to
		}
		if state == 0 {
			return 0
		}
		state = w.back[state]
	}
}

// find answers the word that ends first in the text.
func (w *words) find(text string) (word string, found bool) {
	at := int32(0)
	for _, c := range text {
		at = w.after(at, folded(c))
		if w.ends[at] != "" {
			return w.ends[at], true
		}
	}
	return "", false
}

// folded takes upper and lower case, full and half width for the same.
func folded(c rune) rune {
	if c >= '！' && c <= '～' { // https://www.unicode.org/charts/PDF/UFF00.pdf
		c -= '！' - '!'
	}
	return unicode.ToLower(c)
}
