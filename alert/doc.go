// Package alert notifies people, and the machines at their home, of what a Vigie noticed: by ntfy, Gotify, Matrix, Signal, mail,
// a webhook, MQTT with Home Assistant's discovery, and an LED.
//
// It follows the store with a durable cursor, like any sink. One goroutine decides what to report (state.go) and keeps it in the
// store, in one outbox for each destination (outbox.go), until that destination has accepted it: at least once, through outages and
// restarts of either side. An anomaly makes one message, and another when it becomes more severe; a backlog becomes a single
// message.
//
// It refuses to say more than it must: no coordinates and no cell identity unless they were asked for, no line of the modem ever, an
// anomaly and never a verdict. It refuses to put the address of a destination, which is a secret, into an error or a log, and it
// sends nothing to any address that the user did not give.
package alert
