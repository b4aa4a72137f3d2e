package review

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// A reviewer at a desk looks at an event: the chart opens at it and names the suspects first, the lines of the modem open at the first that
// is marked, the map has the stretch of the suspect. On a phone the verdict is within reach, and the page is short before anything is
// unfolded.
func TestBrowserEvent(t *testing.T) {
	tw := newTown(t, func(o *Options) { inFull(o); o.Learned = walked })
	b := open(t, tw.review, look{})
	b.open("/event/" + tw.events[1].ID)
	b.wait(`document.querySelector("#chart.alive canvas") && document.querySelector(".leaflet-tooltip.town")`)
	require.Equal(t, "A cell refused the modem, which then fell to 2G", b.text("h1"))
	require.Contains(t, b.text(".three"), "In or at Brussels (BE).")

	legend := eval[[]string](b, `[...document.querySelectorAll(".u-legend tr:not(.edge) .u-label")].map(e => e.textContent)`)
	require.Equal(t, "LTE TAC 39321 ECI 2 (eNB 0/2) PCI 3 EARFCN 3600", legend[1], "first in the legend, after the time")
	require.Equal(t, "GSM LAC 1000 CI 7 BSIC 12 ARFCN 62", legend[2])
	require.Contains(t, legend[3], "other serving cell")
	pixels := func() int { // of the colour that only suspects have
		return eval[int](b, `(() => { const c = document.querySelector("#chart canvas"), d = c.getContext("2d").getImageData(0, 0, c.width, c.height).data; let n = 0;
			for (let i = 0; i < d.length; i += 4) if (d[i] === 0xc2 && d[i + 1] === 0x18 && d[i + 2] === 0x5b) n++; return n; })()`)
	}
	near := pixels()
	require.Greater(t, near, 300, "the suspects are drawn thick")
	shown := func() string {
		return eval[string](b, `document.querySelector('.spans [aria-pressed="true"]').dataset.span`)
	}
	require.Equal(t, "event", shown())
	for _, span := range []string{"all", "two", "reset"} {
		b.do(chromedp.Click(chromedp.CSS(`.spans [data-span="` + span + `"]`)))
		b.wait(`true`)
		if span == "reset" {
			span = "event"
		}
		require.Equal(t, span, shown())
		if span == "all" {
			require.Less(t, pixels(), near/2, "a hairline in twenty minutes")
		}
	}
	b.wait(fmt.Sprintf(`(() => { const said = document.querySelector(".words").getBoundingClientRect(), first = document.querySelector(".words .evidence").getBoundingClientRect(); return first.top >= said.top && first.bottom <= said.bottom && document.querySelector(".words").scrollTop > %d; })()`, 20))
	require.Equal(t, "4.2", eval[string](b, `document.querySelector(".grading tbody tr td:nth-child(3)").textContent`))
	require.Contains(t, b.text(".timeline"), "Registration denied")
	b.open("/cell?rat=LTE&mcc=206&mnc=01&id=11020001")
	b.wait(`document.querySelector("#map .leaflet-overlay-pane canvas")`)

	b.look(look{width: 390, height: 844})
	b.open("/event/" + tw.events[1].ID)
	b.wait(`document.querySelector("#chart.alive canvas")`)
	height := eval[float64](b, `document.documentElement.scrollHeight`)
	t.Logf("an event on a phone of 390 x 844: %.0f pixels, %.1f screens", height, height/844)
	require.Less(t, height, 4*844.0)
	b.fits("event on a phone")
	eval[any](b, `scrollTo(0, document.documentElement.scrollHeight / 2)`)
	b.wait(`(() => { const r = document.querySelector(".reach button").getBoundingClientRect(); return r.top >= 0 && r.bottom < innerHeight; })()`)
	b.do(chromedp.Click(chromedp.CSS(`.reach button.suspicious`)), chromedp.WaitReady(chromedp.CSS(`.history .verdict.suspicious`)))
}
