// Package alert tells people, and the machines at their home, what a Vigie noticed: by ntfy, Gotify, Matrix, Signal, mail,
// a webhook, MQTT with Home Assistant's discovery, and an LED.
//
// It follows the store behind its durable cursor, like any sink. What is to be told is decided by one goroutine (state.go) and
// kept in the store, in one box for each destination (box.go), until that destination has taken it: at least once,
// through outages and restarts of either side. One message a story, another when it becomes graver; what piles up is
// folded into one.
//
// It refuses to say more than it must: no coordinates and no identity of a cell unless asked for, no word of the
// modem ever, an anomaly and never a verdict. It refuses to put the address of a destination, which is a secret, into an
// error or a log, and it sends nothing anywhere but where the user said.
package alert
