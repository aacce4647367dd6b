package audience

// Problem is why a row was not taken, or what is odd about one that was.
type Problem struct {
	Row   int    // as a spreadsheet program counts: the first is 1
	Field string // its column, if it is one field's
	Text  string
	Taken bool // the row was taken all the same; of row 0, it is about the whole file
}

// Part is some rows of an import on their way into the store.
type Part struct {
	Changes  []Change
	Rows     []int // of the changes
	Problems []Problem
	Bad      int // rows that Problems are about
}
