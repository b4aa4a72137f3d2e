package review

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// guess tries to log in from an address.
func guess(rv *Review, name, password, from string) *httptest.ResponseRecorder {
	return post(rv, "/login", url.Values{"name": {name}, "password": {password}}, func(r *http.Request) { r.RemoteAddr = from })
}

func gateAt(t *testing.T) (rv *Review, advance func(time.Duration)) {
	tw, now := emptyReview(t, withUsers(t)), townNow
	tw.review.now = func() time.Time { return now }
	return tw.review, func(d time.Duration) { now = now.Add(d) }
}

func TestGuessingIsSlowedDown(t *testing.T) {
	rv, advance := gateAt(t)
	for range freeTries {
		require.Equal(t, 401, guess(rv, "ada", "wrong", "192.0.2.1:1").Code)
	}
	w := guess(rv, "ada", "correct horse battery", "192.0.2.1:2")
	require.Equal(t, 429, w.Code, "even the right password waits")
	require.NotEmpty(t, w.Header().Get("Retry-After"))
	require.Equal(t, 303, guess(rv, "bob", "another long password", "192.0.2.2:1").Code, "others do not")
	advance(1500 * time.Millisecond)
	require.Equal(t, 401, guess(rv, "ada", "wrong", "192.0.2.1:3").Code)
	advance(1500 * time.Millisecond)
	require.Equal(t, 429, guess(rv, "ada", "wrong", "192.0.2.1:4").Code, "each wait is longer than the one before")
	for i := range 2 * freeTriesAll { // many names from many places together
		rv.gate.admit(fmt.Sprint("name", i), place(fmt.Sprintf("198.51.%d.%d:1", i/250, i%250)), rv.now())
	}
	require.Equal(t, 429, guess(rv, "ada", "correct horse battery", "203.0.113.1:1").Code)
	require.Equal(t, place("[2001:db8::1]:1"), place("[2001:db8::2]:1"), "one network, one place")
	require.NotEqual(t, place("[2001:db8::1]:1"), place("[2001:db8:0:1::1]:1"))
}

// 200 guesses at once are no more than 200 guesses one after the other.
func TestGuessesAtOnce(t *testing.T) {
	for name, who := range map[string]func(i int) (user, from string){
		"of one name from one address":      func(i int) (string, string) { return "ada", "192.0.2.1:1" },
		"of many names from one address":    func(i int) (string, string) { return fmt.Sprint("ada", i), "192.0.2.1:1" },
		"of one name from many addresses":   func(i int) (string, string) { return "ada", fmt.Sprintf("192.0.2.%d:1", i+1) },
		"from addresses of one network":     func(i int) (string, string) { return "ada", "[2001:db8::" + fmt.Sprint(i) + "]:1" },
		"of nobody's name, from one of v4":  func(i int) (string, string) { return "nobody", "[::ffff:192.0.2.1]:1" },
		"of names that are too long for us": func(i int) (string, string) { return fmt.Sprintf("%0100d", i), "192.0.2.1:1" },
	} {
		t.Run(name, func(t *testing.T) {
			rv, _ := gateAt(t)
			var all sync.WaitGroup
			var mu sync.Mutex
			codes := map[int]int{}
			for i := range 200 {
				all.Go(func() {
					user, from := who(i)
					code := guess(rv, user, "wrong", from).Code
					mu.Lock()
					defer mu.Unlock()
					codes[code]++
				})
			}
			all.Wait()
			// On a busy machine one may wait for its turn for too long: it was not looked at, and does not count.
			require.LessOrEqual(t, codes[401], freeTries)
			require.Positive(t, codes[401])
			require.Equal(t, 200, codes[401]+codes[429]+codes[503], "%v", codes)
			require.Less(t, codes[503], 20)
		})
	}
}

// A login of one's own clears the count of nobody else, and not that of the place: or who has one could guess without end.
func TestOwnLoginClearsOnlyItsOwnCount(t *testing.T) {
	rv, _ := gateAt(t)
	for range freeTries - 1 {
		require.Equal(t, 401, guess(rv, "ada", "wrong", "192.0.2.1:1").Code)
		require.Equal(t, 303, guess(rv, "bob", "another long password", "192.0.2.1:1").Code)
	}
	require.Equal(t, 401, guess(rv, "ada", "wrong", "192.0.2.1:1").Code)
	require.Equal(t, 303, guess(rv, "bob", "another long password", "192.0.2.1:1").Code)
	require.Equal(t, 429, guess(rv, "ada", "wrong", "192.0.2.1:1").Code, "the name")
	require.Equal(t, 429, guess(rv, "ada", "wrong", "192.0.2.9:1").Code, "the name, from elsewhere")
	require.Equal(t, 429, guess(rv, "eve", "wrong", "192.0.2.1:1").Code, "the place")
}

// Nobody is locked out by others who guess at their name, where they have logged in before.
func TestGuessingLocksNobodyOut(t *testing.T) {
	rv, advance := gateAt(t)
	require.Equal(t, 303, guess(rv, "ada", "correct horse battery", "192.0.2.7:1").Code)
	for i := range 3 * freeTriesAll {
		advance(100 * time.Millisecond)
		guess(rv, "ada", "wrong", fmt.Sprintf("198.51.%d.%d:1", i/250, i%250))
	}
	require.Equal(t, 429, guess(rv, "ada", "correct horse battery", "203.0.113.1:1").Code)
	require.Equal(t, 303, guess(rv, "ada", "correct horse battery", "192.0.2.7:1").Code)
	for range freeTries {
		require.Equal(t, 401, guess(rv, "ada", "wrong", "192.0.2.7:1").Code)
	}
	require.Equal(t, 429, guess(rv, "ada", "wrong", "192.0.2.7:1").Code, "there too, guesses are counted")
}

