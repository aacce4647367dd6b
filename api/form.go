package api

import (
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
)

// formText reads a field of a form.
func formText(p *multipart.Part, most int64) (string, error) {
	text, err := io.ReadAll(io.LimitReader(p, most+1))
	switch {
	case err != nil:
		return "", brokenForm(err)
	case int64(len(text)) > most:
		return "", invalid(p.FormName(), fmt.Sprintf("has more than %d bytes", most))
	}
	return string(text), nil
}

// brokenForm tells a form that is too large from one that is broken.
func brokenForm(err error) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return err
	}
	return refuse(http.StatusBadRequest, codeInvalid, "the body broke off or is no multipart/form-data: send it again")
}
