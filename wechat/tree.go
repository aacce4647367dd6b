package wechat

// node is a value of a push, whichever way it was written: the text of an element or of a JSON value, or its children. A
// JSON array is its items, one after the other.
type node struct {
	name string
	text string // as it stands, blanks and all
	kids []node
}

// parseTree reads a decrypted push, XML or JSON.
func parseTree(plain []byte) (node, error) {
	var b builder
	if isJSON(plain) {
		err := visitJSON(plain, b.take)
		return b.root(), err
	}
	s := newScanner(plain)
	e, more, err := s.next()
	for ; more; e, more, err = s.next() {
		b.take(nil, e)
	}
	return b.root(), err
}

// builder holds, by depth, the nodes whose parent has not ended yet.
type builder [maxDepth + 2][]node

func (b *builder) take(_ []byte, e element) {
	n := node{name: string(e.name), kids: b[e.depth+1]}
	if len(n.kids) == 0 { // text between children is but line breaks
		n.text = clean(e.value)
	}
	b[e.depth+1] = nil
	b[e.depth] = append(b[e.depth], n)
}

func (b *builder) root() node {
	if len(b[1]) == 0 {
		return node{}
	}
	return b[1][0]
}

// all answers the nodes at the end of a path of names.
func (n *node) all(path []string) []node {
	found := []node{*n}
	for _, name := range path {
		var next []node
		for i := range found {
			for _, k := range found[i].kids {
				if k.name == name {
					next = append(next, k)
				}
			}
		}
		found = next
	}
	return found
}

// plain is a node as JSON has it: text, an object, and an array where a name repeats.
func (n *node) plain(show func(name, text string) string) any {
	if len(n.kids) == 0 {
		return show(n.name, n.text)
	}
	object := map[string]any{}
	for i := range n.kids {
		addTo(object, n.kids[i].name, n.kids[i].plain(show))
	}
	return object
}

func addTo(object map[string]any, name string, value any) {
	had, ok := object[name]
	if !ok {
		object[name] = value
		return
	}
	if list, ok := had.([]any); ok {
		object[name] = append(list, value)
		return
	}
	object[name] = []any{had, value}
}
