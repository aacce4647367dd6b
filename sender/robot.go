package sender

import (
	"context"
	"fmt"

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

// groupMedia is what stands for its kind where files are spoken of
// (https://developer.work.weixin.qq.com/document/path/99110).
const groupMedia = WeCom + " with credentials webhook"

func (s Sender) mediaKind() string {
	if s.Credentials == Webhook {
		return groupMedia
	}
	return s.Kind
}

// uploader gives a client that takes files for the sender, and the call's path:
// that of the account's, but for a group.
func (r *Room) uploader(ctx context.Context, s Sender, path string) (*wechat.Caller, string, error) {
	if s.Credentials != Webhook {
		caller, err := r.Caller(ctx, s.Code, path)
		return caller, path, err
	}
	robot, err := r.robot(ctx, s)
	if err != nil {
		return nil, "", fmt.Errorf("sender %s: %w", s.Code, err)
	}
	return robot.Caller(), wechat.UploadRobot, nil
}
