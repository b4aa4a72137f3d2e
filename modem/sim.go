package modem

import (
	"errors"
	"strings"

	"vigie/modem/at"
)

// askSIM is the Text of the query for the state of the SIM. Dialects list it under Once.
const askSIM = "+CPIN?"

// SIM is the state of the SIM card, as far as it matters for watching.
type SIM string

// The states, which are also the reasons of health lines. The empty SIM is unknown or not ready yet.
const (
	SIMReady  SIM = "sim_ready"
	SIMLocked SIM = "sim_pin" // it needs a PIN, a PUK or an operator's key
	NoSIM     SIM = "no_sim"
	SIMFailed SIM = "sim_failure"
)

// simOf decodes the answer to +CPIN? (TS 27.007 clause 8.3, errors in clause 9.2), or an unsolicited +CPIN.
func simOf(lines []string, err error) SIM {
	for _, l := range lines {
		state, ok := strings.CutPrefix(l, "+CPIN:")
		if !ok {
			continue
		}
		switch state = strings.ToUpper(strings.TrimSpace(state)); {
		case state == "READY":
			return SIMReady
		case strings.Contains(state, "NOT INSERTED"), state == "SIM REMOVED":
			return NoSIM
		case strings.Contains(state, "PIN"), strings.Contains(state, "PUK"), strings.HasPrefix(state, "PH-"):
			return SIMLocked
		case strings.Contains(state, "FAILURE"), strings.Contains(state, "WRONG"):
			return SIMFailed
		}
		return ""
	}
	var final *at.FinalError
	if !errors.As(err, &final) || final.CMS {
		return ""
	}
	switch final.Code {
	case 10:
		return NoSIM
	case 5, 11, 12, 17, 18:
		return SIMLocked
	case 13, 15:
		return SIMFailed
	}
	return ""
}

// String describes the state for people.
func (s SIM) String() string {
	switch s {
	case SIMReady:
		return "the SIM is ready"
	case SIMLocked:
		return "the SIM asks for its PIN, and Vigie enters nothing: listening goes on in limited service;" +
			" take the SIM out, or remove its PIN in a phone"
	case NoSIM:
		return "there is no SIM: listening goes on in limited service, where the modem offers it"
	case SIMFailed:
		return "the SIM does not work: listening goes on in limited service; take it out or try another"
	}
	return "the state of the SIM is not known"
}
