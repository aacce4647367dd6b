package notify

import "encoding/json"

// object is what is under the name of the type, in the call of that number.
func (a *App) object(serial int64) (json.RawMessage, error) {
	if a.Task == "" || serial == 0 {
		return a.Object, nil
	}
	var card templateCard
	if err := json.Unmarshal(a.Object, &card); err != nil {
		return nil, err
	}
	card.TaskID = taskID(a.Task, serial)
	return encode(&card)
}

// taskID names the card of one call: an app may use a task_id once, and a
// message may need several calls. The first has it as it was given, the others
// with a mark behind it.
func taskID(given string, serial int64) string {
	if serial == 0 {
		return given
	}
	mark := "@" + base32(serial)
	return given[:min(len(given), mostIDBytes-len(mark))] + mark
}
