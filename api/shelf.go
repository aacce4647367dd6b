package api

import (
	"fmt"
	"net/http"
)

// shelf is a kind of thing that is kept by number, with the five handlers that
// each such kind has. T is the thing, A how it is shown.
type shelf[T, A any] struct {
	name string // in the audit trail: name/12
	// page reads up to limit after a number; read one that the caller may use;
	// own one that the caller may change, nil where that is the same.
	page      func(s *server, c *call, after int64, limit int) ([]T, error)
	read, own func(s *server, c *call, id int64) (T, error)
	// save reads the body, and makes what it says of x, which is new without an id.
	save func(s *server, c *call, x T) (T, error)
	drop func(s *server, c *call, id int64) error
	id   func(T) int64
	show func(T) A
}

func (h shelf[T, A]) list(s *server, c *call) error {
	return pageByID(c, func(after int64, limit int) ([]T, error) { return h.page(s, c, after, limit) }, h.id, h.show)
}

func (h shelf[T, A]) create(s *server, c *call) error {
	var x T
	x, err := h.save(s, c, x)
	if err != nil {
		return err
	}
	c.target(fmt.Sprintf("%s/%d", h.name, h.id(x)))
	return c.created(h.show(x))
}

func (h shelf[T, A]) one(s *server, c *call) error {
	id, err := c.number("id")
	if err != nil {
		return err
	}
	x, err := h.read(s, c, id)
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, h.show(x))
}

func (h shelf[T, A]) update(s *server, c *call) error {
	x, err := h.mine(s, c)
	if err != nil {
		return err
	}
	if x, err = h.save(s, c, x); err != nil {
		return err
	}
	return c.reply(http.StatusOK, h.show(x))
}

func (h shelf[T, A]) remove(s *server, c *call) error {
	x, err := h.mine(s, c)
	if err != nil {
		return err
	}
	if err := h.drop(s, c, h.id(x)); err != nil {
		return err
	}
	return c.reply(http.StatusNoContent, nil)
}

// mine is the thing that the path names, if the caller may change it.
func (h shelf[T, A]) mine(s *server, c *call) (x T, err error) {
	id, err := c.number("id")
	if err != nil {
		return x, err
	}
	c.target(fmt.Sprintf("%s/%d", h.name, id))
	if h.own != nil {
		return h.own(s, c, id)
	}
	return h.read(s, c, id)
}

// pageByID answers a page of a list that goes by number.
func pageByID[T, A any](c *call, read func(after int64, limit int) ([]T, error), id func(T) int64, show func(T) A) error {
	p, err := c.page()
	if err != nil {
		return err
	}
	after, err := p.number()
	if err != nil {
		return err
	}
	all, err := read(after, p.limit+1)
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, listByID(all, p.limit, id, show))
}
