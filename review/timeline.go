package review

import (
	"fmt"
	"slices"
	"time"

	"vigie/analyzer"
	"vigie/review/evidence"
	"vigie/words"
)

// FormatMoment is a moment as a sentence.
func (p *page) FormatMoment(m evidence.Moment) string {
	args := slices.Clone(m.Args)
	for i, a := range args {
		switch a.(type) {
		case evidence.RuleID, evidence.GapReason, evidence.Status, time.Duration:
			args[i] = p.FormatValue(a).Text
		}
	}
	return p.Format(m.Key, args...)
}

// FormatValue is a value in the reader's language, safe to show.
func (p *page) FormatValue(v any) translation {
	switch v := v.(type) {
	case nil:
		return translation{}
	case evidence.RuleID:
		return translation{Text: p.Rule(string(v)).Title}
	case evidence.Sentence:
		return p.Summary(v)
	case evidence.GapReason:
		return translation{Text: p.Gap(string(v))}
	case evidence.Status:
		return translation{Text: p.status(v)}
	case evidence.Cause:
		return translation{Text: p.cause(evidence.Status(v))}
	case analyzer.Severity:
		return translation{Text: p.Format("sev." + v.String())}
	case time.Duration:
		return translation{Text: p.Span(v)}
	case float64:
		return translation{Text: p.Decimal(v)}
	}
	return translation{Text: evidence.Plain(fmt.Sprint(v))}
}

// status describes a registration: <stat> of TS 27.007 clause 7.2, and the cause of a reject.
func (p *page) status(r evidence.Status) string {
	s := r.DomainName() + " "
	switch stat, known := r.Status.Get(); {
	case !known:
		s += "?"
	case stat <= 10:
		s += p.Format("registration." + fmt.Sprint(stat))
	default:
		s += p.Format("registration.other", stat)
	}
	if c := p.cause(r); c != "" {
		s += ", " + c
	}
	return s
}

// registrationText is a registration in English, for the API and tables.
func registrationText(r evidence.Status) string { return (&page{Lang: "en"}).status(r) }

// cause is why registration was denied, as TS 24.008 (10.5.3.6, 10.5.5.14) and TS 24.301 (9.9.3.9) number it; empty if there is none.
func (p *page) cause(r evidence.Status) string {
	c, ok := r.Cause.Get()
	switch key := "cause." + fmt.Sprint(c); {
	case !ok:
		return ""
	case r.CauseType.Or(0) != 0:
		return p.Format("cause.maker", c)
	case words.Has(key):
		return p.Format("cause.named", c, p.Format(key))
	}
	return p.Format("cause", c)
}
