// Package review serves what a store holds to people who look at it days later: pages where they can read, decide, explain and hand
// on, an API, reports and bundles. What it shows is the evidence of package evidence.
//
// It shows each event with its evidence word for word, what is usual at the place, the innocent causes, and the times when nothing
// could be seen. It stores what people decide next to the event, never inside it. It writes reports and bundles that others can
// check without Vigie.
//
// It refuses to load anything from elsewhere, to need scripts for what is text, to be reached from other machines without a password
// and TLS, and to show or hand on the identity of a subscriber or device. It holds no rules.
package review