// A flood of names makes the gate forget no name that is guessed at.
func TestGateRemembersUnderFlood(t *testing.T) {
	g, now := &gate{}, townNow
	for range freeTries {
		_, wait := g.admit("ada", place("192.0.2.1:1"), now)
		require.Zero(t, wait)
	}
	for i := range 3 * mostTries {
		g.at(tryKey{name: fmt.Sprint("x", i)}, now).n = 1
	}
	require.LessOrEqual(t, len(g.tries), mostTries)
	_, wait := g.admit("ada", place("192.0.2.2:1"), now)
	require.Positive(t, wait)
}

// mostAllowed is how many tries a count admits within a time.
func mostAllowed(within, longest time.Duration) int {
	n := freeTries
	for step := time.Second; within >= min(step, longest); step *= 2 {
		within -= min(step, longest)
		n++
	}
	return n
}

// Whatever others do meanwhile, and however often they log in themselves, a name that nobody has logged in with is tried no more
// often than its count allows, nor is a place.
func TestGateProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g, now := &gate{}, townNow
		names, places := map[string]int{}, map[netip.Prefix]int{}
		for range rapid.IntRange(1, 300).Draw(t, "tries") {
			now = now.Add(time.Duration(rapid.SampledFrom([]int{0, 0, 0, 1, 100, 1000, 5000}).Draw(t, "ms")) * time.Millisecond)
			name := rapid.SampledFrom([]string{"ada", "bob", "eve"}).Draw(t, "name")
			from := place(fmt.Sprintf("192.0.2.%d:1", rapid.IntRange(1, 4).Draw(t, "from")))
			tried, wait := g.admit(name, from, now)
			if wait > 0 {
				continue
			}
			if name == "bob" && rapid.Bool().Draw(t, "right") {
				g.passed(tried)
				continue
			}
			names[name]++
			if name != "bob" { // who is known where they log in is counted apart
				places[from]++
			}
		}
		within := now.Sub(townNow)
		for _, name := range []string{"ada", "eve"} {
			if most := mostAllowed(within, longestWaitName); names[name] > most {
				t.Fatalf("%s was tried %d times in %s, and %d are allowed", name, names[name], within, most)
			}
		}
		for from, n := range places {
			if most := mostAllowed(within, longestWait); n > most {
				t.Fatalf("from %s there were %d tries in %s, and %d are allowed", from, n, within, most)
			}
		}
	})
}

// FuzzGate lets several people at once try, succeed and give up, as the bytes say, at one moment: no name and no place is tried
// more often than is free.
func FuzzGate(f *testing.F) {
	f.Add([]byte("\x00\x01\x02\x03\x10\x11\x12\x13\x20\x21\x30\x40\x50\x60\x70\x80\x90\xa0\xb0\xc0\xd0\xe0\xf0"))
	f.Fuzz(func(t *testing.T, moves []byte) {
		g := &gate{}
		var mu sync.Mutex
		names, places := map[string]int{}, map[netip.Prefix]int{}
		var all sync.WaitGroup
		const people = 8
		for p := range people {
			all.Go(func() {
				for i := p; i < len(moves); i += people {
					name, from := fmt.Sprint("name", moves[i]&3), place(fmt.Sprintf("192.0.2.%d:1", moves[i]>>2&7))
					tried, wait := g.admit(name, from, townNow)
					switch {
					case wait > 0:
					case moves[i]>>5 == 7 && name == "name0":
						g.passed(tried)
					case moves[i]>>5 == 6:
						g.takeBack(tried)
					default:
						mu.Lock()
						names[name]++
						if name != "name0" {
							places[from]++
						}
						mu.Unlock()
					}
				}
			})
		}
		all.Wait()
		for name, n := range names {
			if name != "name0" && n > freeTries {
				t.Fatalf("%s was tried %d times", name, n)
			}
		}
		for from, n := range places {
			if n > freeTries {
				t.Fatalf("there were %d tries from %s", n, from)
			}
		}
		if len(g.tries) > mostTries || g.all.n < 0 {
			t.Fatalf("%d keys, %d in all", len(g.tries), g.all.n)
		}
	})
}

// What a request says of where it comes from is not believed: a guesser would come from everywhere.
func TestForwardedAddressesAreNotBelieved(t *testing.T) {
	rv, _ := gateAt(t)
	codes := map[int]int{}
	for i := range 20 {
		codes[post(rv, "/login", url.Values{"name": {fmt.Sprint("name", i)}, "password": {"wrong"}}, func(r *http.Request) {
			for _, h := range []string{"X-Forwarded-For", "X-Real-IP", "Forwarded", "True-Client-IP"} {
				r.Header.Set(h, fmt.Sprintf("for=198.51.100.%d", i))
			}
		}).Code]++
	}
	require.Equal(t, map[int]int{401: freeTries, 429: 20 - freeTries}, codes)
}
