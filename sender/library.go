package sender

import (
	"context"
	"fmt"

	"wechattpp/wechat"
)

// Categories lists the account's, of which the library's titles are asked for.
func (t *Templates) Categories(ctx context.Context, code string) ([]wechat.Category, error) {
	a, err := t.account(ctx, code, Subscriptions)
	if err != nil {
		return nil, err
	}
	return a.Categories(ctx)
}

const mostCategories = 50

// Titles lists the library's subscription templates of categories of the
// account: up to limit from the start-th on, and how many there are.
func (t *Templates) Titles(ctx context.Context, code string, categories []int64, start, limit int) ([]wechat.LibraryTitle, int, error) {
	switch {
	case len(categories) == 0 || len(categories) > mostCategories:
		return nil, 0, &InputError{"ids", fmt.Sprintf("has %d categories: 1 to %d of those that GET /v1/senders/{code}/template-library/categories answers, with commas between", len(categories), mostCategories)}
	case limit < 1 || limit > wechat.MostTitles:
		return nil, 0, &InputError{"limit", fmt.Sprintf("is %d: 1 to %d", limit, wechat.MostTitles)}
	case start < 0:
		return nil, 0, &InputError{"start", fmt.Sprintf("is %d: 0 or more", start)}
	}
	a, err := t.account(ctx, code, Subscriptions)
	if err != nil {
		return nil, 0, err
	}
	return a.Titles(ctx, categories, start, limit)
}

// Keywords lists those of a subscription template of the library.
func (t *Templates) Keywords(ctx context.Context, code, tid string) ([]wechat.LibraryKeyword, error) {
	if field, problem := wechat.CheckTID(tid); field != "" {
		return nil, &InputError{field, problem}
	}
	a, err := t.account(ctx, code, Subscriptions)
	if err != nil {
		return nil, err
	}
	return a.Keywords(ctx, tid)
}
