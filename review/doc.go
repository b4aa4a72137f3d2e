// Package review is the desk: pages, days later, over what a store holds, where a person can decide, explain and hand on.
//
// It shows each event with its evidence word for word, what the place looks like on other days, the innocent causes, and
// the times when nothing could be seen; it keeps what people decide beside the event, never inside it; and it writes
// reports and bundles that others can check without Vigie.
//
// It refuses to load anything from elsewhere, to need scripts for what is text, to be reached beyond this machine without
// a password and TLS, and to show or hand on the identity of a subscriber. It holds no rules: what today's rules would say
// is asked of a function that the program gives it.
package review
