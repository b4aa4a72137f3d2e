package review

import (
	"fmt"
	"slices"
	"time"

	"vigie/analyzer"
	"vigie/cell"
	"vigie/review/evidence"
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

// Message is a signalling message in words.
func (p *page) Message(m *cell.Message) string { return evidence.MessageIn(p.Lang, m) }

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
		return translation{Text: v.In(p.Lang)}
	case evidence.Cause:
		return translation{Text: evidence.Status(v).CauseIn(p.Lang)}
	case analyzer.Severity:
		return translation{Text: p.Format("sev." + v.String())}
	case time.Duration:
		return translation{Text: p.Span(v)}
	case float64:
		return translation{Text: p.Decimal(v)}
	}
	return translation{Text: evidence.Plain(fmt.Sprint(v))}
}
