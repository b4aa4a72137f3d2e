package at

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Errors of a session. They mean that the command was not sent or got no answer; a *FinalError is an answer.
var (
	ErrTimeout   = errors.New("no answer in time")
	ErrClosed    = errors.New("session closed")
	ErrNotListed = errors.New("not on the list of commands that may be sent")
)

// FinalError is a final result other than OK: the modem heard the command and refused it or failed.
type FinalError struct {
	Final string // as printed, redacted
	Code  int    // of +CME ERROR (TS 27.007 9.2) or +CMS ERROR (TS 27.005 3.2.5); -1 when there is none
	CMS   bool   // the code is one of +CMS ERROR
}

func (e *FinalError) Error() string {
	if text := cmeTexts[e.Code]; text != "" && !e.CMS && !strings.HasSuffix(strings.ToLower(e.Final), text) {
		return fmt.Sprintf("the modem answered %s (%s)", e.Final, text)
	}
	return "the modem answered " + e.Final
}

// cmeTexts are the error texts of TS 27.007 clause 9.2, in lower case, that occur while watching. Modems print code or text.
var cmeTexts = map[int]string{
	0: "phone failure", 3: "operation not allowed", 4: "operation not supported", 5: "ph-sim pin required",
	10: "sim not inserted", 11: "sim pin required", 12: "sim puk required", 13: "sim failure", 14: "sim busy", 15: "sim wrong",
	16: "incorrect password", 17: "sim pin2 required", 18: "sim puk2 required", 20: "memory full", 21: "invalid index",
	22: "not found", 23: "memory failure", 30: "no network service", 31: "network timeout",
	32: "network not allowed - emergency calls only", 50: "incorrect parameters", 100: "unknown",
}

// resultError returns the error of a final result; nil for OK.
func resultError(final string) error {
	if final == "OK" {
		return nil
	}
	e := &FinalError{Final: final, Code: -1, CMS: strings.HasPrefix(final, "+CMS")}
	if isExtendedError(final) {
		_, text, _ := strings.Cut(final, ":")
		text = strings.TrimSpace(text)
		if n, err := strconv.Atoi(text); err == nil && n >= 0 {
			e.Code = n
		} else if !e.CMS {
			for code, words := range cmeTexts {
				if strings.EqualFold(words, text) {
					e.Code = code
				}
			}
		}
	}
	return e
}
