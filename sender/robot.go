package sender

import (
	"context"

	"wechattpp/wechat"
)

// Robot tells whether the sender is the webhook of a group chat, at most a
// second behind.
func (r *Room) Robot(ctx context.Context, code string) (bool, error) {
	s, err := r.find(ctx, code, fresh)
	return s.Credentials == Webhook, err
}

// robot speaks by the key that the sender has at this moment or had a second ago.
func (r *Room) robot(ctx context.Context, s Sender) (*wechat.Robot, error) {
	key, err := recall(r, &r.robots, s.Code, fresh, func() (string, error) {
		_, key, err := r.Store.Secret(ctx, s.Code)
		return key, err
	})
	if err == nil && key == "" {
		err = ErrNoSecret
	}
	return r.API.Robot(key), err
}
